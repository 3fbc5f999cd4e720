"""What the terminal dashboard offers: its actions with their keys, its menu, and its panels and windows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from dashboard_client.tui.model.action import MUTATING_ACTIONS, Action
from dashboard_client.tui.model.keymap import BINDINGS, CONTEXT_TITLES, key_label
from dashboard_client.tui.model.menu_items import MenuItem, menu_items
from dashboard_client.wire.host_and_pm2 import Dump, Process
from dashboard_client.wire.system_config import Endpoint, Framework, SystemConfig

# A server on which every entry of the menu is offered.
CONFIG = SystemConfig((Framework("NAME"),), benchmarkable_endpoints=(Endpoint("/PATH"),))
PROCESSES = (
    Process(0, "NAME", status="online", exec_mode="cluster_mode", framework="NAME"),
    Process(1, "APP", status="stopped"),
)
EVERYWHERE = CONTEXT_TITLES["global"]


@cache
def menu() -> Mapping[str, MenuItem]:
    """By title, where NAME is a framework and APP another process."""
    items = menu_items(CONFIG, PROCESSES, None, Dump("dump.pm2", extra=("APP",)))
    return {item.title: item for item in items}


def panels_and_windows() -> Mapping[str, str]:
    """Context of the key bindings → its title."""
    return {**CONTEXT_TITLES, "cpu": "Chart of the CPU", "memory": "Chart of the memory"}


def mutating() -> set[Action | str]:
    """What changes the server: actions that a key carries out, and the titles in the menu. Not SHOW_MESSAGE, which says
    that nothing is left to do."""
    with_key = {binding.action for binding in BINDINGS}
    return {
        *(action for action in MUTATING_ACTIONS if action in with_key),
        *(item.title for item in menu().values() if item.is_mutating),
    }


def text_of(name: Action | str) -> str:
    """As the table writes it: an action by its keys, a title in the menu, or a panel or window."""
    if not isinstance(name, Action):
        return f"menu: {name}" if name in menu() else panels_and_windows()[name]
    places: dict[str, list[str]] = {}
    for binding in BINDINGS:
        if binding.action is name:
            places.setdefault(key_label(binding.keys[0]), []).append(CONTEXT_TITLES[binding.context])
    return "; ".join(
        f"`{key}`" if EVERYWHERE in titles else f"`{key}` in {' and '.join(titles)}" for key, titles in places.items()
    )


def exists(name: Action | str) -> bool:
    """An action needs a key: without one, the menu has its title."""
    if isinstance(name, Action):
        return any(binding.action is name for binding in BINDINGS)
    return name in menu() or name in panels_and_windows()

"""The map from actions to handlers is complete: keys, menu and palette offer nothing that nobody carries out."""

from __future__ import annotations

import pytest

from dashboard_client.tui.model import events, keymap
from dashboard_client.tui.model.action import Action
from dashboard_client.tui.model.menu_items import MenuItem, menu_items
from dashboard_client.tui.model.state import State
from dashboard_client.tui.model.windows import Confirm, Window
from dashboard_client.tui.update.handlers import HANDLERS, WINDOW_HANDLERS, run_action
from tests.dashboard_client.tui import scenes
from tests.dashboard_client.tui.scenes import keys

WINDOWS: dict[str, type[Window]] = {context: kind for kind, context in keymap.WINDOW_CONTEXTS.items()}
LIVE = scenes.live()
MENU = [
    *menu_items(LIVE.config, LIVE.live.processes, LIVE.live.redis),
    *menu_items(scenes.CONFIG, (), None),
]


def test_every_key_has_a_handler() -> None:
    handlers = {context: WINDOW_HANDLERS[kind] for context, kind in WINDOWS.items()} | {
        "word": WINDOW_HANDLERS[Confirm]
    }

    assert [
        binding for binding in keymap.BINDINGS
        if binding.action not in HANDLERS and binding.action not in handlers.get(binding.context, {})
    ] == []  # fmt: skip


def test_every_action_is_bound_to_a_key_or_offered_in_the_menu() -> None:
    offered = {item.does for item in MENU if isinstance(item.does, Action)} | {
        binding.action for binding in keymap.BINDINGS
    }

    assert set(Action) - offered == set()


@pytest.mark.parametrize(
    "item", {item.does: item for item in MENU if isinstance(item.does, Action)}.values(), ids=lambda item: item.does
)
def test_a_menu_items_arguments_fit_its_handler(item: MenuItem) -> None:
    assert isinstance(item.does, Action)

    state, _ = run_action(LIVE, item.does, item.arguments)

    assert isinstance(state, State)
    assert state != LIVE


@pytest.mark.parametrize("opened", [(), ("b",)], ids=["panels", "history"])
def test_escape_clears_a_filter_on_a_one_line_screen(opened: tuple[str, ...]) -> None:
    typing, _ = keys(LIVE, *opened, "/", "x")
    small, _ = scenes.play(typing, events.Resize(80, 1))

    state, _ = keys(small, "escape")

    assert keymap.active_contexts(typing) == ("typing",)
    assert keymap.active_contexts(state) != ("typing",)
    assert len(state.windows) == len(typing.windows)

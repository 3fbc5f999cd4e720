"""The table of key bindings: no key has two meanings in a context, and help and palette show every binding."""

from __future__ import annotations

from collections import Counter

from dashboard_client.tui.model import keymap
from dashboard_client.tui.model.windows import Palette
from tests.dashboard_client.tui import scenes

ORIGINAL_KEYS = ("m", "b", "r", "left", "right", "up", "down", "s", "c", "enter", "y", "escape", "q", "ctrl-c")


def test_a_key_means_one_thing_in_a_context() -> None:
    counts = Counter((binding.context, key) for binding in keymap.BINDINGS for key in binding.keys)

    assert [pair for pair, count in counts.items() if count > 1] == []


def test_help_lists_every_key() -> None:
    text = "\n".join(keymap.help_lines())

    assert [binding for binding in keymap.BINDINGS if binding.help not in text] == []
    assert [key for binding in keymap.BINDINGS for key in binding.keys if keymap.key_label(key) not in text] == []


def test_every_key_of_the_original_is_bound() -> None:
    bound = {key for binding in keymap.BINDINGS for key in binding.keys}

    assert [key for key in ORIGINAL_KEYS if key not in bound] == []


def test_every_action_of_the_panels_is_in_the_palette() -> None:
    state, _ = scenes.keys(scenes.live(), ":")
    assert isinstance(state.top_window, Palette)
    titles = {item.title for item in state.top_window.items}
    panels = {"global", "list", "pm2", "redis", "benchmarks", "run", "activity"}

    bindings = [binding for binding in keymap.BINDINGS if binding.context in panels]
    assert [binding.help for binding in bindings if binding.help not in titles] == []


def test_every_context_has_a_title() -> None:
    assert {binding.context for binding in keymap.BINDINGS} <= set(keymap.CONTEXT_TITLES)
    assert set(keymap.WINDOW_CONTEXTS.values()) <= set(keymap.CONTEXT_TITLES)

"""One table of keys: no key means two things, and help, bar and palette show all of it."""

from __future__ import annotations

from collections import Counter

from dashboard_client.tui.model import keymap
from dashboard_client.tui.model.windows import Palette
from tests.dashboard_client.tui import scenes

ORIGINAL = ("m", "b", "r", "left", "right", "up", "down", "s", "c", "enter", "y", "escape", "q", "ctrl-c")


def test_a_key_means_one_thing_in_a_context() -> None:
    found = Counter((each.context, key) for each in keymap.TABLE for key in each.keys)

    assert [each for each, count in found.items() if count > 1] == []


def test_help_lists_every_key() -> None:
    text = "\n".join(keymap.help_lines())

    assert [each for each in keymap.TABLE if each.help not in text] == []
    assert [key for each in keymap.TABLE for key in each.keys if keymap.shown(key) not in text] == []


def test_the_keys_of_the_original_are_there() -> None:
    known = {key for each in keymap.TABLE for key in each.keys}

    assert [key for key in ORIGINAL if key not in known] == []


def test_every_action_of_the_panels_is_in_the_palette() -> None:
    state, _ = scenes.keys(scenes.live(), ":")
    assert isinstance(state.top, Palette)
    titles = {each.title for each in state.top.offers}
    panels = {"global", "list", "pm2", "redis", "benchmarks", "run", "activity"}

    assert [each.help for each in keymap.TABLE if each.context in panels and each.help not in titles] == []


def test_every_context_is_known() -> None:
    assert {each.context for each in keymap.TABLE} <= set(keymap.CONTEXTS)
    assert set(keymap.CONTEXT_OF.values()) <= set(keymap.CONTEXTS)

"""The key bar: which keys have room in it, and which one is under a column. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.width import clipped, width_of
from dashboard_client.tui.model import keymap
from dashboard_client.tui.model.state import State
from dashboard_client.tui.screen.frame import Rect


def entries(state: State, rect: Rect) -> tuple[tuple[int, str, str], ...]:
    """What stands in the bar: column, key as shown, what it does."""
    end = rect.right - 1 - width_of(toast_text(state, rect)) - 1 if state.toast else rect.right
    x, found = rect.x + 1, []
    for key, text in _fitting(keymap.bar(state), end - x - 1):
        found.append((x, key, text))
        x += _wide((key, text))
    return tuple(found)


def key_at(state: State, rect: Rect, x: int) -> str | None:
    """The key that a click in column `x` stands for."""
    here = next((key for at, key, text in entries(state, rect) if at <= x < at + _wide((key, text)) - 2), None)
    return here and keymap.key_shown_as(state, here)


def toast_text(state: State, rect: Rect) -> str:
    return clipped(state.toast.text, rect.width - 2) if state.toast else ""


def _fitting(entries: tuple[tuple[str, str], ...], room: int) -> list[tuple[str, str]]:
    """What has room, the last two above all."""
    last = [each for each in entries[-2:] if _wide(each) <= room]
    room -= sum(map(_wide, last))
    found = []
    for each in entries[:-2]:
        if _wide(each) > room:
            break
        found.append(each)
        room -= _wide(each)
    return [*found, *last]


def _wide(entry: tuple[str, str]) -> int:
    return width_of(entry[0]) + width_of(entry[1]) + 3

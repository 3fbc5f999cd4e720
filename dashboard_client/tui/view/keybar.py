"""The last line: the keys that do something now, and a toast for what was just done. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.width import clipped, width_of
from dashboard_client.tui.model import keymap
from dashboard_client.tui.model.state import PANELS, State
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style

TONES = {"ok": Style.OK, "warn": Style.WARN, "bad": Style.BAD, "plain": Style.INFO}


def draw(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    if state.toast:
        frame.right(rect.y, rect.right - 1, _said(state, rect), TONES.get(state.toast.tone, Style.INFO))
    for x, key, text in entries(state, rect):
        after = frame.text(rect.y, x, key, Style.KEY) + 1
        frame.text(rect.y, after, text, Style.DIM)


def entries(state: State, rect: Rect) -> tuple[tuple[int, str, str], ...]:
    """What stands in the bar: column, key as shown, what it does."""
    end = rect.right - 1 - width_of(_said(state, rect)) - 1 if state.toast else rect.right
    x, found = rect.x + 1, []
    for key, text in _fitting(keymap.bar(state), end - x - 1):
        found.append((x, key, text))
        x += _wide((key, text))
    return tuple(found)


def key_at(state: State, rect: Rect, x: int) -> str | None:
    """The key that a click in column `x` stands for."""
    here = next((key for at, key, text in entries(state, rect) if at <= x < at + _wide((key, text)) - 2), None)
    return here and keymap.key_shown_as(state, here)


def _said(state: State, rect: Rect) -> str:
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


def tabs(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    """Of a terminal with room for one panel: which one it is, and the others."""
    x = rect.x + 1
    for number, panel in enumerate(PANELS, 1):
        is_here = panel == state.focus
        text = f"{number} {panel}" if is_here or rect.width >= 60 else str(number)
        if x + width_of(text) > rect.right:
            break
        x = frame.text(rect.y, x, text, Style.FOCUS if is_here else Style.DIM) + 2

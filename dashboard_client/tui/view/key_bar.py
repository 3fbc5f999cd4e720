"""Draws the bottom line: active keys and the toast; and the panel tabs. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.width import width_of
from dashboard_client.tui.model.key_bar import fitting_entries, toast_text
from dashboard_client.tui.model.state import PANELS, State
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style

TONES = {"ok": Style.OK, "warn": Style.WARN, "bad": Style.BAD, "plain": Style.INFO}


def draw(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    if state.toast:
        frame.right(rect.y, rect.right - 1, toast_text(state, rect), TONES.get(state.toast.tone, Style.INFO))
    for x, key, text in fitting_entries(state, rect):
        text_x = frame.text(rect.y, x, key, Style.KEY) + 1
        frame.text(rect.y, text_x, text, Style.DIM)


def tabs(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    """Panel tabs, for terminals with room for one panel."""
    x = rect.x + 1
    for number, panel in enumerate(PANELS, 1):
        is_focused = panel == state.focus
        text = f"{number} {panel}" if is_focused or rect.width >= 60 else str(number)
        if x + width_of(text) > rect.right:
            break
        x = frame.text(rect.y, x, text, Style.FOCUS if is_focused else Style.DIM) + 2

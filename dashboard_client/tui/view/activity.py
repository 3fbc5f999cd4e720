"""Draws the activity panel: user actions and server events. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.figures import clock
from dashboard_client.formatting.width import padded
from dashboard_client.tui.model.rows import Row, rows
from dashboard_client.tui.model.state import ActivityLine, State
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style
from dashboard_client.tui.view.panel import Segments, draw_border, draw_list, draw_message

TONES = {"ok": Style.OK, "warn": Style.WARN, "bad": Style.BAD, "plain": Style.PLAIN}


def draw(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    box = draw_border(frame, rect, state, glyphs, "activity", "5 Activity", "/ filter")
    if rows(state, "activity"):
        draw_list(frame, box, state, glyphs, "activity", _line)
    elif not state.link.is_up and state.link.reason:
        draw_message(frame, box, f"{state.link.reason}. Enter: what to check.", Style.WARN)
    else:
        draw_message(frame, box, "no matching entries" if state.activity else "no activity yet")


def _line(row: Row, width: int) -> Segments:
    line = row.item
    if not isinstance(line, ActivityLine):
        return ()
    tone = TONES.get(line.tone, Style.PLAIN)
    return ((f"{clock(line.at)}  ", Style.DIM), (f"{padded(line.kind, 9)}  ", Style.INFO), (line.text, tone))

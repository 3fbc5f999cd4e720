"""Who did what, and what happened by itself. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.figures import clock
from dashboard_client.formatting.width import padded
from dashboard_client.tui.model.rows import Row, rows
from dashboard_client.tui.model.state import Note, State
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style
from dashboard_client.tui.view.panel import Segments, border, listed, say

TONES = {"ok": Style.OK, "warn": Style.WARN, "bad": Style.BAD, "plain": Style.PLAIN}


def draw(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    box = border(frame, rect, state, glyphs, "activity", "5 Activity", "/ filter")
    if rows(state, "activity"):
        listed(frame, box, state, glyphs, "activity", _line)
    elif not state.link.is_up and state.link.reason:
        say(frame, box, f"{state.link.reason}. Enter says what to check.", Style.WARN)
    else:
        say(frame, box, "no line matches" if state.notes else "nothing happened yet")


def _line(row: Row, width: int) -> Segments:
    note = row.item
    if not isinstance(note, Note):
        return ()
    tone = TONES.get(note.tone, Style.PLAIN)
    return ((f"{clock(note.at)}  ", Style.DIM), (f"{padded(note.kind, 9)}  ", Style.INFO), (note.text, tone))

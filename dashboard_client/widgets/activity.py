"""Who did what, and what happened by itself. [pure]"""

from __future__ import annotations

from dashboard_client.format import clock
from dashboard_client.frame import Frame, Rect
from dashboard_client.rows import Row, rows
from dashboard_client.state import Note, State
from dashboard_client.theme import Glyphs, Style
from dashboard_client.widgets.panel import Segments, border, listed, say
from dashboard_client.width import padded

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

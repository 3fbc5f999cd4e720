"""A panel's frame, its list, and what it says while it has nothing to show. [pure]"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboard_client.formatting.figures import seconds
from dashboard_client.formatting.width import clipped, wrapped
from dashboard_client.tui.model.rows import Row, first_shown, position, rows
from dashboard_client.tui.model.state import State, age_s, is_stale
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style

Segments = Sequence[tuple[str, int]]


def border(
    frame: Frame, rect: Rect, state: State, glyphs: Glyphs, name: str, title: str, right: str = "", stream: str = ""
) -> Rect:
    """The box with its title; what is inside it. A stale stream says so where the figures stand."""
    is_focused = state.focus == name and state.top is None
    frame.box(rect, glyphs.lines, Style.FOCUS if is_focused else Style.LINE)
    style = Style.TITLE if is_focused else Style.BOLD
    if stream and is_stale(state, stream):
        right, tone = f"stale {seconds(age_s(state, stream) or 0)}", Style.WARN
    else:
        tone = Style.DIM
    wanted = state.filters.get(name, "")
    if state.is_filtering and state.focus == name:
        title, style = f"{title}  /{wanted}_", Style.KEY
    elif wanted:
        title = f"{title}  /{wanted}"
    frame.on_line(rect.y, rect, (title, style), (right, tone))
    return rect.inner


def on_bottom(frame: Frame, rect: Rect, left: str, right: str = "") -> None:
    frame.on_line(rect.bottom - 1, rect, (left, Style.DIM), (right, Style.DIM))


def say(frame: Frame, box: Rect, text: str, style: int = Style.DIM) -> None:
    """A sentence in an empty panel."""
    for index, line in enumerate(wrapped(text, box.width - 2)[: box.height]):
        frame.text(box.y + index, box.x + 1, line, style, box.width - 1)


def listed(
    frame: Frame, box: Rect, state: State, glyphs: Glyphs, panel: str, line: Callable[[Row, int], Segments]
) -> int:
    """The rows of a list panel around the selected one; how many lines were drawn."""
    found = rows(state, panel)
    at = position(found, state.selected.get(panel))
    top = first_shown(len(found), at, box.height)
    shown = found[top : top + box.height]
    for index, row in enumerate(shown):
        is_chosen = state.focus == panel and top + index == at and state.top is None
        frame.text(box.y + index, box.x, glyphs.selected if is_chosen else " ", Style.FOCUS, 1)
        _line(frame, box.y + index, box.x + 1, line(row, box.width - 1), box.width - 1)
        if is_chosen:
            frame.paint(Rect(box.y + index, box.x + 1, 1, box.width - 1), Style.SELECTED)
    return len(shown)


def _line(frame: Frame, y: int, x: int, parts: Segments, width: int) -> None:
    """What does not fit is marked as cut off."""
    end = x + width
    for text, style in parts:
        if x >= end:
            return
        x = frame.text(y, x, clipped(text, end - x), style, end - x)


def waiting(state: State, what: str) -> str:
    """Why there is nothing yet."""
    if state.link.is_up:
        return f"waiting for {what}…"
    return "no connection yet" if not state.link.was_up else f"no {what} before the connection was lost"

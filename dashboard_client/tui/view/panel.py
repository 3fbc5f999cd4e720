"""Shared drawing of panels: border, list, and messages in empty panels. [pure]"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboard_client.formatting.figures import seconds
from dashboard_client.formatting.width import clipped, wrapped
from dashboard_client.tui.model.rows import Row, first_shown, position, rows
from dashboard_client.tui.model.state import State, age_s, is_stale
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style

Segments = Sequence[tuple[str, int]]


def draw_border(
    frame: Frame, rect: Rect, state: State, glyphs: Glyphs, name: str, title: str, right: str = "", stream: str = ""
) -> Rect:
    """Draw the box with its title; returns the inner area. If `stream` is stale, its age replaces `right`."""
    is_focused = state.focus == name and state.top_window is None
    frame.box(rect, glyphs.lines, Style.FOCUS if is_focused else Style.LINE)
    style = Style.TITLE if is_focused else Style.BOLD
    if stream and is_stale(state, stream):
        right, tone = f"stale {seconds(age_s(state, stream) or 0)}", Style.WARN
    else:
        tone = Style.DIM
    filter_text = state.filters.get(name, "")
    if state.is_filtering and state.focus == name:
        title, style = f"{title}  /{filter_text}_", Style.KEY
    elif filter_text:
        title = f"{title}  /{filter_text}"
    frame.text_on_border(rect.y, rect, (title, style), (right, tone))
    return rect.inner


def draw_bottom_text(frame: Frame, rect: Rect, left: str, right: str = "") -> None:
    frame.text_on_border(rect.bottom - 1, rect, (left, Style.DIM), (right, Style.DIM))


def draw_message(frame: Frame, box: Rect, text: str, style: int = Style.DIM) -> None:
    """Draw a message in an empty panel."""
    for index, line in enumerate(wrapped(text, box.width - 2)[: box.height]):
        frame.text(box.y + index, box.x + 1, line, style, box.width - 1)


def draw_list(
    frame: Frame, box: Rect, state: State, glyphs: Glyphs, panel: str, line: Callable[[Row, int], Segments]
) -> int:
    """Draw the rows around the selected one; returns the number of rows drawn."""
    all_rows = rows(state, panel)
    selected_index = position(all_rows, state.selected.get(panel))
    first = first_shown(len(all_rows), selected_index, box.height)
    visible_rows = all_rows[first : first + box.height]
    for index, row in enumerate(visible_rows):
        is_selected = state.focus == panel and first + index == selected_index and state.top_window is None
        frame.text(box.y + index, box.x, glyphs.selected if is_selected else " ", Style.FOCUS, 1)
        _line(frame, box.y + index, box.x + 1, line(row, box.width - 1), box.width - 1)
        if is_selected:
            frame.restyle(Rect(box.y + index, box.x + 1, 1, box.width - 1), Style.SELECTED)
    return len(visible_rows)


def _line(frame: Frame, y: int, x: int, parts: Segments, width: int) -> None:
    """Draw styled texts, clipped with an ellipsis."""
    right_edge = x + width
    for text, style in parts:
        if x >= right_edge:
            return
        x = frame.text(y, x, clipped(text, right_edge - x), style, right_edge - x)


def waiting_text(state: State, label: str) -> str:
    """Message for a panel without data."""
    if state.link.is_up:
        return f"waiting for {label}…"
    return "no connection yet" if not state.link.was_up else f"no {label} before the connection was lost"

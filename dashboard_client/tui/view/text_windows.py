"""Draws large windows: text pages, the benchmark history, a comparison, logs. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.log_text import log_text
from dashboard_client.formatting.width import clipped, wrapped, wrapped_hanging
from dashboard_client.tui.model import layout
from dashboard_client.tui.model.layout import WIDE
from dashboard_client.tui.model.matching import is_match
from dashboard_client.tui.model.rows import first_shown, history_rows, position
from dashboard_client.tui.model.state import SORTS, State
from dashboard_client.tui.model.windows import Compare, History, Logs, Page, RunPage
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style
from dashboard_client.tui.text.window_text import compare_lines, page_lines
from dashboard_client.tui.view.benchmarks import line
from dashboard_client.tui.view.dialogs import CURSOR, draw_window


def draw_page(frame: Frame, page: RunPage | Page, glyphs: Glyphs) -> None:
    """Long lines are wrapped; lines below the window are counted."""
    match page:
        case Page(title=title):
            pass
        case RunPage():
            title = "Benchmark"
    width = layout.window_width(frame.width)
    lines = page_lines(page, glyphs, width)
    wrapped_lines = [part for text in lines[page.first_line :] for part in wrapped_hanging(text, width)]
    box = draw_window(frame, glyphs, len(wrapped_lines) + 2, min(WIDE, frame.width), title, "Esc closes")
    for y, text in enumerate(wrapped_lines[: box.height]):
        is_head = bool(text) and isinstance(page, Page) and page.title == "Keys" and not text.startswith(" ")
        frame.text(box.y + y, box.x, text, Style.KEY if is_head else Style.PLAIN, box.width)
    below = len(wrapped_lines) - box.height
    if below > 0 and box.height > 0:
        frame.right(box.y + box.height, box.right, f" {below} more lines ", Style.DIM)


def draw_compare(frame: Frame, compare: Compare, glyphs: Glyphs) -> None:
    figures, words = compare_lines(compare)[:8], compare_lines(compare)[8:]
    width = min(84, frame.width)
    lines = [*figures, *(part for text in words for part in wrapped(text, width - 4))]
    box = draw_window(frame, glyphs, len(lines) + 2, width, "Comparison", "Esc closes")
    for y, text in enumerate(lines[: box.height]):
        frame.text(box.y + y, box.x, text, Style.BOLD if y == len(figures) + 1 else Style.PLAIN, box.width)


def draw_history(frame: Frame, history: History, state: State, glyphs: Glyphs) -> None:
    sort = SORTS["benchmarks"][history.sort % len(SORTS["benchmarks"])]
    matches = history_rows(history)
    filter_text = f"  /{history.text}{CURSOR if history.is_typing else ''}" if history.text or history.is_typing else ""
    right = f"{len(matches)} runs · by {sort}"
    box = draw_window(frame, glyphs, frame.height, min(WIDE, frame.width), f"Benchmark history{filter_text}", right)
    if not matches:
        text = history.problem or ("no matching runs" if history.text else "no runs yet")
        frame.text(box.y, box.x, text if history.results is not None or history.problem else "loading…", Style.DIM)
        return
    selected_index = position(matches, history.selected)
    first = first_shown(len(matches), selected_index, box.height)
    for y, row in enumerate(matches[first : first + box.height]):
        frame.segments(box.y + y, box.x, line(row, box.width, state.marked_run, has_date=True), box.width)
        if first + y == selected_index:
            frame.restyle(Rect(box.y + y, box.x, 1, box.width), Style.SELECTED)


def draw_logs(frame: Frame, logs: Logs, glyphs: Glyphs) -> None:
    """Newest lines at the bottom; scrolled up, the view does not move."""
    name = f"Logs {logs.source or 'of all processes'}{'' if logs.pm_id is None else f' ({logs.pm_id})'}"
    cursor = CURSOR if logs.is_typing else ""
    name = f"{name}  /{logs.search}{cursor}" if logs.search or logs.is_typing else name
    where = f"{logs.lines_back} lines up · f follows" if logs.lines_back else "following"
    missed = f"{logs.missed} missed · " if logs.missed else ""
    box = draw_window(frame, glyphs, frame.height, frame.width, name, f"{missed}{where}")
    if not logs.lines:
        frame.text(box.y, box.x, logs.problem or "no lines yet", Style.DIM, box.width)
        return
    end = max(1, len(logs.lines) - logs.lines_back)
    visible: list[tuple[str, int]] = []
    for log_line in reversed(logs.lines[:end]):
        text = log_text(log_line, has_time=logs.has_times)
        is_stderr = log_line.stream == "err"
        style: int = Style.MATCH if is_match(log_line, logs.search) else Style.WARN if is_stderr else Style.PLAIN
        parts = wrapped(text, box.width) if logs.is_wrapped else [clipped(text, box.width)]
        visible += [(part, style) for part in reversed(parts)]
        if len(visible) >= box.height:
            break
    for up, (text, style) in enumerate(visible[: box.height]):
        frame.text(box.y + min(box.height, len(visible)) - 1 - up, box.x, text, style, box.width)

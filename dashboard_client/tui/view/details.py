"""Draws the windows of a process and of a Redis node: text above, charts below. [pure]"""

from __future__ import annotations

import math

from dashboard_client.formatting.figures import measure
from dashboard_client.formatting.width import wrapped_hanging
from dashboard_client.tui.model.charts import UNITS, Series
from dashboard_client.tui.model.layout import WIDE, WINDOW_GUTTER, window_width
from dashboard_client.tui.model.state import INTERVALS_MS, STALE_AFTER, State
from dashboard_client.tui.model.windows import NodeDetails, ProcessDetails
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style
from dashboard_client.tui.text.window_text import page_lines
from dashboard_client.tui.view.dialogs import draw_window
from dashboard_client.tui.view.history_chart import Plot, cursor_text, draw, note, plot, range_text

MIN_ROWS = 16  # of a window with a chart
CHART_ROWS = (8, 14)  # of one chart with its title: at least, and at most
GAPS_S = {
    kind: STALE_AFTER * INTERVALS_MS[stream] / 1000
    for kind, stream in (("app", "pm2:stats"), ("instance", "pm2:stats"), ("redis", "redis:stats"))
}


def draw_details(frame: Frame, window: ProcessDetails | NodeDetails, state: State, glyphs: Glyphs) -> None:
    """As many charts of the group as fit, beginning with the selected one. Lines of text below the visible ones are
    counted."""
    width = window_width(frame.width)
    lines = [part for text in page_lines(window)[window.first_line :] for part in wrapped_hanging(text, width)]
    room, group = max(0, frame.height - 4), len(window.chart.visible)
    text_rows, chart_rows = len(lines), 0
    if group and room >= MIN_ROWS:
        text_rows = min(len(lines), max(room // 2 - 1, room - 1 - group * CHART_ROWS[1]))
        chart_rows = min(room - 1 - text_rows, group * CHART_ROWS[1])
    height = text_rows + chart_rows + bool(chart_rows) + 2
    box = draw_window(frame, glyphs, height, min(WIDE, frame.width), _title(window), "Esc closes")
    text_rows = min(text_rows, box.height)
    for y, text in enumerate(lines[:text_rows]):
        frame.text(box.y + y, box.x, text, Style.PLAIN, box.width)
    below = len(lines) - text_rows
    border = Rect(box.y - 1, box.x - 2, box.height + 2, box.width + 4)
    bottom: tuple[str, int] | None = None
    if chart_rows:
        area = Rect(box.y + text_rows + 1, box.x, min(chart_rows, box.height - text_rows - 1), box.width)
        bottom = _draw_charts(frame, area, window, state, glyphs)
    if bottom or (below > 0 and box.height > 0):
        more = f"{below} more lines" if below > 0 else ""
        frame.text_on_border(border.bottom - 1, border, bottom or ("", Style.PLAIN), (more, Style.DIM))


def _title(window: ProcessDetails | NodeDetails) -> str:
    match window:
        case ProcessDetails(process=process):
            return f"Process {process.pm_id} {process.name}"
        case NodeDetails(node=node):
            return f"Redis node {node.port}"


def _draw_charts(
    frame: Frame, area: Rect, window: ProcessDetails | NodeDetails, state: State, glyphs: Glyphs
) -> tuple[str, int] | None:
    """Returns the note about the selected chart, for the border."""
    chart = window.chart
    visible, at = chart.visible, chart.selected % chart.group
    count = max(1, min(len(visible), area.height // CHART_ROWS[0]))
    first = max(0, min(at, len(visible) - count))
    selected_note = None
    for index, series in enumerate(visible[first : first + count]):
        top = area.y + area.height * index // count
        rect = Rect(top, area.x, area.y + area.height * (index + 1) // count - top, area.width)
        is_selected = first + index == at
        plotted = plot(
            state, chart, series, series.live, rect.width - WINDOW_GUTTER, glyphs,
            gap_s=GAPS_S.get(series.metric.partition(".")[0], STALE_AFTER),
        )  # fmt: skip
        _draw_chart(frame, rect, series, plotted, state, glyphs, is_selected=is_selected)
        selected_note = note(plotted, glyphs) if is_selected else selected_note
    return selected_note


def _draw_chart(
    frame: Frame, rect: Rect, series: Series, plotted: Plot, state: State, glyphs: Glyphs, *, is_selected: bool
) -> None:
    unit = UNITS.get(series.figure, "")
    mark = glyphs.selected if is_selected else " "
    frame.text(rect.y, rect.x, f"{mark}{series.title}", Style.BOLD if is_selected else Style.PLAIN, rect.width)
    figures = _figures(series, plotted, unit, glyphs)
    frame.right(rect.y, rect.right, f" {figures}", Style.PLAIN if is_selected else Style.DIM)
    below = Rect(rect.y + 1, rect.x, rect.height - 1, rect.width)
    values = plotted.values
    if not values:
        text = "loading…" if plotted.is_loading or series.checked_s is None else "no data"
        text = text if state.link.is_up and not state.history_problem else "no data"
        frame.text(below.y + below.height // 2, below.x + WINDOW_GUTTER, text, Style.DIM, below.width - WINDOW_GUTTER)
    low, high = value_range([one.low for one in values], [one.high for one in values], unit)
    labels = (measure(high, unit), measure((low + high) / 2, unit), measure(low, unit))
    style = Style.DIM if not state.link.is_up else Style.CHART_2 if unit == "bytes" else Style.CHART
    draw(frame, below, plotted, (low, high), labels, style, glyphs, WINDOW_GUTTER)


def _figures(series: Series, plotted: Plot, unit: str, glyphs: Glyphs) -> str:
    label = range_text(plotted, glyphs)
    if plotted.cursor is not None:
        return f"{cursor_text(plotted, lambda value: measure(value, unit))}   {label}"
    parts = [label]
    if values := plotted.values:
        parts.insert(0, f"max {measure(max(one.high for one in values), unit)}")
        newest = series.live[-1].value if series.live else values[-1].mean
        if plotted.chart.end_s is None:
            parts.insert(0, f"now {measure(newest, unit)}")
    return "  ".join(parts)


def value_range(lows: list[float], highs: list[float], unit: str) -> tuple[float, float]:
    """Of the vertical axis, in steps of 1, 2 or 5. From zero, except for memory, whose leaks would be invisible."""
    low, high = min(lows, default=0.0), max(highs, default=1.0)
    low = low if unit == "bytes" else min(0.0, low)
    span = max(high - low, abs(high) * 0.05, 2.0**20 if unit == "bytes" else 1.0)
    base = 2.0**10 if unit == "bytes" else 10.0
    magnitude = base ** math.floor(math.log(span / 2, base))
    step = next(
        (magnitude * factor for factor in (1, 2, 5, 10, 20, 50, 100, 200, 500) if magnitude * factor * 2 >= span),
        magnitude * base,
    )
    bottom = math.floor(low / step) * step
    return bottom, max(bottom + 2 * step, math.ceil(high / step) * step)

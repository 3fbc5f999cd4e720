"""Draws one series of a chart: its line and area, marks of annotations, the time axis and the cursor. [pure]"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby

from dashboard_client.formatting.width import width_of
from dashboard_client.tui.model.charts import LIVE_S, Chart, Point, Series, resampled, stem
from dashboard_client.tui.model.state import State, clock_offset_s
from dashboard_client.tui.screen import chart as drawing
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style
from dashboard_client.wire.metric_history import (
    Annotation,
    Columns,
    Interval,
    band,
    in_columns,
    in_order_of_importance,
    summary,
)

TONES = {"exit": Style.BAD, "restart": Style.WARN, "deploy": Style.OK, "run": Style.INFO, "clock": Style.WARN}
DAY_S = 86400.0
Format = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Plot:
    """What is visible of a series. `columns`: `per_cell` for each cell; `cursor`: its cell; `marks`:
    annotations by cell, the most important first."""

    chart: Chart
    columns: Columns
    start_s: float
    end_s: float
    cursor: int | None
    marks: Mapping[int, tuple[Annotation, ...]]
    per_cell: int
    problem: str = ""
    is_loading: bool = False

    @property
    def values(self) -> list[Interval]:
        return [column for column in self.columns if column is not None]

    @property
    def at_cursor(self) -> Interval | None:
        """Of the columns of its cell."""
        if self.cursor is None:
            return None
        first = self.cursor * self.per_cell
        return summary([column for column in self.columns[first : first + self.per_cell] if column is not None])


def plot(
    state: State, chart: Chart, series: Series, points: tuple[Point, ...], width: int, glyphs: Glyphs,
    *, scale: float = 1.0, gap_s: float = 2.5,
) -> Plot:  # fmt: skip
    """`points`: the samples of the stream, in the same unit as the intervals of the series times `scale`. `gap_s`: from
    which time between two samples nothing is drawn."""
    now_s = state.paused_at_s if state.paused else state.now_s
    offset_s = clock_offset_s(state)
    end_s = now_s + offset_s if chart.end_s is None else chart.end_s
    if chart.end_s is not None:
        now_s = chart.end_s - offset_s
        points = tuple(point for point in points if point.at_s <= now_s)
    start_s = end_s - chart.range_s

    def columns(count: int) -> Columns:
        values = resampled(points, count, now_s, chart.range_s, gap_s)
        live: Columns = [None if value is None else Interval(0.0, value, value, value) for value in values]
        if series.past is None:
            return live
        past = in_columns(series.past.intervals, series.past.resolution_s, start_s, end_s, count)
        if scale != 1.0:
            past = [one and Interval(one.start_s, one.low * scale, one.mean * scale, one.high * scale) for one in past]
        if chart.range_s > LIVE_S:
            return [one or other for one, other in zip(past, live, strict=True)]
        newest = max((column for column, value in enumerate(values) if value is not None), default=count)
        return [one or (past[column] if column < newest else None) for column, one in enumerate(live)]

    width = max(0, width)
    cursor = None
    if chart.cursor_s is not None and width:
        cursor = max(0, min(width - 1, int((chart.cursor_s - start_s) / chart.range_s * width)))
    stopped_for = series.problem or state.history_problem
    per_cell = 2 if glyphs.dots else 1
    return Plot(
        chart, columns(width * per_cell), start_s, end_s, cursor, _marks(series, start_s, end_s, width), per_cell,
        "" if chart.is_default else stopped_for,
        any(call.purpose.startswith(stem(series)) for call in state.pending_calls.values()) and not chart.is_default,
    )  # fmt: skip


def _marks(series: Series, start_s: float, end_s: float, width: int) -> dict[int, tuple[Annotation, ...]]:
    cells: dict[int, list[Annotation]] = {}
    for annotation in series.past.annotations if series.past and width else ():
        if start_s <= annotation.at_s < end_s:
            cells.setdefault(int((annotation.at_s - start_s) / (end_s - start_s) * width), []).append(annotation)
    return {cell: tuple(in_order_of_importance(annotations)) for cell, annotations in cells.items()}


def range_text(plotted: Plot, glyphs: Glyphs) -> str:
    return f"{plotted.chart.range_label}{f' {glyphs.more}' if plotted.is_loading else ''}"


def cursor_text(plotted: Plot, format: Format, *, is_short: bool = False) -> str:
    """Minimum, mean and maximum under the cursor."""
    interval = plotted.at_cursor
    if interval is None:
        return "no data"
    low, mean, high = format(interval.low), format(interval.mean), format(interval.high)
    if interval.low == interval.high:
        return mean
    return f"{low}–{high}, mean {mean}" if is_short else f"min {low}  mean {mean}  max {high}"


def note(plotted: Plot, glyphs: Glyphs) -> tuple[str, int] | None:
    """What happened under the cursor, else why there is no history, and its style."""
    annotations = plotted.marks.get(plotted.cursor, ()) if plotted.cursor is not None else ()
    if annotations:
        first, more = annotations[0], len(annotations) - 1
        mark, style = mark_of(first, glyphs)
        text = f"{mark} {_exact_time(first.at_s, plotted.chart)} {first.text or first.kind}"
        return f"{text}{f'  +{more} more' if more else ''}", style
    return (plotted.problem, Style.DIM) if plotted.problem else None


def mark_of(annotation: Annotation, glyphs: Glyphs) -> tuple[str, int]:
    marks = {
        "exit": glyphs.down, "restart": glyphs.rising, "deploy": glyphs.check, "run": glyphs.full,
        "server": glyphs.up, "clock": glyphs.part,
    }  # fmt: skip
    return marks.get(annotation.kind, glyphs.dot), TONES.get(annotation.kind, Style.PLAIN)


def draw(
    frame: Frame, box: Rect, plotted: Plot, value_range: tuple[float, float], labels: tuple[str, str, str], style: int,
    glyphs: Glyphs, gutter: int,
) -> None:  # fmt: skip
    """The chart, three value labels to its left; below, if there is room, a row of marks and the time axis."""
    width = box.width - gutter
    has_axis = box.height >= 6 or (box.height >= 3 and not plotted.chart.is_default)
    has_marks = bool(plotted.marks) and box.height >= 5
    height = box.height - has_axis - has_marks
    if width <= 0 or height <= 0:
        return
    area = Rect(box.y, box.x + gutter, height, width)
    for y, row in enumerate(drawing.band(band(plotted.columns), height, width, *value_range, glyphs)):
        parts = [
            ("".join(character for character, _ in cells), style if is_line else Style.DIM)
            for is_line, cells in ((key, list(group)) for key, group in groupby(row, key=lambda cell: cell[1]))
        ]
        frame.segments(area.y + y, area.x, parts, width)
    label_rows = {0: labels[0], height // 2: labels[1], height - 1: labels[2]} if height >= 3 else {0: labels[0]}
    for index, label in label_rows.items():
        frame.right(box.y + index, area.x - 1, label, Style.DIM)
    if plotted.cursor is not None:
        _draw_cursor(frame, area, plotted.cursor, glyphs)
    if has_marks:
        for cell, annotations in plotted.marks.items():
            mark, tone = mark_of(annotations[0], glyphs)
            frame.text(area.bottom, area.x + cell, mark, Style.SELECTED if cell == plotted.cursor else tone, 1)
    if has_axis:
        _draw_axis(frame, replace(area, y=box.bottom - 1, height=1), plotted)


def _draw_cursor(frame: Frame, area: Rect, cursor: int, glyphs: Glyphs) -> None:
    x = area.x + cursor
    for y in range(area.y, area.bottom):
        if y < frame.height and x < frame.width and frame.chars[y][x] == " ":
            frame.text(y, x, glyphs.lines.down, Style.KEY, 1)
        else:
            frame.restyle(Rect(y, x, 1, 1), Style.SELECTED)


def _draw_axis(frame: Frame, row: Rect, plotted: Plot) -> None:
    """Times at both edges and in the middle; the time of the cursor below it."""
    chart = plotted.chart
    if chart.is_default:
        left, middle = f"-{chart.range_s:.0f} s", f"-{chart.range_s / 2:.0f} s"
        shift = 2
    else:
        left, middle = (_axis_time(at_s, chart) for at_s in (plotted.start_s, (plotted.start_s + plotted.end_s) / 2))
        shift = width_of(middle) // 2
    right = "now" if chart.end_s is None else _axis_time(plotted.end_s, chart)
    labels = [(row.x, left), (row.right - 1 - width_of(right), right)]
    if row.width >= 2 * (width_of(left) + width_of(middle)) or chart.is_default:
        labels.append((row.x + row.width // 2 - shift, middle))
    begin = end = row.right
    if plotted.cursor is not None:
        text = _exact_time(chart.cursor_s or 0.0, chart)
        begin = row.x + max(0, min(row.width - width_of(text), plotted.cursor - width_of(text) // 2))
        end = frame.text(row.y, begin, text, Style.KEY, row.right - begin)
    for x, label in labels:
        if row.x <= x and (x + width_of(label) < begin or x > end):
            frame.text(row.y, x, label, Style.DIM, row.right - x)


def _axis_time(at_s: float, chart: Chart) -> str:
    at = _local(at_s)
    if chart.range_s >= DAY_S:
        return f"{at:%m-%d %H:%M}"
    return f"{at:%H:%M:%S}" if chart.range_s <= LIVE_S else f"{at:%H:%M}"


def _exact_time(at_s: float, chart: Chart) -> str:
    at = _local(at_s)
    return f"{at:%m-%d %H:%M}" if chart.range_s >= DAY_S else f"{at:%H:%M:%S}"


def _local(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC).astimezone()

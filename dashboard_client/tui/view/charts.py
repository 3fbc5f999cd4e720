"""Draws CPU and memory charts of the last minute, with other host figures on the borders. [pure]"""

from __future__ import annotations

import math

from dashboard_client.formatting.figures import percent, size
from dashboard_client.tui.model.state import HISTORY_S, Point, State
from dashboard_client.tui.screen import chart
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style, level_style
from dashboard_client.tui.view.panel import draw_border, draw_bottom_text, draw_message, waiting_text

GUTTER = 5  # " 100 "
STREAM = "system:metrics"
PER_GB = 1024.0


def cpu(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    """Scaled from 0 to 100, so that an idle host looks idle."""
    host, points = state.displayed.host, state.displayed.cpu
    right = ""
    if host and host.cpu is not None:
        peak = max((point.value for point in points), default=host.cpu)
        right = f"now {percent(host.cpu)}  max {percent(peak)}" + ("  60 s" if rect.width > 44 else "")
    box = draw_border(frame, rect, state, glyphs, "cpu", "CPU", right, STREAM)
    if host is None or host.cpu is None:
        draw_message(frame, box, waiting_text(state, "CPU figures") if host is None else host.explain("cpu"))
        return
    style = Style.DIM if not state.link.is_up else level_style(host.cpu)
    _draw_chart(frame, box, state, points, (0.0, 100.0), ("100", "50", "0"), style, glyphs)
    redis = state.displayed.redis
    disk = "" if host.disk_percent is None else f" · disk {percent(host.disk_percent)}"
    codes = redis.cluster.codes if redis else None
    left = f"{host.cpu_count or len(host.cpu_per_core)} cores{disk} · swap {size(host.swap_bytes)}"
    draw_bottom_text(frame, rect, left, "" if codes is None else f"{codes:,} codes in Redis")


def memory(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    """Scaled to the observed range in steps of 0.5 GB, so that a leak is visible."""
    host = state.displayed.host
    right = ""
    if host and host.memory is not None and host.total_memory is not None:
        right = f"{host.memory / PER_GB:.1f} of {host.total_memory / PER_GB:.1f} GB"
        right += f"  {percent(host.memory_percent)}" if rect.width > 44 else ""
    box = draw_border(frame, rect, state, glyphs, "memory", "Memory", right, STREAM)
    if host is None or host.memory is None:
        draw_message(frame, box, waiting_text(state, "memory figures") if host is None else host.explain("memory"))
        return
    points = tuple(Point(point.at_s, point.value / PER_GB) for point in state.displayed.memory)
    low, high = _half_steps([point.value for point in points] or [host.memory / PER_GB])
    labels = tuple(f"{value:.1f}" if high < 100 else f"{value:.0f}" for value in (high, (low + high) / 2, low))
    used_percent = host.memory_percent or 0.0
    is_tight = used_percent >= 60
    style = Style.DIM if not state.link.is_up else level_style(used_percent) if is_tight else Style.CHART_2
    _draw_chart(frame, box, state, points, (low, high), labels, style, glyphs)
    left = f"load {host.load_avg}" if host.load_avg else ""
    draw_bottom_text(frame, rect, f"{left} · up {host.uptime}" if host.uptime else left)


def _half_steps(values: list[float]) -> tuple[float, float]:
    """The range in steps of 0.5, at least 1 wide."""
    low, high = math.floor(min(values) * 2) / 2, math.ceil(max(values) * 2) / 2
    while high - low < 1.0:
        high += 0.5
        if high - low < 1.0 and low > 0:
            low -= 0.5
    if (high - low) % 1.0:  # so that the middle label is exact
        high += 0.5
    return max(0.0, low), high


def _draw_chart(
    frame: Frame,
    box: Rect,
    state: State,
    points: tuple[Point, ...],
    value_range: tuple[float, float],
    labels: tuple[str, ...],
    style: int,
    glyphs: Glyphs,
) -> None:
    """The chart, three value labels to its left, the time axis below."""
    width = box.width - GUTTER
    height = box.height - (1 if box.height >= 6 else 0)
    if width <= 0 or height <= 0:
        return
    columns = width * (2 if glyphs.dots else 1)
    values = resampled(points, columns, state.paused_at_s if state.paused else state.now_s)
    for index, text in enumerate(chart.line(values, height, width, *value_range, glyphs)):
        frame.text(box.y + index, box.x + GUTTER, text, style, width)
    label_rows = {0: labels[0], height // 2: labels[1], height - 1: labels[2]} if height >= 3 else {0: labels[0]}
    for index, label in label_rows.items():
        frame.right(box.y + index, box.x + GUTTER - 1, label, Style.DIM)
    if height < box.height:
        y = box.y + height
        frame.text(y, box.x + GUTTER, f"-{HISTORY_S:.0f} s", Style.DIM, width)
        frame.text(y, box.x + GUTTER + width // 2 - 2, f"-{HISTORY_S / 2:.0f} s", Style.DIM, width - width // 2)
        frame.right(y, box.right - 1, "now", Style.DIM)


def resampled(points: tuple[Point, ...], columns: int, now_s: float, span_s: float = HISTORY_S) -> list[float | None]:
    """Distribute points over columns by time, `now_s` at the right edge. Gaps of 2.5 s or more stay empty."""
    values: list[float | None] = [None] * columns
    if columns <= 0:
        return values
    per_column = span_s / columns
    previous: tuple[int, Point] | None = None
    for point in points:
        column = columns - 1 - int(max(0.0, now_s - point.at_s) / per_column)
        if column < 0:
            continue
        values[column] = max(point.value, values[column] or 0.0)
        if previous and point.at_s - previous[1].at_s < 2.5:
            gap = column - previous[0]
            for step in range(1, gap):
                values[previous[0] + step] = previous[1].value + (point.value - previous[1].value) * step / gap
        previous = (column, point)
    return values

"""Draws the panels of CPU and memory, with other host figures on the borders. [pure]"""

from __future__ import annotations

import math

from dashboard_client.formatting.figures import percent, size
from dashboard_client.tui.model.charts import Point
from dashboard_client.tui.model.layout import PANEL_GUTTER
from dashboard_client.tui.model.state import State
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style, level_style
from dashboard_client.tui.view.history_chart import Plot, cursor_text, draw, note, plot, range_text
from dashboard_client.tui.view.panel import draw_border, draw_bottom_text, draw_message, waiting_text

STREAM = "system:metrics"
PER_GB = 1024.0
WIDE = 44  # panels above have room for more figures


def cpu(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    """Scaled from 0 to 100, so that an idle host looks idle."""
    host, chart = state.displayed.host, state.host_chart
    plotted = plot(state, chart, chart.series[0], state.displayed.cpu, rect.inner.width - PANEL_GUTTER, glyphs)
    right = ""
    if host and host.cpu is not None:
        peak = max((column.high for column in plotted.values), default=host.cpu)
        now = f"now {percent(host.cpu)}  " if chart.end_s is None else ""
        has_range = rect.width > WIDE or not chart.is_default
        right = f"{now}max {percent(peak)}" + (f"  {range_text(plotted, glyphs)}" if has_range else "")
        if plotted.cursor is not None:
            right = cursor_text(plotted, lambda value: percent(value, 1), is_short=rect.width <= WIDE)
    box = draw_border(frame, rect, state, glyphs, "cpu", "CPU", right, STREAM if chart.end_s is None else "")
    if host is None or host.cpu is None:
        draw_message(frame, box, waiting_text(state, "CPU figures") if host is None else host.explain("cpu"))
        return
    style = Style.DIM if not state.link.is_up else level_style(host.cpu)
    draw(frame, box, plotted, (0.0, 100.0), ("100", "50", "0"), style, glyphs, PANEL_GUTTER)
    if _draw_note(frame, rect, plotted, glyphs):
        return
    redis = state.displayed.redis
    disk = "" if host.disk_percent is None else f" · disk {percent(host.disk_percent)}"
    codes = redis.cluster.codes if redis else None
    left = f"{host.cpu_count or len(host.cpu_per_core)} cores{disk} · swap {size(host.swap_bytes)}"
    draw_bottom_text(frame, rect, left, "" if codes is None else f"{codes:,} codes in Redis")


def memory(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    """Scaled to the observed range in steps of 0.5 GB, so that a leak is visible."""
    host, chart = state.displayed.host, state.host_chart
    plotted = _plot_memory(state, rect.inner.width - PANEL_GUTTER, glyphs)
    right = ""
    if host and host.memory is not None and host.total_memory is not None:
        right = f"{host.memory / PER_GB:.1f} of {host.total_memory / PER_GB:.1f} GB"
        peak = max((column.high for column in plotted.values), default=0.0)
        right = right if chart.end_s is None else f"max {_gigabytes(peak)}"
        if not chart.is_default:
            right += f"  {range_text(plotted, glyphs)}"
        elif rect.width > WIDE:
            right += f"  {percent(host.memory_percent)}"
        if plotted.cursor is not None:
            right = cursor_text(plotted, _gigabytes, is_short=rect.width <= WIDE)
    box = draw_border(frame, rect, state, glyphs, "memory", "Memory", right, STREAM if chart.end_s is None else "")
    if host is None or host.memory is None:
        draw_message(frame, box, waiting_text(state, "memory figures") if host is None else host.explain("memory"))
        return
    values = [value for column in plotted.values for value in (column.low, column.high)]
    low, high = _half_steps(values or [host.memory / PER_GB])
    top, middle, bottom = (f"{value:.1f}" if high < 100 else f"{value:.0f}" for value in (high, (low + high) / 2, low))
    used_percent = host.memory_percent or 0.0
    is_tight = used_percent >= 60
    style = Style.DIM if not state.link.is_up else level_style(used_percent) if is_tight else Style.CHART_2
    draw(frame, box, plotted, (low, high), (top, middle, bottom), style, glyphs, PANEL_GUTTER)
    if _draw_note(frame, rect, plotted, glyphs):
        return
    left = f"load {host.load_avg}" if host.load_avg else ""
    draw_bottom_text(frame, rect, f"{left} · up {host.uptime}" if host.uptime else left)


def _plot_memory(state: State, width: int, glyphs: Glyphs) -> Plot:
    """In GB; the history has percent of the whole memory."""
    host, chart = state.displayed.host, state.host_chart
    points = tuple(Point(point.at_s, point.value / PER_GB) for point in state.displayed.memory)
    scale = (host.total_memory or 0.0) / PER_GB / 100 if host else 0.0
    return plot(state, chart, chart.series[1], points, width, glyphs, scale=scale)


def _gigabytes(value: float) -> str:
    return f"{value:.1f} GB"


def _draw_note(frame: Frame, rect: Rect, plotted: Plot, glyphs: Glyphs) -> bool:
    """On the lower border, in place of other figures."""
    text = note(plotted, glyphs)
    if text:
        frame.text_on_border(rect.bottom - 1, rect, text)
    return text is not None


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

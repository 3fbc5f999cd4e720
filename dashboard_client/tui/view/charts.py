"""CPU and memory over the last minute, with the machine's other figures on their frames. [pure]"""

from __future__ import annotations

import math

from dashboard_client.formatting.figures import percent, size
from dashboard_client.tui.model.state import HISTORY_S, Point, State
from dashboard_client.tui.screen import chart
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style, level
from dashboard_client.tui.view.panel import border, on_bottom, say, waiting

GUTTER = 5  # " 100 "
STREAM = "system:metrics"
PER_GB = 1024.0


def cpu(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    """Always from 0 to 100: a quiet machine shall look quiet."""
    host, points = state.displayed.host, state.displayed.cpu
    right = ""
    if host:
        most = max((each.value for each in points), default=host.cpu)
        right = f"now {percent(host.cpu)}  max {percent(most)}" + ("  60 s" if rect.width > 44 else "")
    box = border(frame, rect, state, glyphs, "cpu", "CPU", right, STREAM)
    if host is None:
        say(frame, box, waiting(state, "CPU figures"))
        return
    style = Style.DIM if not state.link.is_up else level(host.cpu)
    _draw(frame, box, state, points, (0.0, 100.0), ("100", "50", "0"), style, glyphs)
    redis = state.displayed.redis
    disk = "" if host.disk_percent is None else f" · disk {percent(host.disk_percent)}"
    codes = redis.cluster.codes if redis else None
    left = f"{host.cpu_count or len(host.cpu_per_core)} cores{disk} · swap {size(host.swap_bytes)}"
    on_bottom(frame, rect, left, "" if codes is None else f"{codes:,} codes in Redis")


def memory(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    """Scaled to what it did, in whole halves of a GB, so that a leak can be seen."""
    host = state.displayed.host
    right = ""
    if host:
        right = f"{host.memory / PER_GB:.1f} of {host.total_memory / PER_GB:.1f} GB"
        right += f"  {percent(host.memory_percent)}" if rect.width > 44 else ""
    box = border(frame, rect, state, glyphs, "memory", "Memory", right, STREAM)
    if host is None:
        say(frame, box, waiting(state, "memory figures"))
        return
    points = tuple(Point(each.at_s, each.value / PER_GB) for each in state.displayed.memory)
    low, high = _halves([each.value for each in points] or [host.memory / PER_GB])
    marks = tuple(f"{value:.1f}" if high < 100 else f"{value:.0f}" for value in (high, (low + high) / 2, low))
    is_tight = host.memory_percent >= 60
    style = Style.DIM if not state.link.is_up else level(host.memory_percent) if is_tight else Style.CHART_2
    _draw(frame, box, state, points, (low, high), marks, style, glyphs)
    left = f"load {host.load_avg}" if host.load_avg else ""
    on_bottom(frame, rect, f"{left} · up {host.uptime}" if host.uptime else left)


def _halves(values: list[float]) -> tuple[float, float]:
    """The range in steps of 0.5, at least 1 high."""
    low, high = math.floor(min(values) * 2) / 2, math.ceil(max(values) * 2) / 2
    while high - low < 1.0:
        high += 0.5
        if high - low < 1.0 and low > 0:
            low -= 0.5
    if (high - low) % 1.0:  # the mark in the middle shall be what it says
        high += 0.5
    return max(0.0, low), high


def _draw(
    frame: Frame,
    box: Rect,
    state: State,
    points: tuple[Point, ...],
    between: tuple[float, float],
    marks: tuple[str, ...],
    style: int,
    glyphs: Glyphs,
) -> None:
    """The line, three marks at its left, the time under it."""
    width = box.width - GUTTER
    height = box.height - (1 if box.height >= 6 else 0)
    if width <= 0 or height <= 0:
        return
    columns = width * (2 if glyphs.dots else 1)
    values = spaced(points, columns, state.paused_at_s if state.paused else state.now_s)
    for index, text in enumerate(chart.line(values, height, width, *between, glyphs)):
        frame.text(box.y + index, box.x + GUTTER, text, style, width)
    places = {0: marks[0], height // 2: marks[1], height - 1: marks[2]} if height >= 3 else {0: marks[0]}
    for index, mark in places.items():
        frame.right(box.y + index, box.x + GUTTER - 1, mark, Style.DIM)
    if height < box.height:
        y = box.y + height
        frame.text(y, box.x + GUTTER, f"-{HISTORY_S:.0f} s", Style.DIM, width)
        frame.text(y, box.x + GUTTER + width // 2 - 2, f"-{HISTORY_S / 2:.0f} s", Style.DIM, width - width // 2)
        frame.right(y, box.right - 1, "now", Style.DIM)


def spaced(points: tuple[Point, ...], columns: int, now_s: float, span_s: float = HISTORY_S) -> list[float | None]:
    """By time, the present at the right edge: what was missed is a gap. Points lie less than 2.5 s apart otherwise."""
    found: list[float | None] = [None] * columns
    if columns <= 0:
        return found
    per_column = span_s / columns
    before: tuple[int, Point] | None = None
    for point in points:
        column = columns - 1 - int(max(0.0, now_s - point.at_s) / per_column)
        if column < 0:
            continue
        found[column] = max(point.value, found[column] or 0.0)
        if before and point.at_s - before[1].at_s < 2.5:
            gap = column - before[0]
            for step in range(1, gap):
                found[before[0] + step] = before[1].value + (point.value - before[1].value) * step / gap
        before = (column, point)
    return found

"""Charts of a framework's rates over time: with intervals and links, and as a sparkline. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from system.charts.canvas import (
    ACCENT,
    BOTTOM,
    ERROR,
    LEFT,
    MUTED,
    RIGHT,
    TOP,
    Axes,
    render_chart,
    render_placeholder,
    svg_line,
    svg_path,
    svg_text,
)
from system.charts.scale import Scale, abbreviate, axis_ticks, drawable_number, largest

SPARKLINE_WIDTH, SPARKLINE_HEIGHT = 84, 20
DASHED = "stroke-dasharray:4 3"


@dataclass(frozen=True, slots=True)
class Point:
    """One run. `link`: address of its page."""

    at: datetime
    req_per_sec: float
    low: float | None
    high: float | None
    validity: str
    link: str


@dataclass(frozen=True, slots=True)
class LevelChange:
    """The rate is at another level from `at` on."""

    at: datetime
    text: str


def render_rates_over_time(
    name: str, points: Sequence[Point], changes: Sequence[LevelChange] = (), baseline: float | None = None
) -> str:
    """Requests/s with intervals, oldest first. Invalid runs are hollow, struck through and not part of the line. Dashed
    lines mark the baseline's rate (horizontal) and changes of level (vertical)."""
    title = f"Requests/s of {name} over time"
    if not points:
        return render_placeholder(title, "no run with a result yet.")
    y_ticks = axis_ticks(
        largest(drawable_number(rate) for point in points for rate in (point.req_per_sec, point.high, baseline))
    )
    first, last = points[0].at.timestamp(), points[-1].at.timestamp()
    x, y = Scale(first, max(last, first + 1), LEFT + 8, RIGHT - 8), Scale(0, y_ticks[-1], BOTTOM, TOP)
    line = [(x.at(point.at.timestamp()), y.at(point.req_per_sec)) for point in points if point.validity != "invalid"]
    marks = [svg_path(line, ACCENT, "opacity:.4")]
    marks += [_level_change_mark(change, x) for change in changes if x.low <= change.at.timestamp() <= x.high]
    if baseline is not None:
        marks.append(_baseline_mark(f"baseline {baseline:,.0f}", y.at(baseline)))
    marks += [_run_mark(point, x, y) for point in points]
    moments = [first + (last - first) * quarter / 4 for quarter in range(5)] if last - first >= 1 else [first]
    time_format = "%Y-%m-%d" if last - first > 4 * 86_400 else "%d %b %H:%M"
    x_ticks = [(moment, datetime.fromtimestamp(moment, UTC).strftime(time_format)) for moment in moments]
    invalid = len(points) - len(line)
    description = f"{len(points)} runs, {invalid} of them invalid; the newest {points[-1].req_per_sec:,.0f}"
    axes = Axes(
        title,
        description,
        x,
        y,
        x_ticks,
        [(tick, abbreviate(tick)) for tick in y_ticks],
        "time (UTC)",
        "Requests/s with intervals",
    )
    return render_chart(axes, marks)


def _level_change_mark(change: LevelChange, x: Scale) -> str:
    left = x.at(change.at.timestamp())
    label = f"{change.at:%Y-%m-%d %H:%M}: {change.text}"
    return f"<g><title>{escape(label)}</title>{svg_line(left, TOP, left, BOTTOM, ERROR, DASHED)}</g>"


def _baseline_mark(label: str, height: float) -> str:
    return f"{svg_line(LEFT, height, RIGHT, height, MUTED, DASHED)}{svg_text(RIGHT, height - 4, label, 'end')}"


def _run_mark(point: Point, x: Scale, y: Scale) -> str:
    left, height = x.at(point.at.timestamp()), y.at(point.req_per_sec)
    is_invalid = point.validity == "invalid"
    stroke = ERROR if is_invalid else ACCENT
    marks = ""
    if point.low is not None and point.high is not None:
        low, high = y.at(point.low), y.at(point.high)
        segments = ((left, low, left, high), (left - 3, low, left + 3, low), (left - 3, high, left + 3, high))
        marks += "".join(svg_line(*segment, stroke) for segment in segments)
    marks += (
        f'<circle cx="{left:g}" cy="{height:g}" r="3" style="fill:{"none" if is_invalid else ACCENT};stroke:{stroke}"/>'
    )
    if is_invalid:
        marks += svg_line(left - 7, height, left + 7, height, stroke)
    label = f"{point.at:%Y-%m-%d %H:%M}: {point.req_per_sec:,.0f} requests/s, {point.validity}"
    return f'<a href="{escape(point.link)}"><title>{escape(label)}</title>{marks}</a>'


def render_sparkline(rates: Sequence[float]) -> str:
    """The rates of a table row, oldest first. The scale starts at 0, so that small changes look small."""
    drawable = [rate for rate in rates if drawable_number(rate) is not None]
    if len(drawable) < 2:
        return ""
    x = Scale(0, len(drawable) - 1, 2, SPARKLINE_WIDTH - 4)
    y = Scale(0, max(drawable) or 1, SPARKLINE_HEIGHT - 2, 3)
    points = [(x.at(index), y.at(rate)) for index, rate in enumerate(drawable)]
    description = f"the newest {len(drawable)} rates, from {drawable[0]:,.0f} to {drawable[-1]:,.0f} requests/s"
    dot = f'<circle cx="{points[-1][0]:g}" cy="{points[-1][1]:g}" r="2" style="fill:{ACCENT}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{SPARKLINE_WIDTH}" height="{SPARKLINE_HEIGHT}">'
        f"<title>{description}</title>{svg_path(points, ACCENT)}{dot}</svg>"
    )

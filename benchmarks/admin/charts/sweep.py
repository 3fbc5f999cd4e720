"""Chart of a sweep: latency over rate, with the bracket of the rate that the target holds. [pure]"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from system.charts.canvas import (
    ACCENT,
    BOTTOM,
    ERROR,
    FOREGROUND,
    LEFT,
    MUTED,
    RIGHT,
    TOP,
    Axes,
    Ticks,
    render_chart,
    render_placeholder,
    svg_path,
    svg_text,
)
from system.charts.scale import Scale, abbreviate, axis_ticks, drawable_number
from system.lib.quantities import significant

TITLE = "Latency over rate"
SERIES = (("p50", "p50", MUTED, "stroke-dasharray:6 3"), ("p99", "p99", ACCENT, ""))
LOG_STEPS = (1, 2, 5)
MAX_TICKS = 7


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """A stored step: rate in requests/s, latencies in ms by their key."""

    rate: float
    latencies_ms: Mapping[str, float]
    outcome: str


def render_sweep(sweep: Mapping[str, object]) -> str:
    """`sweep`: as stored. The latency is logarithmic: beyond the limit it is often a hundred times as long as before.
    Steps that did not hold are hollow."""
    points = _read_points(sweep.get("steps"))
    latencies = [value for point in points for value in point.latencies_ms.values()]
    if len(points) < 2 or not latencies:
        return render_placeholder(TITLE, "fewer than two steps with a latency are stored for this run.")
    x_ticks = axis_ticks(points[-1].rate, 8)
    x, y = Scale(0, x_ticks[-1], LEFT, RIGHT), _log_scale(latencies)
    low, high = drawable_number(sweep.get("low")), drawable_number(sweep.get("high"))
    marks = [_bracket_mark(low, high, x)] if low is not None and high is not None else []
    for index, (name, key, stroke, style) in enumerate(SERIES):
        known = [(point, point.latencies_ms[key]) for point in points if key in point.latencies_ms]
        marks.append(svg_path([(x.at(point.rate), y.at(math.log10(value))) for point, value in known], stroke, style))
        marks += [_step_mark(point, name, value, x, y, stroke) for point, value in known]
        left = LEFT + 112 * index
        marks += [
            svg_path([(left, 234), (left + 18, 234)], stroke, style),
            svg_text(left + 23, 238, name, fill=FOREGROUND),
        ]
    held = sum(point.outcome == "held" for point in points)
    description = f"{len(points)} rates from {points[0].rate:,.0f} to {points[-1].rate:,.0f} requests/s, {held} held"
    rates = [(tick, abbreviate(tick)) for tick in x_ticks]
    return render_chart(
        Axes(TITLE, description, x, y, rates, _log_ticks(y), "", "Latency in ms over requests/s"), marks
    )


def _read_points(steps: object) -> list[SweepPoint]:
    """The steps that can be drawn, by rate; of a rate that was repeated the execution that held, else the last one."""
    points: dict[float, SweepPoint] = {}
    for step in steps if isinstance(steps, list) else []:
        rate = drawable_number(step.get("rate")) if isinstance(step, dict) else None
        if rate is None or (rate in points and points[rate].outcome == "held" and step.get("outcome") != "held"):
            continue
        values = {key: drawable_number(step.get(key)) for _, key, _, _ in SERIES}
        latencies = {key: value for key, value in values.items() if value is not None and value > 0}
        points[rate] = SweepPoint(rate, latencies, str(step.get("outcome", "")))
    return [points[rate] for rate in sorted(points)]


def _log_scale(latencies_ms: Sequence[float]) -> Scale:
    """Of the logarithm to base 10, at least one decade."""
    low, high = math.floor(math.log10(min(latencies_ms)) * 3) / 3, math.ceil(math.log10(max(latencies_ms)) * 3) / 3
    return Scale(low, max(high, low + 1), BOTTOM, TOP)


def _log_ticks(y: Scale) -> Ticks:
    """1, 2 and 5 of each power of ten; the powers alone if these are too many."""
    powers = range(math.floor(y.low), math.ceil(y.high) + 1)
    for steps in (LOG_STEPS, LOG_STEPS[:1]):
        values = [step * 10.0**power for power in powers for step in steps]
        inside = [value for value in values if y.low - 1e-9 <= math.log10(value) <= y.high + 1e-9]
        if len(inside) <= MAX_TICKS:
            break
    return [(math.log10(value), significant(value, 3)) for value in inside]


def _bracket_mark(low: float, high: float, x: Scale) -> str:
    left, right = x.at(low), max(x.at(high), x.at(low) + 1)
    label = f"holds {low:,.0f}, but not {high:,.0f} requests/s"
    band = f'<rect x="{left:g}" y="{TOP}" width="{right - left:g}" height="{BOTTOM - TOP}"'
    band += f' style="fill:{ACCENT};opacity:.25"><title>{label}</title></rect>'
    return band + svg_text(RIGHT, TOP - 10, label, "end", ACCENT)


def _step_mark(point: SweepPoint, name: str, latency_ms: float, x: Scale, y: Scale, stroke: str) -> str:
    fill, edge = (stroke, stroke) if point.outcome == "held" else ("none", ERROR)
    label = f"{point.rate:,.0f} requests/s: {name} {significant(latency_ms, 3)} ms, {point.outcome}"
    left, top = x.at(point.rate), y.at(math.log10(latency_ms))
    circle = f'<circle cx="{left:g}" cy="{top:g}" r="3.5" style="fill:{fill};stroke:{edge}">'
    return f"{circle}<title>{escape(label)}</title></circle>"

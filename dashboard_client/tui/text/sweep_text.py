"""Text of a sweep: what it has shown, the latency over the rate as a picture, and its steps. [pure]"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from dashboard_client.formatting.figures import milliseconds, number, short, thousands
from dashboard_client.tui.screen import chart
from dashboard_client.tui.screen.theme import Glyphs
from dashboard_client.wire.benchmarks import Sweep, SweepStep

HEIGHT, GUTTER = 6, 10
OUTCOMES = {"generator": "the generator was the limit"}


def sweep_lines(sweep: Sweep, glyphs: Glyphs, width: int) -> Iterator[str]:
    yield ""
    yield f"sweep        {sweep.text}"
    points = latency_over_rate(sweep.steps)
    if len(points) > 1 and width > 2 * GUTTER:
        yield ""
        yield from _picture(points, glyphs, width - GUTTER - 1)
    yield ""
    yield "step         requests/s     answered        p50        p99   errors   outcome"
    for index, step in enumerate(sweep.steps, 1):
        yield (
            f"{index:<10} {number(step.rate):>12} {number(step.achieved):>12} {milliseconds(step.p50):>10}"
            f" {milliseconds(step.p99):>10} {step.errors:>8}   {OUTCOMES.get(step.outcome, step.outcome)}"
        )
        if step.outcome != "held":
            yield from (f"             {reason}" for reason in step.reasons)


def latency_over_rate(steps: Sequence[SweepStep]) -> list[tuple[float, float]]:
    """Rate and p99 in ms, ascending; of a rate that was repeated the execution that held, else the last one."""
    points: dict[float, SweepStep] = {}
    for step in steps:
        known = points.get(step.rate)
        if known is None or known.outcome != "held" or step.outcome == "held":
            points[step.rate] = step
    return sorted((step.rate, latency) for step in points.values() if (latency := _latency(step)) and step.rate > 0)


def _latency(step: SweepStep) -> float | None:
    """The p99; of a step with too few requests the largest percentile that it has."""
    return next((value for value in (step.p99, step.p90, step.p50) if value), None)


def _picture(points: Sequence[tuple[float, float]], glyphs: Glyphs, width: int) -> Iterator[str]:
    """The latency is logarithmic: beyond the limit it is often a hundred times as long as before."""
    low, high = (limit(latency for _, latency in points) for limit in (min, max))
    columns = width * (2 if glyphs.dots else 1)
    values = [math.log10(latency) for latency in _resampled(points, columns)]
    rows = chart.line(values, HEIGHT, width, math.log10(low), math.log10(high), glyphs)
    labels = {0: high, HEIGHT // 2: math.sqrt(low * high), HEIGHT - 1: low}
    yield "latency      p99 in ms (logarithmic) over requests/s"
    for index, row in enumerate(rows):
        label = short(labels[index]) if index in labels else ""
        yield f"{label:>{GUTTER}} {row}".rstrip()
    first, last = thousands(points[0][0]), thousands(points[-1][0])
    yield f"{'':{GUTTER}} {first}{last:>{max(0, width - len(first))}}"


def _resampled(points: Sequence[tuple[float, float]], columns: int) -> list[float]:
    """The latency at `columns` rates from the first to the last, along straight lines."""
    first, last = points[0][0], points[-1][0]
    values, index = [], 0
    for column in range(columns):
        rate = first + (last - first) * column / max(1, columns - 1)
        while index < len(points) - 2 and points[index + 1][0] < rate:
            index += 1
        (left, before), (right, after) = points[index], points[index + 1]
        share = min(1.0, max(0.0, (rate - left) / (right - left)))
        values.append(before + (after - before) * share)
    return values

"""Latency by percentile, as points of a chart whose x-axis gives the same width to each further nine. [pure]"""

from __future__ import annotations

import math

from benchmarks.analysis.measurement import Latencies

MAX_NINES = 5  # up to 99.999 %
POINTS_PER_NINE = 39  # 196 points at most

Curve = tuple[tuple[float, float], ...]


def latency_curve(latencies: Latencies) -> Curve:
    """`(percentile, ms)`, ascending, at the same percentiles for every run; empty for fewer than two latencies.

    The curve ends before a single latency determines it: that of 1,000 requests ends at 99.9 %.
    """
    total = sum(count for _, count in latencies)
    if total < 2:
        return ()
    last = math.floor(min(MAX_NINES, math.log10(total)) * POINTS_PER_NINE + 1e-9)
    points, position, cumulative = [], 0, 0
    for value_us, count in latencies:
        cumulative += count
        while position <= last and round((percent := _percent(position)) / 100 * total, 6) <= cumulative:
            points.append((percent, value_us / 1000))
            position += 1
    return tuple(points)


def _percent(position: int) -> float:
    """0 at 0, 90 at one nine, 99 at two."""
    return round(100 - 100 / 10 ** (position / POINTS_PER_NINE), 6)

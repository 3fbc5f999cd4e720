"""Where a series of figures moved to another level and stayed there. [pure]

A series is cut in two where its halves differ most, and each half again, as E-divisive does (Matteson and James 2014,
as MongoDB and Apache Otava use it on benchmarks). The distance is the rank statistic of Pettitt (1979) in place of the
energy distance, and his approximation of its chance in place of permutations: nothing here is random, and nothing
assumes a distribution. A cut also needs medians at least 5 % apart, as a step that nobody would notice is no news.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.analysis.rank_tests import doubled_ranks

SIGNIFICANT = 0.001  # Otava's default: a history is asked at each of its points
SMALLEST_STEP = 0.05
FEWEST = 4  # on each side of a cut; fewer cannot be told from an outlier


@dataclass(frozen=True, slots=True)
class Step:
    """`index`: the first point of the new level. `before`, `after`: medians of the levels around it."""

    index: int
    before: float
    after: float
    p: float


def steps(values: Sequence[float]) -> list[Step]:
    """In the order of `values`, which are above 0 and oldest first."""
    cuts = sorted(_cuts(values, 0))
    edges = [0, *(index for index, _ in cuts), len(values)]
    return [
        Step(index, median(values[edges[place] : index]), median(values[index : edges[place + 2]]), p)
        for place, (index, p) in enumerate(cuts)
    ]


def _cuts(values: Sequence[float], offset: int) -> list[tuple[int, float]]:
    found = _cut(values)
    if found is None:
        return []
    index, p = found
    return [(offset + index, p), *_cuts(values[:index], offset), *_cuts(values[index:], offset + index)]


def _cut(values: Sequence[float]) -> tuple[int, float] | None:
    """The index that parts the values best, and the chance of such a part in a series without any."""
    size = len(values)
    if size < 2 * FEWEST:
        return None
    largest, index, rank_sum = 0, 0, 0
    for place, rank in enumerate(doubled_ranks(values), start=1):
        rank_sum += rank
        distance = abs(rank_sum - place * (size + 1))
        if FEWEST <= place <= size - FEWEST and distance > largest:
            largest, index = distance, place
    p = min(1.0, 2 * math.exp(-6 * largest**2 / (size**3 + size**2)))
    if not index or p >= SIGNIFICANT:
        return None
    before, after = median(values[:index]), median(values[index:])
    return (index, p) if abs(after / before - 1) >= SMALLEST_STEP else None

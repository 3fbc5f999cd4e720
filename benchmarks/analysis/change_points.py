"""Finds change points: where a series of figures moved to another level and stayed there. [pure]

Splits the series where its halves differ most, then each half again, as E-divisive does (Matteson and James 2014; used
on benchmarks by MongoDB and Apache Otava). The distance is Pettitt's rank statistic (1979) instead of the energy
distance, and the p-value his approximation instead of permutations: the result is deterministic and assumes no
distribution. A split also needs medians at least 5 % apart, because smaller steps do not matter to users.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.analysis.rank_tests import doubled_ranks

SIGNIFICANCE_LEVEL = 0.001  # Otava's default: a history is tested at each of its points
MIN_STEP = 0.05
MIN_SEGMENT = 4  # points on each side of a split; fewer cannot be distinguished from an outlier


@dataclass(frozen=True, slots=True)
class Step:
    """`index`: first point of the new level. `before`, `after`: medians of the levels around it."""

    index: int
    before: float
    after: float
    p: float


def find_steps(values: Sequence[float]) -> list[Step]:
    """Steps in the order of `values`, which are above 0 and oldest first."""
    splits = sorted(_find_splits(values, 0))
    edges = [0, *(index for index, _ in splits), len(values)]
    return [
        Step(index, median(values[edges[number] : index]), median(values[index : edges[number + 2]]), p)
        for number, (index, p) in enumerate(splits)
    ]


def _find_splits(values: Sequence[float], offset: int) -> list[tuple[int, float]]:
    split = _best_split(values)
    if split is None:
        return []
    index, p = split
    return [(offset + index, p), *_find_splits(values[:index], offset), *_find_splits(values[index:], offset + index)]


def _best_split(values: Sequence[float]) -> tuple[int, float] | None:
    """The index that separates the values best, with its p-value."""
    size = len(values)
    if size < 2 * MIN_SEGMENT:
        return None
    largest, index, rank_sum = 0, 0, 0
    for left_size, rank in enumerate(doubled_ranks(values), start=1):
        rank_sum += rank
        distance = abs(rank_sum - left_size * (size + 1))
        if MIN_SEGMENT <= left_size <= size - MIN_SEGMENT and distance > largest:
            largest, index = distance, left_size
    p = min(1.0, 2 * math.exp(-6 * largest**2 / (size**3 + size**2)))
    if not index or p >= SIGNIFICANCE_LEVEL:
        return None
    before, after = median(values[:index]), median(values[index:])
    return (index, p) if abs(after / before - 1) >= MIN_STEP else None

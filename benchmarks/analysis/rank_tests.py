"""Rank statistics: confidence interval of a run's rate; exact Mann-Whitney test and ratio of two runs. [pure]

Trials are few (3 to 50) and not normally distributed, so no distribution is assumed. Single requests are not
independent samples; only whole trials are compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist, median

CONFIDENCE = 0.95
# Above these limits the normal approximation is good enough, and the exact distribution not worth its cost.
MAX_EXACT_SPLITS, MAX_EXACT_TRIALS = 10_000_000, 40


def doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the rank of each value, with mid-ranks for ties: integers, so that sums stay exact."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for position in range(first, last + 1):
            ranks[order[position]] = first + last + 2
        first = last + 1
    return ranks


def mann_whitney(base: Sequence[float], new: Sequence[float]) -> float:
    """Two-sided p-value of the Mann-Whitney test.

    Exact given the ties (Mann and Whitney 1947, by counting rank sums); for large samples from the tie-corrected normal
    distribution.
    """
    if not base or not new:
        return 1.0
    total = len(base) + len(new)
    ranks = doubled_ranks([*base, *new])
    if math.comb(total, len(base)) <= MAX_EXACT_SPLITS and total <= MAX_EXACT_TRIALS:
        return _exact_p(ranks, len(base))
    return _normal_p(ranks, len(base))


def _exact_p(ranks: Sequence[int], size: int) -> float:
    middle = size * (len(ranks) + 1)  # the mean of the doubled rank sum
    observed = abs(sum(ranks[:size]) - middle)
    counts: list[dict[int, int]] = [{0: 1}, *({} for _ in range(size))]  # by number of ranks chosen: sum → subsets
    for rank in ranks:
        for chosen in range(size - 1, -1, -1):
            extended = counts[chosen + 1]
            for sum_, count in counts[chosen].items():
                extended[sum_ + rank] = extended.get(sum_ + rank, 0) + count
    extreme = sum(count for sum_, count in counts[size].items() if abs(sum_ - middle) >= observed)
    return min(1.0, extreme / math.comb(len(ranks), size))


def _normal_p(ranks: Sequence[int], size: int) -> float:
    total, others = len(ranks), len(ranks) - size
    u = (sum(ranks[:size]) - size * (size + 1)) / 2
    ties = sum(count**3 - count for count in (ranks.count(rank) for rank in set(ranks)))
    variance = size * others / 12 * ((total + 1) - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    z = max(0.0, (abs(u - size * others / 2) - 0.5) / math.sqrt(variance))
    return 2 * (1 - NormalDist().cdf(z))


@dataclass(frozen=True, slots=True)
class Ratio:
    """`new / base` and its interval; None with too few trials for one."""

    estimate: float
    low: float | None
    high: float | None


def ratio(base: Sequence[float], new: Sequence[float], confidence: float = CONFIDENCE) -> Ratio:
    """The Hodges-Lehmann estimate of new/base, with the interval that inverts the Mann-Whitney test. All values are
    above 0; the shift is estimated on logarithms."""
    differences = sorted(math.log(new_value) - math.log(base_value) for base_value in base for new_value in new)
    counts, total = _u_counts(len(base), len(new)), math.comb(len(base) + len(new), len(base))
    bound, cumulative = -1, 0.0
    for u in range(len(differences) + 1):
        cumulative += counts.get(u, 0) / total
        if cumulative > (1 - confidence) / 2:
            break
        bound = u
    estimate = math.exp(median(differences))
    if bound < 0:
        return Ratio(estimate, None, None)
    return Ratio(estimate, math.exp(differences[bound]), math.exp(differences[len(differences) - 1 - bound]))


@lru_cache(maxsize=4096)
def _u_counts(size: int, others: int) -> dict[int, int]:
    """The distribution of U without ties: U → number of arrangements."""
    if not size or not others:
        return {0: 1}
    counts: dict[int, int] = {}
    for u, count in _u_counts(size - 1, others).items():
        counts[u + others] = counts.get(u + others, 0) + count
    for u, count in _u_counts(size, others - 1).items():
        counts[u] = counts.get(u, 0) + count
    return counts


def median_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """A confidence interval of the median by order statistics (the sign test inverted); None below six values at
    95 %."""
    ordered, tail = sorted(values), 0.0
    for rank in range(len(ordered) // 2 + 1):
        tail += math.comb(len(ordered), rank) / 2 ** len(ordered)
        if tail > (1 - confidence) / 2:
            return (ordered[rank - 1], ordered[len(ordered) - rank]) if rank else None
    return None


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for multiple comparisons (Holm 1979), in the same order."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, largest = [1.0] * len(p_values), 0.0
    for position, index in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - position) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def coefficient_of_variation(values: Sequence[float]) -> float:
    """Standard deviation as a share of the mean; 0 for fewer than two values."""
    if len(values) < 2:
        return 0.0
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return math.sqrt(variance) / mean if mean else 0.0

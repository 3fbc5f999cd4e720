"""What two sets of trials can tell: exact rank tests, the ratio between them with its interval. [pure]

Trials are few (3 to 50) and not normal, so nothing here assumes a distribution. Requests are no independent samples;
only whole trials are compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist, median

CONFIDENCE = 0.95
# Above these the exact distribution costs more than it adds; the normal one is good by then.
EXACT_WAYS, EXACT_TRIALS = 10_000_000, 40


def doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the rank of each value, ties sharing their middle: whole numbers, so that sums stay exact."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for place in range(first, last + 1):
            ranks[order[place]] = first + last + 2
        first = last + 1
    return ranks


def mann_whitney(base: Sequence[float], new: Sequence[float]) -> float:
    """The probability of a difference in ranks at least as large if the two were the same (two-sided).

    Exact given the ties (Mann and Whitney 1947, by counting rank sums), else by the tie-corrected normal distribution.
    """
    if not base or not new:
        return 1.0
    total = len(base) + len(new)
    ranks = doubled_ranks([*base, *new])
    if math.comb(total, len(base)) <= EXACT_WAYS and total <= EXACT_TRIALS:
        return _exact(ranks, len(base))
    return _normal(ranks, len(base))


def _exact(ranks: Sequence[int], size: int) -> float:
    middle = size * (len(ranks) + 1)  # the mean of the doubled rank sum
    found = abs(sum(ranks[:size]) - middle)
    ways: list[dict[int, int]] = [{0: 1}, *({} for _ in range(size))]
    for rank in ranks:
        for chosen in range(size - 1, -1, -1):
            following = ways[chosen + 1]
            for sum_, count in ways[chosen].items():
                following[sum_ + rank] = following.get(sum_ + rank, 0) + count
    extreme = sum(count for sum_, count in ways[size].items() if abs(sum_ - middle) >= found)
    return min(1.0, extreme / math.comb(len(ranks), size))


def _normal(ranks: Sequence[int], size: int) -> float:
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
    """`new / base` and its interval; None where the trials are too few for one."""

    estimate: float
    low: float | None
    high: float | None


def ratio(base: Sequence[float], new: Sequence[float], confidence: float = CONFIDENCE) -> Ratio:
    """The Hodges-Lehmann estimate of new/base, with the interval that inverts the Mann-Whitney test. All values
    are above 0; the shift is that of the logarithms."""
    steps = sorted(math.log(later) - math.log(earlier) for earlier in base for later in new)
    counts, all_ways = _ways(len(base), len(new)), math.comb(len(base) + len(new), len(base))
    outside, so_far = -1, 0.0
    for u in range(len(steps) + 1):
        so_far += counts.get(u, 0) / all_ways
        if so_far > (1 - confidence) / 2:
            break
        outside = u
    estimate = math.exp(median(steps))
    if outside < 0:
        return Ratio(estimate, None, None)
    return Ratio(estimate, math.exp(steps[outside]), math.exp(steps[len(steps) - 1 - outside]))


@lru_cache(maxsize=4096)
def _ways(size: int, others: int) -> dict[int, int]:
    """In how many ways U comes out as each number, without ties."""
    if not size or not others:
        return {0: 1}
    found: dict[int, int] = {}
    for u, count in _ways(size - 1, others).items():
        found[u + others] = found.get(u + others, 0) + count
    for u, count in _ways(size, others - 1).items():
        found[u] = found.get(u, 0) + count
    return found


def median_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """An interval for the median from the order of the values alone (the sign test turned round); None below six
    values at 95 %."""
    ordered, below = sorted(values), 0.0
    for place in range(len(ordered) // 2 + 1):
        below += math.comb(len(ordered), place) / 2 ** len(ordered)
        if below > (1 - confidence) / 2:
            return (ordered[place - 1], ordered[len(ordered) - place]) if place else None
    return None


def holm(probabilities: Sequence[float]) -> list[float]:
    """The probabilities adjusted for having asked several questions (Holm 1979), in the same order."""
    order = sorted(range(len(probabilities)), key=probabilities.__getitem__)
    adjusted, largest = [1.0] * len(probabilities), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - place) * probabilities[index]))
        adjusted[index] = largest
    return adjusted


def spread(values: Sequence[float]) -> float:
    """Standard deviation as a share of the mean; 0 for fewer than two values."""
    if len(values) < 2:
        return 0.0
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return math.sqrt(variance) / mean if mean else 0.0

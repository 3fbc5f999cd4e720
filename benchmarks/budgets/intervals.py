"""Confidence intervals of shares, and of the percentiles of one trial. [pure]"""

from __future__ import annotations

import math
from collections.abc import Callable

from benchmarks.analysis.measurement import Latencies, percentile_us
from benchmarks.analysis.rank_tests import CONFIDENCE

TAIL = (1 - CONFIDENCE) / 2
BISECTIONS = 60  # halve the range from 0 to 1 down to the precision of a float
MAX_FRACTIONS, PRECISION, TINY = 100_000, 1e-12, 1e-300
Interval = tuple[float | None, float | None]  # None: no bound on that side


def share_interval(count: int, total: int) -> tuple[float, float]:
    """The interval of a share of which `count` of `total` was seen (Clopper and Pearson 1934).

    It never covers less than its 95 %, unlike Wilson's, whose lower bound is too high for a few events.
    """
    low = _root(lambda share: _beta(share, count, total - count + 1) >= TAIL) if count else 0.0
    high = _root(lambda share: _beta(share, count + 1, total - count) >= 1 - TAIL) if count < total else 1.0
    return low, high


def percentile_interval(latencies: Latencies, percent: float, duration_s: float) -> Interval:
    """The interval in µs of a percentile of one trial, by order statistics (David and Nagaraja, 2003, section 7.1).

    Latencies are not independent: requests in flight at the same time share what happens to the target. So the sample
    counts as smaller, by the number in flight (Kish's design effect, 1965, for an interval as Woodruff's, 1952). By
    Little's law that number is the sum of the latencies over the duration.
    """
    size = sum(count for _, count in latencies)
    in_flight = sum(value * count for value, count in latencies) / 1e6 / duration_s if duration_s > 0 else float(size)
    effective = int(size / max(1.0, in_flight))
    low_rank, high_rank = order_statistics(effective, percent / 100)
    low = percentile_us(latencies, 100 * low_rank / effective) if low_rank else None
    high = percentile_us(latencies, 100 * high_rank / effective) if high_rank else None
    return low, high


def order_statistics(size: int, quantile: float) -> tuple[int | None, int | None]:
    """Ranks (from 1) of the values of a sample between which the quantile lies with 95 %; None where the sample is too
    small for a bound on that side."""
    below = _first(size, lambda rank: _binomial_cdf(rank - 1, size, quantile) > TAIL)  # the first rank too high
    high = _first(size, lambda rank: _binomial_cdf(rank - 1, size, quantile) >= 1 - TAIL)
    return below - 1 or None, high if high <= size else None


def _first(size: int, is_true: Callable[[int], bool]) -> int:
    """The first rank from 1 for which an ascending condition is true; `size` + 1 if it is for none."""
    low, high = 1, size + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_true(middle) else (middle + 1, high)
    return low


def _root(is_above: Callable[[float], bool]) -> float:
    """Where an ascending condition on shares becomes true."""
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_above(middle) else (middle, high)
    return high


def _binomial_cdf(count: int, size: int, share: float) -> float:
    """The probability of at most `count` of `size`."""
    if count >= size:
        return 1.0
    return 1 - _beta(share, count + 1, size - count) if count >= 0 else 0.0


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (Abramowitz and Stegun, 26.5.8)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where the fraction of the complement converges quickly
        return 1 - _beta(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) / a * _beta_fraction(x, a, b)


def _beta_fraction(x: float, a: float, b: float) -> float:
    """By Lentz's method: the numerator and the denominator as ratios of successive convergents, never 0."""
    numerator, denominator = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = denominator
    for step in range(1, MAX_FRACTIONS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for term in (even, odd):
            denominator = 1 / _not_zero(1 + term * denominator)
            numerator = _not_zero(1 + term / numerator)
            value *= numerator * denominator
        if abs(numerator * denominator - 1) < PRECISION:
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY

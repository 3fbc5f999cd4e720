from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from benchmarks.analysis.measurement import Latencies
from benchmarks.budgets.intervals import order_statistics, percentile_interval, share_interval


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [  # binom.test of R 4.3
        (0, 10, 0, 0.3084971),
        (1, 10, 0.002528579, 0.4450161),
        (5, 100, 0.01643188, 0.1128349),
        (10, 10, 0.6915029, 1),
        (0, 200_000, 0, 1.84442e-05),
    ],
)
def test_the_interval_of_a_share_is_that_of_clopper_and_pearson(
    count: int, total: int, low: float, high: float
) -> None:
    assert share_interval(count, total) == pytest.approx((low, high), rel=1e-5)


@pytest.mark.parametrize("size", [1, 5, 6, 59, 60, 368, 400, 1000])
@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.99])
def test_order_statistics_cover_the_quantile_with_95_percent(size: int, quantile: float) -> None:
    """By the exact binomial distribution, whose terms are summed here."""
    terms = [math.comb(size, count) * quantile**count * (1 - quantile) ** (size - count) for count in range(size + 1)]
    low, high = order_statistics(size, quantile)

    below, above = sum(terms[: low or 0]), sum(terms[high:]) if high else 0.0  # the quantile is outside
    assert (below <= 0.025 + 1e-9, above <= 0.025 + 1e-9) == (True, True)
    assert low is None or sum(terms[: low + 1]) > 0.025  # and no bound could be closer
    assert high is None or sum(terms[high - 1 :]) > 0.025


def latencies_of(values: list[int]) -> Latencies:
    return tuple(sorted(Counter(values).items()))


def test_requests_in_flight_at_the_same_time_count_as_one() -> None:
    """A hundred connections whose requests always take equally long are a sample of one."""
    chance = random.Random(1)
    batches = [chance.randint(1000, 99_000) for _ in range(2000)]
    alone = latencies_of(batches)
    shared = tuple((value, 100 * count) for value, count in alone)
    duration_s = sum(batches) / 1e6

    assert percentile_interval(shared, 99, duration_s) == percentile_interval(alone, 99, duration_s)
    assert percentile_interval(alone, 99, 10 * duration_s) == percentile_interval(alone, 99, duration_s)


def test_a_trial_with_hardly_an_independent_request_has_no_upper_bound() -> None:
    assert percentile_interval(((1_000_000, 100_000),), 99, 2.0) == (1_000_000, None)
    assert percentile_interval(((1000, 5),), 50, 0.0) == (None, None)

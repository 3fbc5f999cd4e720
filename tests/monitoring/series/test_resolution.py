from __future__ import annotations

from itertools import pairwise

import pytest

from monitoring.series import resolution
from monitoring.series.resolution import DAY_S, HOUR_S, TIERS

NOW_S = 1_795_800_000.0


@pytest.mark.parametrize(
    ("span_s", "ago_s", "points", "seconds"),
    [
        (HOUR_S, 0, 300, 20),
        (HOUR_S, 0, 2000, 10),
        (15 * 60, 0, 300, 10),
        (DAY_S, 0, 300, 300),
        (DAY_S, 0, 2000, 50),
        (14 * DAY_S, 0, 300, 4200),
        (14 * DAY_S, 0, 2000, 660),
        (365 * DAY_S, 0, 300, 108_000),
        (HOUR_S, 2 * DAY_S, 300, 60),
        (HOUR_S, 20 * DAY_S, 300, 600),
        (HOUR_S, 500 * DAY_S, 300, 600),
        (1, 0, 1, 10),
    ],
)
def test_the_resolution_follows_from_the_range_and_from_what_is_kept(
    span_s: float, ago_s: float, points: int, seconds: int
) -> None:
    to_s = NOW_S - ago_s

    assert resolution.choose(to_s - span_s, to_s, points, NOW_S).seconds == seconds


def test_a_block_of_each_tier_holds_whole_hours_and_the_intervals_divide_each_other() -> None:
    assert all(tier.block_s % HOUR_S == 0 and HOUR_S % tier.step_s == 0 for tier in TIERS)
    assert all(coarse.step_s % fine.step_s == 0 for fine, coarse in pairwise(TIERS))

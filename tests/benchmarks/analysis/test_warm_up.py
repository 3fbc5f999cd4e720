from __future__ import annotations

import pytest

from benchmarks.analysis.warm_up import burst_duration_s, is_steady, max_warmup_s


def test_the_warm_up_is_no_longer_than_a_trial() -> None:
    assert (burst_duration_s(1), max_warmup_s(1), burst_duration_s(10), max_warmup_s(10), max_warmup_s(60)) == (
        1,
        1,
        2,
        10,
        30,
    )


@pytest.mark.parametrize(
    ("rates", "expected"),
    [([], False), ([100, 100], False), ([50, 100, 98, 99], True), ([100, 98, 96], False), ([100, 100, 100, 90], False)],
)
def test_three_bursts_that_agree_are_steady(rates: list[float], expected: bool) -> None:
    assert is_steady(rates) is expected

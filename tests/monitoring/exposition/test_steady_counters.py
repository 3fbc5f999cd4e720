from __future__ import annotations

import pytest

from monitoring.exposition.steady_counters import SteadyCounters


@pytest.mark.parametrize(
    ("figures", "never_below", "continued"),
    [
        ([1, 2, 5], [1, 2, 5], [1, 2, 5]),
        ([5, 3, 4, 7], [5, 5, 5, 7], [5, 5, 6, 9]),
        ([5, 0, 0, 5], [5, 5, 5, 5], [5, 5, 5, 10]),
    ],
)
def test_a_counter_does_not_fall(figures: list[float], never_below: list[float], continued: list[float]) -> None:
    counters = SteadyCounters()

    assert [counters.never_below("a", figure) for figure in figures] == never_below
    assert [counters.continued("b", figure) for figure in figures] == continued


def test_the_least_recently_read_is_dropped() -> None:
    counters = SteadyCounters(limit=2)
    for key in ("a", "b", "a", "c"):
        counters.never_below(key, 9)

    assert [counters.never_below(key, 1) for key in ("a", "b")] == [9, 1]

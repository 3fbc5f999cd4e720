from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.admin.ranges import Window, around_exit, is_usable, up_to_end

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
NOW_S = NOW.timestamp()


def test_a_range_ends_now_or_with_the_instance() -> None:
    assert up_to_end("1h", None, NOW_S) == Window(NOW_S - 3600, NOW_S)
    assert up_to_end("1d", NOW - timedelta(days=9), NOW_S) == Window(NOW_S - 10 * 86_400, NOW_S - 9 * 86_400)
    assert up_to_end("1y", datetime(1, 1, 1, tzinfo=UTC), NOW_S) == Window(NOW_S - 365 * 86_400, NOW_S)


@pytest.mark.parametrize(("minutes_ago", "minutes_after"), [(600, 30), (30, 30), (10, 10), (0, 0), (-60, 0)])
def test_an_exit_is_in_the_middle_of_its_hour_unless_that_is_not_over(minutes_ago: int, minutes_after: int) -> None:
    at = NOW - timedelta(minutes=minutes_ago)
    end_s = at.timestamp() + 60 * minutes_after

    assert around_exit(at, NOW_S) == Window(end_s - 3600, end_s)


def test_times_that_no_clock_had_are_not_usable() -> None:
    years = (1, 1970, 1971, 2026, 9998, 9999)
    assert [is_usable(datetime(year, 1, 1, tzinfo=UTC)) for year in years] == [False, False, True, True, True, False]
    assert not is_usable(None)

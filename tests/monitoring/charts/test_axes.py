from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitoring.charts.axes import choose_symbol, describe_range, format_length, time_ticks, value_ticks
from monitoring.series.catalogue import Unit


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("2026-11-27T10:00:20", "2026-11-27T10:01:00", ["10:00:20", "10:00:30", "10:00:40", "10:00:50", "10:01:00"]),
        ("2026-11-27T10:04", "2026-11-27T11:04", ["10:10", "10:20", "10:30", "10:40", "10:50", "11:00"]),
        ("2026-11-26T22:10", "2026-11-27T22:10", ["27 Nov", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"]),
        ("2026-11-13T22:10", "2026-11-27T22:10", ["15 Nov", "17 Nov", "19 Nov", "21 Nov", "23 Nov", "25 Nov", "27 Nov"]),
        ("2025-11-27T22:10", "2026-11-27T22:10", ["Jan 2026", "Mar 2026", "May 2026", "Jul 2026", "Sep 2026", "Nov 2026"]),
    ],
)  # fmt: skip
def test_times_are_round_and_in_utc(begin: str, end: str, expected: list[str]) -> None:
    ticks = time_ticks(seconds(begin), seconds(end))

    assert [label for _, label in ticks] == expected
    assert all(seconds(begin) <= moment <= seconds(end) for moment, _ in ticks)


def test_a_day_when_clocks_elsewhere_change_has_24_hours() -> None:
    ticks = time_ticks(seconds("2026-03-29T00:00"), seconds("2026-03-30T00:00"))

    assert [moment - ticks[0][0] for moment, _ in ticks] == [hour * 3600 for hour in range(0, 25, 3)]


@pytest.mark.parametrize("years", [1, 3, 9, 40, 500])
def test_a_long_range_has_few_ticks(years: int) -> None:
    ticks = time_ticks(seconds("2026-11-27T10:00"), seconds("2026-11-27T10:00") + years * 365.25 * 86_400)

    assert 1 <= len(ticks) <= 60
    assert [moment for moment, _ in ticks] == sorted(moment for moment, _ in ticks)


@pytest.mark.parametrize(
    ("unit", "high", "name", "labels"),
    [
        (Unit.PERCENT, 0.0, "%", ["0", "1"]),
        (Unit.PERCENT, 380.0, "%", ["0", "100", "200", "300", "400"]),
        (Unit.BYTES, 900.0, "B", ["0", "200", "400", "600", "800", "1,000"]),
        (Unit.BYTES, 300 * 2.0**20, "MB", ["0", "100", "200", "300"]),
        (Unit.BYTES, 1.5 * 2.0**30, "GB", ["0", "0.5", "1", "1.5"]),
        (Unit.BYTES, 9e14, "TB", ["0", "200", "400", "600", "800", "1,000"]),
        (Unit.BYTES_PER_SECOND, 3000.0, "kB/s", ["0", "1", "2", "3"]),
        (Unit.MILLISECONDS, 0.004, "ms", ["0", "0.001", "0.002", "0.003", "0.004"]),
        (Unit.COUNT, 4.0, "", ["0", "1", "2", "3", "4"]),
    ],
)
def test_values_have_the_unit_that_suits_the_largest(unit: Unit, high: float, name: str, labels: list[str]) -> None:
    symbol = choose_symbol(unit, high)
    ticks = value_ticks(high, symbol)

    assert (symbol.name, [label for _, label in ticks]) == (name, labels)
    assert ticks[-1][0] >= high


def test_every_unit_has_a_symbol() -> None:
    assert {unit: choose_symbol(unit, 3.0).format(2.5) for unit in Unit} == {
        Unit.PERCENT: "2.5 %", Unit.BYTES: "2.5 B", Unit.BYTES_PER_SECOND: "2.5 B/s", Unit.PER_SECOND: "2.5 per second",
        Unit.MILLISECONDS: "2.5 ms", Unit.COUNT: "2.5", Unit.LOAD: "2.5",
    }  # fmt: skip


def test_ranges_and_lengths_are_in_words() -> None:
    begin = seconds("2026-11-27T10:00")

    assert describe_range(begin, begin + 3600) == "2026-11-27 10:00 to 11:00 UTC"
    assert describe_range(begin, begin + 86_400) == "2026-11-27 10:00 to 2026-11-28 10:00 UTC"
    assert [format_length(length) for length in (10, 240, 5400, 86_400)] == ["10 s", "4 min", "1.5 h", "1 d"]

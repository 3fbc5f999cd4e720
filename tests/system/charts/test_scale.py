from __future__ import annotations

from system.charts.scale import Scale, abbreviate, axis_ticks, drawable_number


def test_an_axis_has_round_numbers_up_to_the_largest_value() -> None:
    assert axis_ticks(0) == (0, 1)
    assert axis_ticks(100) == (0, 20, 40, 60, 80, 100)
    assert axis_ticks(0.31) == (0, 0.1, 0.2, 0.3, 0.4)
    assert [abbreviate(value) for value in (0.00001, 0.02, 950, 12_000, 1_500_000)] == [
        "0.00001",
        "0.02",
        "950",
        "12k",
        "1.5M",
    ]
    assert [abbreviate(value) for value in (999.9, 999_999, 1e15)] == ["1,000", "1,000k", "1,000,000G"]
    assert [drawable_number(value) for value in (3, None, "3", float("nan"), 1e300, -1, True)] == [3, *[None] * 6]
    assert Scale(0, 10, 100, 0).at(2.5) == 75

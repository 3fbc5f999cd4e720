from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.charts.marks import Mark
from monitoring.charts.timeline import MAX_READINGS, Interval, Series, render_series
from monitoring.series.catalogue import Unit
from system.charts.canvas import BOTTOM, LEFT, RIGHT, TOP

HOSTILE = "</svg><script>alert(1)</script>"
SVG = "{http://www.w3.org/2000/svg}"
BEGIN = datetime(2026, 11, 27, 10, tzinfo=UTC).timestamp()
END = BEGIN + 600


def render(intervals: list[Interval], unit: Unit = Unit.PERCENT, seconds: float = 10, subject: str = "api 0") -> str:
    return render_series(Series(subject, "CPU", unit, seconds, intervals, "of one core"), [], BEGIN, END)


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - ours


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in parse(svg).iter(f"{SVG}text")]


def readings(svg: str) -> list[str]:
    return [element.findtext(f"{SVG}title") or "" for element in parse(svg).iter(f"{SVG}rect")]


def paths(svg: str) -> list[list[tuple[float, float]]]:
    """The points of bands and lines, in their order."""
    found_paths = [element.get("d") or "" for element in parse(svg).findall(f"{SVG}path")]
    return [
        [(float(left), float(top)) for left, top in re.findall(r"([-\d.]+) ([-\d.]+)", path)] for path in found_paths
    ]


def test_a_series_is_a_line_in_a_band() -> None:
    svg = render([(BEGIN, 0, 50, 100), (BEGIN + 10, 20, 40, 60)], seconds=10)
    band, line = paths(svg)
    a_second = (RIGHT - LEFT) / 600
    lefts = [LEFT, LEFT + 5 * a_second, LEFT + 15 * a_second, LEFT + 20 * a_second]

    def at(value: float) -> float:
        return BOTTOM + (TOP - BOTTOM) * value / 100

    assert [left for left, _ in line] == pytest.approx(lefts, abs=0.06)
    assert [top for _, top in line] == [*map(at, (50, 50, 40, 40))]
    assert [top for _, top in band] == [*map(at, (100, 100, 60, 60)), *map(at, (20, 20, 0, 0))]
    assert [left for left, _ in band] == [left for left, _ in (*line, *reversed(line))]
    assert texts(svg) == [
        "CPU in % of one core", "2026-11-27 10:00 to 10:10 UTC", "0", "20", "40", "60", "80", "100",
        *[f"10:{minute:02}" for minute in range(0, 12, 2)], "line: mean of 10 s; band: minimum to maximum",
    ]  # fmt: skip
    assert parse(svg).findtext(f"{SVG}title") == "CPU of api 0"
    assert parse(svg).findtext(f"{SVG}desc") == (
        "2026-11-27 10:00 to 10:10 UTC: mean 45 %, minimum 0 %, maximum 100 %; the newest mean is 40 %"
    )
    assert readings(svg) == [
        "2026-11-27 10:00:00 – 10:00:10 UTC: mean 50 %, 0 % to 100 %",
        "2026-11-27 10:00:10 – 10:00:20 UTC: mean 40 %, 20 % to 60 %",
    ]


def test_no_line_crosses_a_gap() -> None:
    svg = render([(BEGIN + offset, 1, 1, 1) for offset in (0, 10, 30, 40, 500)])
    lines = paths(svg)[1::2]

    assert [(round(line[0][0] - LEFT), round(line[-1][0] - LEFT)) for line in lines] == [(0, 16), (24, 41), (408, 416)]
    assert "; 2 gaps" in (parse(svg).findtext(f"{SVG}desc") or "")
    assert len(readings(svg)) == 5


def test_one_interval_is_as_wide_as_it_is_long() -> None:
    band, line = paths(render([(BEGIN + 300, 1, 2, 3)], seconds=60))

    assert (round(line[-1][0] - line[0][0]), len(band)) == (49, 6)


def test_intervals_at_the_edges_end_there() -> None:
    svg = render([(BEGIN - 30, 1, 1, 1), (BEGIN + 30, 1, 1, 1), (BEGIN + 570, 1, 1, 1)], seconds=60)

    assert min(left for path in paths(svg) for left, _ in path) == LEFT
    assert max(left for path in paths(svg) for left, _ in path) == RIGHT


def test_without_intervals_there_is_a_sentence() -> None:
    outside = [(BEGIN - 10, 1.0, 1.0, 1.0), (END, 1.0, 1.0, 1.0)]
    odd = [(BEGIN, float("nan"), 1.0, 1.0), (BEGIN, -1.0, 1.0, 2.0), (BEGIN, 0.0, 1.0, 1e300)]
    for intervals in ([], outside, odd):
        assert render(intervals) == '<p class="no-picture"><b>CPU of api 0:</b> nothing is recorded of this time.</p>'
    reason = render_series(Series("x", "CPU", Unit.PERCENT, 10, []), [], BEGIN, END, reason="no <agent>.")
    assert reason == '<p class="no-picture"><b>CPU of x:</b> no &lt;agent&gt;.</p>'


def test_a_name_is_escaped() -> None:
    svg = render([(BEGIN, 1, 1, 1)], subject=HOSTILE)

    assert "<script" not in svg
    assert parse(svg).findtext(f"{SVG}title") == f"CPU of {HOSTILE}"
    assert "<script" not in render([], subject=HOSTILE)


def test_marks_are_drawn_over_the_series() -> None:
    marks = [Mark(BEGIN + 60, "exit", "killed", "/e/1")]
    svg = render_series(Series("x", "CPU", Unit.PERCENT, 10, [(BEGIN, 1, 1, 1)]), marks, BEGIN, END)

    assert parse(svg).findtext(f"{SVG}a/{SVG}title") == "2026-11-27 10:01:00 killed"
    assert svg.index("<a href") > svg.index("<rect")


def test_a_chart_has_a_bounded_number_of_tooltips() -> None:
    intervals = [(BEGIN + 0.5 * number, 1.0, 2.0, float(number)) for number in range(1200)]
    labels = readings(render(intervals, seconds=0.5))

    assert len(labels) == MAX_READINGS
    assert labels[0] == "2026-11-27 10:00:00 – 10:00:05 UTC: mean 2 %, 1 % to 9 %"


@given(
    st.lists(st.tuples(st.integers(0, 59), st.floats(0, 9e14), st.floats(0, 9e14), st.floats(0, 9e14)), max_size=20),
    st.sampled_from(Unit),
)
def test_any_values_are_drawn_inside_the_axes(rows: list[tuple[int, float, float, float]], unit: Unit) -> None:
    by_slot = {slot: sorted(values) for slot, *values in rows}
    intervals = [(BEGIN + 10 * slot, low, mean, high) for slot, (low, mean, high) in sorted(by_slot.items())]
    svg = render(intervals, unit)

    if intervals:
        points = [point for path in paths(svg) for point in path]
        assert all(LEFT <= left <= RIGHT and TOP <= top <= BOTTOM for left, top in points)
        assert re.search(r"\d(e[-+]|nan|inf)", svg) is None

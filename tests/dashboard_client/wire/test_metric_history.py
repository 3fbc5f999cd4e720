"""Intervals of the history in columns of a chart: equal to a brute-force reference."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from dashboard_client.wire.decode import convert
from dashboard_client.wire.metric_history import (
    Annotation,
    Interval,
    MetricHistory,
    in_columns,
    in_order_of_importance,
    summary,
)

BODY = {
    "metric": "app.cpu", "subject": "api", "unit": "percent", "resolutionSeconds": 60,
    "from": "2026-11-27T10:00:00.000Z", "to": "2026-11-27T11:00:00.000Z",
    "points": [[120.0, 1.2, 2.5, 9.0], [60, 1, 2, 3], [180, 1, 2], [240, None, 2, 3], "x", [-1, 1, 2, 3], [1e12, 1, 2, 3]],
    "annotations": [
        {"at": "2026-11-27T10:03:21.000Z", "kind": "exit", "text": "api 3 \x1b[2Jexited", "id": "123", "subject": "api"},
        {"at": "never", "kind": "exit"},
    ],
}  # fmt: skip


def test_readable_points_come_in_the_order_of_time() -> None:
    history = convert(MetricHistory, BODY)

    assert history.intervals() == (Interval(60.0, 1.0, 2.0, 3.0), Interval(120.0, 1.2, 2.5, 9.0))
    assert [(one.kind, one.text, one.id) for one in history.annotations] == [("exit", "api 3 exited", "123")]
    assert history.from_ is not None
    assert history.to is not None
    assert (history.to - history.from_).total_seconds() == 3600


@given(
    st.sets(st.integers(0, 40), max_size=20), st.sampled_from([0.5, 1.0, 3.0, 7.0]), st.integers(-5, 20),
    st.integers(1, 40), st.integers(0, 30),
)  # fmt: skip
def test_columns_are_those_of_a_brute_force_reference(
    starts: set[int], length_s: float, start_s: int, span_s: int, columns: int
) -> None:
    intervals = [Interval(start * length_s, start - 1.0, float(start), start + 2.0) for start in sorted(starts)]

    result = in_columns(intervals, length_s, start_s, start_s + span_s, columns)

    assert len(result) == columns
    for column, one in enumerate(result):
        begin, end = (start_s + span_s * edge / columns for edge in (column, column + 1))
        inside = [
            other for other in intervals if other.start_s + length_s > begin + 1e-6 and other.start_s < end - 1e-6
        ]
        touching = [
            other for other in intervals if other.start_s + length_s > begin - 1e-6 and other.start_s < end + 1e-6
        ]
        if not touching:
            assert one is None
        if inside:
            assert one is not None
            assert one.low <= min(other.low for other in inside)
            assert one.high >= max(other.high for other in inside)
            assert min(other.low for other in touching) <= one.low <= one.mean <= one.high
            if inside == touching:
                assert math.isclose(one.mean, sum(other.mean for other in inside) / len(inside), abs_tol=1e-9)


def test_the_summary_is_of_all_intervals() -> None:
    assert summary([]) is None
    assert summary([Interval(0, 1, 2, 3), Interval(60, 0, 4, 9)]) == Interval(0, 0, 3, 9)


def test_the_mark_of_a_column_is_its_most_important_annotation() -> None:
    at = convert(MetricHistory, BODY).annotations[0].at
    annotations = [Annotation(at, kind) for kind in ("news", "run", "deploy", "exit", "restart")]

    assert [one.kind for one in in_order_of_importance(annotations)] == ["exit", "restart", "deploy", "run", "news"]

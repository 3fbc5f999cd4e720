"""Curves of a run on the page: static/pm2site/parts/curve_data.js."""

from __future__ import annotations

import pytest

from tests.pm2site.web.node_module import call, call_all

pytestmark = pytest.mark.real  # starts node

MODULE = "parts/charts/curve_data.js"


def test_each_further_nine_has_the_same_width() -> None:
    positions = call_all(MODULE, [("nines", [percentile]) for percentile in (0, 90, 99, 99.9)])
    names = call_all(MODULE, [("percentileText", [position]) for position in (0, 1, 2, 3, 5)])

    assert positions == pytest.approx([0, 1, 2, 3])
    assert names == ["0 %", "90 %", "99 %", "99.9 %", "99.999 %"]


def test_a_narrow_axis_names_fewer_percentiles() -> None:
    wide, narrow = call_all(MODULE, [("percentileSplits", [0, 4, 900]), ("percentileSplits", [0, 4, 150])])

    assert wide == pytest.approx([0, 0.30103, 1, 2, 3, 4])
    assert narrow == [0, 2, 4]


def test_columns_tell_a_gap_from_the_point_of_another_curve() -> None:
    curves = [{"label": "a", "points": [[1, 5], [2, None]]}, {"label": "b", "points": [[3, 7]]}]

    assert call(MODULE, "columns", curves) == [[1, 2, 3], [5, None, None], [None, None, 7]]
    spans = call_all(MODULE, [("spanOf", [curves]), ("spanOf", [curves, [0, 2]]), ("spanOf", [[]])])
    assert spans == [[1, 3], [0, 3], [0, 1]]


def test_samples_of_trials_follow_one_another() -> None:
    samples = [{"trial": 1, "seconds": 0.5}, {"trial": 1, "seconds": 2}, {"trial": 2, "seconds": 1}]

    assert call(MODULE, "inOrder", samples) == {"seconds": [0.5, 2, 3], "rules": [2]}


def test_the_value_under_the_cursor_is_the_nearest_one() -> None:
    values = [None, 4, None, None, None, None, 9]
    calls = [("nearestKnown", [values, index]) for index in (1, 3, 5)]

    assert call_all(MODULE, [*calls, ("nearestKnown", [[None, None], 0])]) == [1, 1, 6, -1]

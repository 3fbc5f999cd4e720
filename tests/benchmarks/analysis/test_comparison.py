"""The statistics against published figures, and verdicts in words."""

from __future__ import annotations

import random
from dataclasses import replace
from statistics import median

import pytest

from benchmarks.analysis import rank_tests
from benchmarks.analysis.comparison import METRICS, Side, Verdict, compare, judged
from benchmarks.analysis.rank_tests import Ratio

RATES = [100.0, 101.0, 99.5, 100.5, 100.2]


def side(name: str = "fastify", **changes: object) -> Side:
    made = Side(
        id=name, name=name, validity="valid", conditions={"endpoint": "/simple", "connections": 100}, environment="k",
        values={"reqPerSec": RATES},
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("base", "new", "p"),
    [
        ([1, 2, 3], [4, 5, 6], 0.1), ([1, 2, 3, 4], [5, 6, 7, 8], 2 / 70), ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 2 / 252),
        ([1, 1, 1], [1, 1, 1], 1.0), ([], [1], 1.0),
    ],
)  # fmt: skip
def test_the_exact_test_counts_every_way(base: list[float], new: list[float], p: float) -> None:
    assert rank_tests.mann_whitney(base, new) == pytest.approx(p)
    assert rank_tests.mann_whitney(new, base) == pytest.approx(p)


def test_benchstats_documented_examples() -> None:
    """Of its package documentation: gob does not differ (p=0.446), json is 17 % faster (p=0.000, n=10+10)."""
    json_old = [1726, 1723, 1707, 1707, 1713, 1729, 1736, 1707, 1705, 1774]
    json_new = [1423, 1416, 1411, 1413, 1412, 1426, 1422, 1424, 1447, 1425]
    gob_old = [3069, 3075, 3069, 3067, 3207, 3064, 3064, 3058, 3059, 3062]
    gob_new = [3075, 3065, 3059, 3065, 3060, 3081, 3186, 3135, 3087, 3062]

    assert round(rank_tests.mann_whitney(json_old, json_new), 3) == 0.000
    assert round(100 * (median(json_new) / median(json_old) - 1)) == -17
    assert round(rank_tests.mann_whitney(gob_old, gob_new), 3) == 0.446


def test_a_large_sample_takes_the_normal_distribution() -> None:
    draw = random.Random(5)
    base, new = [draw.gauss(100, 2) for _ in range(30)], [draw.gauss(103, 2) for _ in range(30)]

    assert rank_tests.mann_whitney(base, new) < 0.001
    assert rank_tests.mann_whitney(base, base) > 0.9


def test_the_ratio_has_an_interval_from_four_trials_on() -> None:
    few = rank_tests.ratio([100, 100, 100], [110, 110, 110])
    assert (round(few.estimate, 9), few.low, few.high) == (1.1, None, None)
    found = rank_tests.ratio([98, 99, 100, 101, 102], [108, 109, 110, 111, 112])
    assert found.low is not None
    assert found.high is not None
    assert [round(each, 3) for each in (found.low, found.estimate, found.high)] == [1.069, 1.1, 1.131]


def test_the_median_has_an_interval_from_six_values_on() -> None:
    assert rank_tests.median_interval([1, 2, 3, 4, 5]) is None
    assert rank_tests.median_interval([6, 5, 4, 3, 2, 1]) == (1, 6)


def test_holm_keeps_the_order_and_never_falls() -> None:
    assert rank_tests.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert rank_tests.holm([]) == []


@pytest.mark.parametrize(
    ("found", "p", "verdict"),
    [
        (Ratio(1.12, 1.09, 1.15), 0.01, Verdict.BETTER), (Ratio(1.06, 1.02, 1.10), 0.01, Verdict.SLIGHTLY_BETTER),
        (Ratio(0.88, 0.85, 0.91), 0.01, Verdict.WORSE), (Ratio(0.96, 0.93, 0.99), 0.01, Verdict.SLIGHTLY_WORSE),
        (Ratio(1.01, 0.98, 1.03), 0.01, Verdict.SAME), (Ratio(1.01, 0.98, 1.03), 0.6, Verdict.SAME),
        (Ratio(1.04, 0.94, 1.12), 0.3, Verdict.NOT_SHOWN), (Ratio(1.5, None, None), 0.1, Verdict.NOT_SHOWN),
    ],
)  # fmt: skip
def test_the_verdict_follows_from_interval_and_chance(found: Ratio, p: float, verdict: Verdict) -> None:
    assert judged(METRICS[0], found, p) is verdict


def test_a_verdict_is_a_sentence() -> None:
    found = compare(side("express"), side("fastify", values={"reqPerSec": [112.0, 113.0, 111.5, 112.5, 112.2]}))

    assert found.verdict is Verdict.BETTER
    assert found.text == "fastify is 12.0 % faster than express (between 10.9 % and 13.0 %, 5 trials each)."
    again = compare(side(), replace(side(), id="another"))
    assert again.text == "requests/s: the same; the new run and the base run differ by less than 1.0 %."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"validity": "invalid"}, "fastify is invalid."),
        ({"environment": "other"}, "They were measured on different machines or with different programs."),
        ({"conditions": {"endpoint": "/code", "connections": 100}}, "They differ in endpoint: /simple and /code."),
        (
            {"values": {"reqPerSec": [1.0, 1.0, 1.0]}},
            "fastify has 3 trials; at least 4 are needed (profile standard).",
        ),
        ({"values": {"reqPerSec": [1.0, 2.0, 3.0, 4.0]}}, "The trials of fastify lie 52 % apart."),
        ({"values": {}}, "fastify has 0 trials; at least 4 are needed (profile standard)."),
    ],
)
def test_what_cannot_be_compared_gets_no_verdict_and_the_reason(changes: dict[str, object], said: str) -> None:
    found = compare(side("express"), side("fastify", **changes))

    assert (found.verdict, found.reasons, found.text) == (Verdict.NO_VERDICT, (said,), f"No verdict: {said}")


def test_runs_of_one_name_are_told_apart() -> None:
    found = compare(side(values={"reqPerSec": [1.0]}), replace(side(validity="invalid"), id="other"))

    assert found.reasons == (
        "The new run is invalid.",
        "The base run has 1 trial; at least 4 are needed (profile standard).",
    )


def test_caution_is_said_and_compared() -> None:
    found = compare(side("express", validity="caution"), side())

    assert (found.verdict, found.warnings) == (Verdict.SAME, ("express is marked caution.",))


def test_the_same_target_is_seldom_called_different() -> None:
    draw = random.Random(11)
    different = 0
    for _ in range(40):
        trials = [[draw.gauss(1000, 20) for _ in range(5)] for _ in range(2)]
        verdict = compare(side(values={"reqPerSec": trials[0]}), side(values={"reqPerSec": trials[1]})).verdict
        different += verdict not in (Verdict.SAME, Verdict.NOT_SHOWN)
    assert different <= 5

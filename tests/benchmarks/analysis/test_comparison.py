"""Rank statistics against published figures, and the verdicts with their sentences."""

from __future__ import annotations

import random
from dataclasses import replace
from statistics import median

import pytest

from benchmarks.analysis import rank_tests
from benchmarks.analysis.comparison import METRICS, Side, Verdict, compare, decide_verdict
from benchmarks.analysis.rank_tests import Ratio

RATES = [100.0, 101.0, 99.5, 100.5, 100.2]


def side(name: str = "fastify", **changes: object) -> Side:
    default = Side(
        id=name, name=name, validity="valid", conditions={"endpoint": "/simple", "connections": 100}, environment="k",
        values={"reqPerSec": RATES},
    )  # fmt: skip
    return replace(default, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("base", "new", "p"),
    [
        ([1, 2, 3], [4, 5, 6], 0.1), ([1, 2, 3, 4], [5, 6, 7, 8], 2 / 70), ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 2 / 252),
        ([1, 1, 1], [1, 1, 1], 1.0), ([], [1], 1.0),
    ],
)  # fmt: skip
def test_the_exact_p_value_counts_every_arrangement(base: list[float], new: list[float], p: float) -> None:
    assert rank_tests.mann_whitney(base, new) == pytest.approx(p)
    assert rank_tests.mann_whitney(new, base) == pytest.approx(p)


def test_examples_of_benchstats_documentation() -> None:
    """From its package documentation: gob does not differ (p=0.446), json is 17 % faster (p=0.000, n=10+10)."""
    json_old = [1726, 1723, 1707, 1707, 1713, 1729, 1736, 1707, 1705, 1774]
    json_new = [1423, 1416, 1411, 1413, 1412, 1426, 1422, 1424, 1447, 1425]
    gob_old = [3069, 3075, 3069, 3067, 3207, 3064, 3064, 3058, 3059, 3062]
    gob_new = [3075, 3065, 3059, 3065, 3060, 3081, 3186, 3135, 3087, 3062]

    assert round(rank_tests.mann_whitney(json_old, json_new), 3) == 0.000
    assert round(100 * (median(json_new) / median(json_old) - 1)) == -17
    assert round(rank_tests.mann_whitney(gob_old, gob_new), 3) == 0.446


def test_a_large_sample_uses_the_normal_distribution() -> None:
    generator = random.Random(5)
    base, new = [generator.gauss(100, 2) for _ in range(30)], [generator.gauss(103, 2) for _ in range(30)]

    assert rank_tests.mann_whitney(base, new) < 0.001
    assert rank_tests.mann_whitney(base, base) > 0.9


def test_the_ratio_has_an_interval_from_four_trials() -> None:
    too_few = rank_tests.ratio([100, 100, 100], [110, 110, 110])
    assert (round(too_few.estimate, 9), too_few.low, too_few.high) == (1.1, None, None)
    ratio = rank_tests.ratio([98, 99, 100, 101, 102], [108, 109, 110, 111, 112])
    assert ratio.low is not None
    assert ratio.high is not None
    assert [round(value, 3) for value in (ratio.low, ratio.estimate, ratio.high)] == [1.069, 1.1, 1.131]


def test_the_median_has_an_interval_from_six_values() -> None:
    assert rank_tests.median_interval([1, 2, 3, 4, 5]) is None
    assert rank_tests.median_interval([6, 5, 4, 3, 2, 1]) == (1, 6)


def test_holm_keeps_the_order_and_is_monotonic() -> None:
    assert rank_tests.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert rank_tests.holm([]) == []


@pytest.mark.parametrize(
    ("ratio", "p", "verdict"),
    [
        (Ratio(1.12, 1.09, 1.15), 0.01, Verdict.BETTER), (Ratio(1.06, 1.02, 1.10), 0.01, Verdict.SLIGHTLY_BETTER),
        (Ratio(0.88, 0.85, 0.91), 0.01, Verdict.WORSE), (Ratio(0.96, 0.93, 0.99), 0.01, Verdict.SLIGHTLY_WORSE),
        (Ratio(1.01, 0.98, 1.03), 0.01, Verdict.SAME), (Ratio(1.01, 0.98, 1.03), 0.6, Verdict.SAME),
        (Ratio(1.04, 0.94, 1.12), 0.3, Verdict.NOT_SHOWN), (Ratio(1.5, None, None), 0.1, Verdict.NOT_SHOWN),
    ],
)  # fmt: skip
def test_the_verdict_follows_from_interval_and_p_value(ratio: Ratio, p: float, verdict: Verdict) -> None:
    assert decide_verdict(METRICS[0], ratio, p) is verdict


def test_a_verdict_is_a_sentence() -> None:
    comparison = compare(side("express"), side("fastify", values={"reqPerSec": [112.0, 113.0, 111.5, 112.5, 112.2]}))

    assert comparison.verdict is Verdict.BETTER
    assert comparison.text == "fastify is 12.0 % faster than express (between 10.9 % and 13.0 %, 5 trials each)."
    repeated = compare(side(), replace(side(), id="another"))
    assert repeated.text == "requests/s: the same; the new run and the base run differ by less than 1.0 %."


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"validity": "invalid"}, "fastify is invalid."),
        ({"environment": "other"}, "They were measured on different machines or with different programs."),
        ({"conditions": {"endpoint": "/code", "connections": 100}}, "They differ in endpoint: /simple and /code."),
        (
            {"values": {"reqPerSec": [1.0, 1.0, 1.0]}},
            "fastify has 3 trials; at least 4 are needed (profile standard).",
        ),
        ({"values": {"reqPerSec": [1.0, 2.0, 3.0, 4.0]}}, "The trials of fastify vary by 52 % (standard deviation)."),
        ({"values": {}}, "fastify has 0 trials; at least 4 are needed (profile standard)."),
    ],
)
def test_incomparable_runs_get_no_verdict_but_the_reason(changes: dict[str, object], reason: str) -> None:
    comparison = compare(side("express"), side("fastify", **changes))

    assert (comparison.verdict, comparison.reasons, comparison.text) == (
        Verdict.NO_VERDICT,
        (reason,),
        f"No verdict: {reason}",
    )


def test_runs_of_the_same_name_are_distinguished() -> None:
    comparison = compare(side(values={"reqPerSec": [1.0]}), replace(side(validity="invalid"), id="other"))

    assert comparison.reasons == (
        "The new run is invalid.",
        "The base run has 1 trial; at least 4 are needed (profile standard).",
    )


def test_a_run_marked_caution_is_compared_with_a_warning() -> None:
    comparison = compare(side("express", validity="caution"), side())

    assert (comparison.verdict, comparison.warnings) == (Verdict.SAME, ("express is marked caution.",))


def test_the_same_target_is_rarely_called_different() -> None:
    generator = random.Random(11)
    different = 0
    for _ in range(40):
        trials = [[generator.gauss(1000, 20) for _ in range(5)] for _ in range(2)]
        verdict = compare(side(values={"reqPerSec": trials[0]}), side(values={"reqPerSec": trials[1]})).verdict
        different += verdict not in (Verdict.SAME, Verdict.NOT_SHOWN)
    assert different <= 5

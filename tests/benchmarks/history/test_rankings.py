"""`GET /api/benchmark/rankings` over rows of the history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from benchmarks.history import recent_rates, run_side, trends
from benchmarks.models import Validity
from tests.benchmarks.history.test_run_side import create_run

pytestmark = pytest.mark.django_db


def get_rankings(query: str = "") -> Any:
    answer = APIClient(headers={"host": "127.0.0.1"}).get(f"/api/benchmark/rankings{query}")
    assert answer.status_code == 200
    return answer.json()


def tiers(shape: Any) -> list[tuple[int, str]]:
    return [(ranked["tier"], ranked["result"]["framework"]) for ranked in shape["ranked"]]


def test_a_tier_is_shared_unless_the_difference_is_significant() -> None:
    create_run("koa", [112.1, 112.9, 111.4, 112.4, 112.3])
    create_run("express", [100.0, 101.0, 99.5, 100.5, 100.2])
    create_run("fastify", [112.0, 113.0, 111.5, 112.5, 112.2])
    shape = get_rankings()

    assert tiers(shape) == [(1, "koa"), (1, "fastify"), (2, "express")]
    assert shape["ranked"][0]["text"] == ""
    assert shape["ranked"][1]["text"].startswith("requests/s: the same; fastify and koa differ by less than")
    assert shape["ranked"][2]["text"] == (
        "express is 10.7 % slower than koa (between 9.9 % and 11.4 %, 5 trials each)."
    )
    assert (shape["endpoint"], shape["method"], shape["unranked"]) == ("/simple", "GET", [])


def test_only_the_newest_valid_run_counts() -> None:
    old, new = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    newest_valid = create_run("fastify", [100.0, 100.1, 100.2, 100.3, 100.4], at=old)
    create_run("fastify", [900.0] * 5, at=new, validity=Validity.INVALID)
    create_run("koa", [900.0] * 5, at=new, validity=Validity.CAUTION)
    create_run("hapi", [900.0] * 5, at=new, endpoint="/json")
    shape = get_rankings("?endpoint=/simple&method=GET")

    assert [(ranked["tier"], ranked["result"]["id"]) for ranked in shape["ranked"]] == [(1, str(newest_valid.pk))]
    assert shape["unranked"] == []


def test_runs_under_other_conditions_are_unranked_with_the_reason() -> None:
    old = datetime(2026, 1, 1, tzinfo=UTC)
    create_run("express", [200.0] * 5, at=old, environment={"key": "elsewhere"})
    create_run("koa", [200.0], at=old.replace(year=2025))
    create_run("fastify", [100.0] * 5)
    shape = get_rankings()

    assert tiers(shape) == [(1, "fastify")]
    assert [(unranked["result"]["framework"], unranked["reasons"]) for unranked in shape["unranked"]] == [
        ("express", ["They were measured on different machines or with different programs."]),
        ("koa", ["koa has 1 trial; at least 4 are needed (profile standard)."]),
    ]


def test_a_sweep_is_neither_ranked_nor_the_latest_nor_a_point_of_the_history() -> None:
    old, new = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    run = create_run("fastify", [100.0, 100.1, 100.2, 100.3, 100.4], at=old, req_per_sec=100.2)
    create_run("fastify", [50.0, 60.0, 70.0, 65.0], at=new, profile="sweep", req_per_sec=65.0)
    shape = get_rankings()
    latest = APIClient(headers={"host": "127.0.0.1"}).get("/api/benchmark/latest-by-framework").json()

    assert [ranked["result"]["id"] for ranked in shape["ranked"]] == [str(run.pk)]
    assert [result["id"] for result in latest["results"].values()] == [str(run.pk)]
    assert [point.pk for point in recent_rates.fetch_newest(("fastify", "/simple", "GET"))] == [run.pk]
    assert recent_rates.fetch_rates([("fastify", "/simple", "GET")]) == {("fastify", "/simple", "GET"): [100.2]}
    assert trends.find_change_points("fastify", "/simple", "GET") == ([], 1)


def test_two_sweeps_and_a_sweep_and_another_run_have_no_verdict() -> None:
    trials = create_run("fastify", [100.0, 100.1, 100.2, 100.3, 100.4])
    sweep, other = (create_run("fastify", [50.0, 60.0, 70.0, 65.0], profile="sweep") for _ in range(2))
    with_trials, with_a_sweep = (run_side.compare_runs(str(base.pk), str(sweep.pk)) for base in (trials, other))

    assert (with_trials.verdict, with_trials.reasons[0]) == (
        "no verdict", "They differ in measurement: trials and a sweep."
    )  # fmt: skip
    assert (with_a_sweep.verdict, with_a_sweep.metrics) == ("no verdict", ())

"""SQLite's plans for the queries of the history: an index in the right order, whatever the planner knows of the tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from benchmarks.history import baselines, queries, rankings, recent_rates, totals, trends
from benchmarks.history.completed import completed_runs
from benchmarks.models import Baseline, Run, RunState, next_at, this_server
from benchmarks.runs import progress, queue
from benchmarks.runs.watch import QueueWatch
from system.database import statistics

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="the plans of SQLite"),
]
START = datetime(2026, 1, 1, tzinfo=UTC)
KIND = {"framework": "koa", "endpoint": "/simple", "method": "GET"}
FILTERS: list[dict[str, Any]] = [
    {}, {"framework": "koa"}, {"endpoint": "/simple"}, {"method": "GET"}, {"validity": "invalid"}, {"framework": "none"},
    {"framework": "koa", "endpoint": "/simple"}, {"framework": "koa", "validity": "valid"},
    {"endpoint": "/simple", "method": "GET", "validity": "valid"}, {"since": START, "validity": "valid"},
    {"since": START, "until": START + timedelta(days=1)}, KIND, {**KIND, "validity": "valid"},
    {"search": "o"}, {"search": "o", "framework": "koa"}, {"search": "o", "since": START, "validity": "valid"},
]  # fmt: skip
ADMIN_PAGES = [
    "",
    "?framework=koa",
    "?endpoint=/simple",
    "?validity=valid",
    "?state__exact=done",
    "?source__exact=server",
]


def create_runs(count: int) -> None:
    Run.objects.bulk_create(
        Run(
            framework=("koa", "bun", "node")[number % 3], endpoint=("/simple", "/code")[number % 2], method="GET",
            state=RunState.DONE if number % 50 else RunState.FAILED, validity="valid" if number % 10 else "invalid",
            at=START + timedelta(minutes=number), recorded_at=START + timedelta(minutes=number), req_per_sec=10.0,
        )
        for number in range(count)
    )  # fmt: skip


# As `update_statistics` wrote them for a million runs.
OF_A_MILLION = {
    "run_by_state": "820816 401 1 1", "run_kind": "1023660 401 401 401 1 1 1 1", "run_state": "1065816 401 1",
    "run_of_framework": "940800 401 1 1 1 1 1 1 1", "run_newest": "931392 1 1 1 1 1 1 1",
    "benchmarks_run_recorded_at_e762360d": "1083108 1", "sqlite_autoindex_benchmarks_run_1": "551936 1",
}  # fmt: skip


@pytest.fixture(params=["none", "of ten rows", "of a sample", "of all rows", "of a million"])
def _statistics(request: pytest.FixtureRequest) -> None:
    """What the planner knows: nothing on a new server; too little after a quick growth; a sample; everything."""
    create_runs(10)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")
        assert cursor.fetchone() == (0,)
        if request.param == "of ten rows":
            statistics.update_statistics()
        create_runs(1500)
        if request.param == "of a sample":
            statistics.update_statistics()
        if request.param == "of all rows":
            cursor.execute("PRAGMA analysis_limit = 0")
            cursor.execute("ANALYZE")
        if request.param == "of a million":
            statistics.update_statistics()
            cursor.execute("DELETE FROM sqlite_stat1 WHERE tbl = 'benchmarks_run'")
            for index, text in OF_A_MILLION.items():
                cursor.execute("INSERT INTO sqlite_stat1 VALUES ('benchmarks_run', %s, %s)", [index, text])
            cursor.execute("ANALYZE sqlite_schema")  # reads the table again


UNFINISHED_RUNS = '"state" IN (%s, %s, %s, %s)'


def plans_of(action: Callable[[], object]) -> dict[str, list[str]]:
    """The plan of every query of `action` that reads runs, except those of the few that are unfinished."""
    plans = {sql: steps for sql, steps in all_plans_of(action).items() if not reads_unfinished_runs(sql)}
    assert plans
    return plans


def reads_unfinished_runs(sql: str) -> bool:
    return UNFINISHED_RUNS in sql.replace(f'NOT ("benchmarks_run".{UNFINISHED_RUNS})', "")


def all_plans_of(action: Callable[[], object]) -> dict[str, list[str]]:
    """With parameters as in the query itself: SQLite uses a partial index only for what it sees in the text."""
    executed: list[tuple[str, Any]] = []

    def capture(execute: Callable[..., object], sql: str, params: Any, *others: object) -> object:
        executed.append((sql, params))
        return execute(sql, params, *others)

    with connection.execute_wrapper(capture):
        action()
    plans = {}
    for sql, params in executed:
        if 'FROM "benchmarks_run"' in sql:
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN QUERY PLAN " + sql, params)
                plans[sql] = [row[3] for row in cursor.fetchall()]
    return plans


def slow_steps(action: Callable[[], object]) -> list[str]:
    """Sorting, and reading of rows without an index in their order."""
    return [
        f"{steps}: {sql}"
        for sql, steps in plans_of(action).items()
        if any("TEMP B-TREE" in step or step == "SCAN benchmarks_run" for step in steps)
    ]


@pytest.mark.usefixtures("_statistics")
def test_pages_and_streams_follow_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "CHUNK_SIZE", 20)
    totals.fetch_totals()

    def read_pages() -> None:
        for filters in FILTERS:
            _, _, cursor = queries.fetch_page(filters, 5, "")
            if cursor:
                queries.fetch_page(filters, 5, cursor)

    def read_chunks() -> None:
        for filters in FILTERS:
            for _ in zip(range(2), queries.iter_chunks(completed_runs(filters)), strict=False):
                pass

    assert slow_steps(read_pages) == []
    assert slow_steps(read_chunks) == []


@pytest.mark.usefixtures("_statistics")
def test_a_cursor_is_found_in_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    for filters in FILTERS:
        cursor = queries.encode_cursor((START + timedelta(minutes=700), Run.objects.all()[0].pk))
        plans = plans_of(lambda filters=filters, cursor=cursor: queries.fetch_page(filters, 5, cursor))  # type: ignore[misc]
        (steps,) = [steps for sql, steps in plans.items() if "LIMIT 6" in sql]
        assert [step for step in steps if "at<?" not in step] == [], filters


@pytest.mark.usefixtures("_statistics")
def test_the_newest_run_of_this_server_is_found_behind_any_number_of_imports() -> None:
    (steps,) = plans_of(next_at).values()

    assert len(steps) == 1
    assert "run_of_server (server_id=? AND recorded_at<?)" in steps[0]


@pytest.mark.parametrize("_statistics", ["none", "of ten rows", "of a million"], indirect=True)
@pytest.mark.usefixtures("_statistics")
def test_the_queue_reads_no_finished_run() -> None:
    run = Run(server_id=this_server(), framework="koa", state=RunState.QUEUED, created_at=START)
    reads = (QueueWatch().look, queue.recover_queue, queue.launch_next, lambda: queue.position(run))

    for read in reads:
        steps = [step for plan in all_plans_of(read).values() for step in plan if not step.startswith("USE TEMP")]
        assert steps != []
        assert [step for step in steps if "(state=?" not in step] == []


@pytest.mark.usefixtures("_statistics")
def test_the_newest_runs_follow_an_index() -> None:
    totals.fetch_totals()
    run = Run.objects.filter(framework="koa")[0]
    Baseline.objects.create(run=run, framework="koa", endpoint="/simple", method="GET")

    for read in (
        lambda: queries.fetch_latest(10),
        queries.fetch_latest_by_framework,
        totals.fetch_totals,
        queries.list_frameworks,
        baselines.list_baselines,
        progress.refresh_progress,
        next_at,
        lambda: rankings.rank_frameworks("/simple", "GET"),
        lambda: trends.find_change_points("koa", "/simple", "GET"),
        lambda: recent_rates.fetch_newest(("koa", "/simple", "GET")),
        lambda: recent_rates.fetch_rates([("koa", "/simple", "GET"), ("bun", "/code", "GET")]),
    ):
        assert slow_steps(read) == []


@pytest.mark.usefixtures("_statistics")
def test_the_admin_list_follows_an_index() -> None:
    client = Client(headers={"Host": "localhost"})
    client.force_login(get_user_model().objects.create_superuser("ada"))

    for page in ADMIN_PAGES:
        assert slow_steps(lambda page=page: client.get("/admin/benchmarks/run/" + page)) == []  # type: ignore[misc]

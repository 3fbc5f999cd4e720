"""Totals over the history: updated incrementally, recomputed after a deletion."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks.api import history_views
from benchmarks.history import queries, totals
from benchmarks.models import Run, RunState, Validity
from system.lib.wire import to_wire

pytestmark = pytest.mark.django_db


def create_run(framework: str, rate: float | None, validity: Validity = Validity.VALID) -> Run:
    return Run.objects.create(
        framework=framework, endpoint="/simple", generator="wrk", state=RunState.DONE, validity=validity,
        req_per_sec=rate, avg_latency_ms=rate and rate / 10,
    )  # fmt: skip


def stats() -> Any:
    """As in `GET /api/benchmark/stats`."""
    return to_wire(history_views.fetch_stats())


def fastify(stats: dict[str, dict[str, object]]) -> object:
    return stats["byFramework"].get("fastify")


def test_totals_are_updated_and_recomputed_after_a_deletion() -> None:
    first = create_run("fastify", 10.0)
    create_run("fastify", 99.0, Validity.INVALID)
    assert stats() == {
        "total": 2,
        "byFramework": {
            "fastify": {"count": 1, "avgReqPerSec": 10.0, "maxReqPerSec": 10.0, "minReqPerSec": 10.0, "avgLatency": 1.0}
        },
    }
    create_run("fastify", 20.0)
    create_run("express", None)
    with CaptureQueriesContext(connection) as executed:
        assert fastify(stats()) == {
            "count": 2, "avgReqPerSec": 15.0, "maxReqPerSec": 20.0, "minReqPerSec": 10.0, "avgLatency": 1.5,
        }  # fmt: skip
    assert all(
        "recorded_at" in query["sql"] or "COUNT(*)" in query["sql"] for query in executed
    )  # never the whole table
    first.delete()
    assert fastify(stats()) == {
        "count": 1, "avgReqPerSec": 20.0, "maxReqPerSec": 20.0, "minReqPerSec": 20.0, "avgLatency": 2.0,
    }  # fmt: skip
    assert queries.list_frameworks() == ["express", "fastify"]


def totals_by_framework() -> dict[str, tuple[int, float | None]]:
    return {name: (total.count, total.rate_max) for name, total in totals.fetch_totals().by_framework().items()}


def test_the_newest_run_can_be_deleted_without_reading_all(monkeypatch: pytest.MonkeyPatch) -> None:
    create_run("fastify", 10.0)
    create_run("express", 30.0)
    newest = create_run("express", 20.0)
    assert totals_by_framework() == {"fastify": (1, 10.0), "express": (2, 30.0)}
    monkeypatch.setattr(totals, "_compute_all", pytest.fail)

    newest.delete()
    assert totals_by_framework() == {"fastify": (1, 10.0), "express": (1, 30.0)}
    create_run("koa", 5.0)
    Run.objects.filter(framework="express").delete()
    assert totals_by_framework() == {"fastify": (1, 10.0), "koa": (1, 5.0)}


def test_rows_that_another_server_deletes_or_adds_late_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [create_run("fastify", float(rate)) for rate in (10, 20, 30)]
    late = Run(
        framework="koa",
        endpoint="/",
        state=RunState.DONE,
        validity="valid",
        req_per_sec=5.0,
        recorded_at=runs[0].recorded_at,
    )
    assert totals_by_framework() == {"fastify": (3, 30.0)}
    monkeypatch.setattr(totals, "COUNTING_SHARE", 1e9)

    Run.objects.filter(pk=runs[1].pk)._raw_delete("default")  # without signals, as by another process
    assert totals_by_framework() == {"fastify": (2, 30.0)}
    late.save()  # a transaction that began before the newest row and ended after it
    assert totals_by_framework() == {"fastify": (2, 30.0), "koa": (1, 5.0)}
    Run.objects.filter(pk=runs[2].pk)._raw_delete("default")
    assert totals_by_framework() == {"fastify": (1, 10.0), "koa": (1, 5.0)}


def test_a_count_of_all_is_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    create_run("fastify", 10.0)
    monkeypatch.setattr(totals, "COUNTING_SHARE", 1e-9)
    totals.fetch_totals()
    totals._counting_s = 0.1

    with CaptureQueriesContext(connection) as executed:
        totals.fetch_totals()
        assert totals.count_runs({"framework": "fastify", "validity": "valid"}) == 1
    assert [query["sql"] for query in executed if "recorded_at" not in query["sql"]] == []


def test_a_count_since_a_time_is_kept_until_the_history_changes() -> None:
    first = create_run("fastify", 10.0)
    create_run("express", 10.0)
    filters = {"since": first.at, "until": first.at + timedelta(days=1), "framework": "fastify", "limit": 5}
    assert totals.count_runs(filters) == 1

    with CaptureQueriesContext(connection) as executed:
        assert totals.count_runs(filters) == 1
    assert [query["sql"] for query in executed if 'benchmarks_run"."framework' in query["sql"]] == []
    create_run("fastify", 10.0)
    assert totals.count_runs(filters) == 2

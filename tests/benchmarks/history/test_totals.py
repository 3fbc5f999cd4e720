"""Totals over the history: updated incrementally, recomputed after a deletion."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks.api import history_views
from benchmarks.history import queries
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
    with CaptureQueriesContext(
        connection,
    ) as executed:
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

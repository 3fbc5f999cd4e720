from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from benchmarks.models import Run, RunState
from monitoring.exposition import stored_counts
from monitoring.exposition.stored_counts import StoredCounts, StoredCountsReader
from pm2.exits.classify import Cause, Exit
from pm2.instance_tracking import instance_store, lasting_counts

pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
CRASH = Exit("a", AT, "api", 0, 1, None, Cause.CRASH, "crashed", None, 2.5, (), ())
DONE, FAILED = ("done", "valid"), ("failed", "none")


@pytest.fixture(autouse=True)
def _fresh(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PM2_HOME = Path("/home/ada/.pm2")
    monkeypatch.setattr(stored_counts, "REFRESH_S", 0.0)


def create_run(state: RunState = RunState.DONE, **columns: Any) -> Run:
    defaults = {"framework": "fastify", "endpoint": "/json", "generator": "wrk", "validity": "valid"}
    return Run.objects.create(state=state, **defaults | columns)


def read(reader: StoredCountsReader | None = None) -> StoredCounts:
    counts = (reader or StoredCountsReader()).read(["api"], ["t"])
    assert counts is not None
    return counts


def finished(reader: StoredCountsReader | None = None) -> dict[tuple[str, str], int]:
    return {kind: count for kind, count in read(reader).runs.finished.items() if count}


def test_exits_and_restarts_of_deleted_instances() -> None:
    instance_store.save_exit(CRASH)
    instance_store.set_restarts("a", 1, 3)
    instance_store.mark_deleted("a")

    counts = read()
    assert (counts.exits, counts.restarts_of_deleted) == ({("api", "crash"): 1}, {("api", 0): 4})
    still_listed = StoredCountsReader().read(["api"], ["a"])
    assert still_listed is not None
    assert still_listed.restarts_of_deleted == {}


def test_finished_runs_by_state_and_validity_with_zeros() -> None:
    for validity in ("valid", "valid", "caution"):
        create_run(validity=validity)
    create_run(RunState.FAILED, validity="unknown")
    create_run(RunState.QUEUED)
    create_run(RunState.WARMING)
    runs = read().runs

    assert runs.finished == {
        ("done", "valid"): 2, ("done", "caution"): 1, ("done", "invalid"): 0, ("done", "unknown"): 0,
        ("failed", "none"): 1, ("cancelled", "none"): 0, ("interrupted", "none"): 0,
    }  # fmt: skip
    assert (runs.queued, runs.active) == (1, 1)


def test_deleted_runs_still_count_also_for_the_next_server() -> None:
    reader = StoredCountsReader()
    runs = [create_run(), create_run(), create_run(RunState.FAILED)]
    before = finished(reader)
    runs[0].delete()
    runs[2].delete()
    after = finished(reader)
    create_run()

    assert before == after == {DONE: 2, FAILED: 1}
    assert finished() == {DONE: 3, FAILED: 1}


def test_the_last_run_of_each_target_and_endpoint() -> None:
    item = {"text": "p99<50ms", "met": "missed", "value": 60.0, "low": 55.0, "high": 65.0, "message": "missed"}
    create_run(req_per_sec=1.0)
    create_run(
        req_per_sec=1000.0, req_per_sec_low=990.0, req_per_sec_high=1010.0, cpu_micros_per_request=120.0,
        budget={"met": "missed", "items": [item]},
    )  # fmt: skip
    create_run(endpoint="/", validity="caution")
    last = read().runs.last

    assert [(one.endpoint, one.rate, one.is_valid, one.budget) for one in last] == [
        ("/", None, False, None), ("/json", 1000.0, True, "missed"),
    ]  # fmt: skip
    assert (last[1].low, last[1].high, last[1].cpu_micros, last[1].method) == (990.0, 1010.0, 120.0, "GET")


def test_the_last_runs_are_read_again_only_when_the_history_changes() -> None:
    reader = StoredCountsReader()
    create_run()
    first = read(reader).runs.last
    with CaptureQueriesContext(connection) as executed:
        second = read(reader).runs.last
    create_run(endpoint="/new")

    assert second == first
    assert not [query["sql"] for query in executed if "req_per_sec_low" in query["sql"]]
    assert len(read(reader).runs.last) == 2


def test_counts_are_read_once_for_scrapes_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_counts, "REFRESH_S", 60.0)
    reader = StoredCountsReader()
    first = reader.read(["api", "web"], ["t"])
    with CaptureQueriesContext(connection) as executed:
        assert reader.read(["web", "api"], ["t"]) is first
    assert list(executed) == []
    assert reader.read(["api", "web"], ["another"]) is not first
    assert reader.read(["api", "new"], ["another"]) is not first


def test_previous_counts_remain_while_the_database_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise DatabaseError("database is locked")

    reader = StoredCountsReader()
    instance_store.save_exit(CRASH)
    with monkeypatch.context() as broken:
        broken.setattr(lasting_counts, "load_exit_counts", fail)
        assert reader.read(["api"], ["t"]) is None
    current = read(reader)
    with monkeypatch.context() as broken:
        broken.setattr(lasting_counts, "load_exit_counts", fail)
        previous = read(reader)

    assert (current.is_current, previous.is_current) == (True, False)
    assert (previous.exits, read(reader).is_current) == ({("api", "crash"): 1}, True)

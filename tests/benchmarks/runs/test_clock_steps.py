"""The wall clock is set back by an hour: what is in an order of its own stays in it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from benchmarks.engine import generator_execution
from benchmarks.history import exporter, importer, queries, totals
from benchmarks.models import Run, RunState, next_at
from benchmarks.runs import progress, queue, run_recorder
from pm2.models import Exit, Instance
from system.host.child_processes import identify
from tests.fixtures.target_server import run_target

StepBack = Callable[[], None]
HOUR = timedelta(hours=1)


class ClockSetBack(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> ClockSetBack:
        moment = datetime.now(tz) - HOUR
        return cls.combine(moment.date(), moment.timetz())


@pytest.fixture
def step_back(monkeypatch: pytest.MonkeyPatch) -> StepBack:
    """Sets the clock of `timezone.now` back, also where it is the default of a column."""

    def set_back() -> None:
        for module in ("django.utils.timezone", "benchmarks.history.exporter"):
            monkeypatch.setattr(f"{module}.datetime", ClockSetBack)

    return set_back


def new_run(**more: object) -> Run:
    return Run(framework="node", endpoint="/simple", generator="wrk", **more)


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_queued_after_the_step_comes_last(step_back: StepBack) -> None:
    identity = identify(os.getpid())
    assert identity
    active = new_run(
        state="running", pid=identity.pid, pid_started_at=identity.started_at, boot_id=identity.boot_id,
        heartbeat_s=time.monotonic(),
    )  # fmt: skip
    active.save()
    runs = [new_run(), new_run()]
    positions = [queue.enqueue(run) for run in runs]
    step_back()
    runs += [new_run(), new_run()]
    positions += [queue.enqueue(run) for run in runs[2:]]

    assert positions == [1, 2, 3, 4]
    assert [run.id for run in progress.refresh_progress().runs] == [run.pk for run in (active, *runs)]
    Run.objects.filter(pk=active.pk).update(state=RunState.DONE)
    assert [queue.claim(run.pk) for run in reversed(runs)] == [False, False, False, True]


@pytest.mark.django_db
def test_a_server_with_another_clock_does_not_move_the_runs_of_this_one() -> None:
    ahead = timezone.now() + HOUR
    for more in ({"server_id": "another"}, {"source": "import"}, {"source": "client"}):
        new_run(state="done", at=ahead, recorded_at=ahead, **more).save()
    at, clock_at = next_at()

    assert (at < ahead - HOUR / 2, clock_at) == (True, None)


@pytest.mark.django_db(transaction=True)
def test_results_stay_in_the_order_in_which_they_were_made(step_back: StepBack) -> None:
    def finish() -> Run:
        run = Run.objects.create(framework="node", endpoint="/simple", generator="wrk", state="done", req_per_sec=5.0)
        run_recorder.finish_run(run, run_recorder.Beginning.now())
        return run

    before = finish()
    step_back()
    after = [finish(), finish()]

    latest = queries.fetch_latest(5)
    assert [result.id for result in latest] == [after[1].pk, after[0].pk, before.pk]
    assert [HOUR - timedelta(minutes=1) < before.at - result.timestamp < HOUR for result in latest] == [
        True,
        True,
        False,
    ]
    page, _, cursor = queries.fetch_page({}, 1, "")
    assert [page[0].id, queries.fetch_page({}, 5, cursor or "")[0][0].id] == [after[1].pk, after[0].pk]


@pytest.mark.django_db(transaction=True)
def test_results_of_after_the_step_are_counted_and_announced(step_back: StepBack, tmp_path: Path) -> None:
    totals.forget()
    columns = {"framework": "node", "endpoint": "/simple", "method": "GET", "generator": "wrk", "state": "done"}
    entry = {"timestamp": timezone.now().isoformat(), **columns, "reqPerSec": 7.0}
    queries.add_result({**columns, "trials": [], "req_per_sec": 5.0}, {})
    assert totals.fetch_totals().count == 1
    step_back()
    added, _ = queries.add_result({**columns, "trials": [], "req_per_sec": 6.0}, {})

    newest = progress.refresh_progress().last_result
    assert newest
    assert newest.id == added.pk
    assert totals.fetch_totals().count == 2
    file = tmp_path / "history.json"
    file.write_text(json.dumps([entry]))
    assert importer.import_file(file).imported == 1
    assert totals.fetch_totals().count == 3


@pytest.mark.django_db(transaction=True)
def test_results_of_before_the_step_are_backed_up_and_cleared(
    step_back: StepBack, tmp_path: Path, settings: Settings
) -> None:
    settings.BACKUP_DIR = tmp_path
    run = new_run(state="done", req_per_sec=5.0)
    run.save()
    step_back()

    deleted, path = exporter.clear_history()

    assert (deleted, Run.objects.count()) == (1, 0)
    assert [entry["id"] for entry in json.loads(path.read_text())["results"]] == [str(run.pk)]


@pytest.mark.real
@pytest.mark.django_db(transaction=True)
def test_exits_during_a_run_are_stored_with_it(step_back: StepBack) -> None:
    """Those before it are not, even if their time is in the future since the clock was set back."""
    node, other = (Instance.objects.create(token=name, home="h", name=name, pm_id=3) for name in ("node", "other"))

    def add_exit(instance: Instance, at: timedelta, text: str) -> None:
        Exit.objects.create(at=timezone.now() + at, instance=instance, cause="killed", text=text)

    def add_during_the_run() -> None:
        deadline_s = time.monotonic() + 60
        while not Run.objects.filter(state=RunState.RUNNING).exists() and time.monotonic() < deadline_s:
            time.sleep(0.05)
        add_exit(node, timedelta(), "before the step")
        step_back()
        add_exit(node, timedelta(), "after the step")
        add_exit(other, timedelta(), "of another target")
        connection.close()

    add_exit(node, -HOUR / 2, "before the run")
    add_exit(node, HOUR, "before the run, an hour ahead")
    adding = threading.Thread(target=add_during_the_run)
    with run_target() as port:
        run = Run.objects.create(
            framework="node", host=f"localhost:{port}", address="127.0.0.1", endpoint="/simple", connections=4,
            workers=1, generator=generator_execution.installed_generators()[0], planned_duration_s=2,
        )  # fmt: skip
        adding.start()
        call_command("run_benchmark", str(run.pk))
        adding.join()
    run.refresh_from_db()

    assert run.state == "done", run.message
    assert [stored["text"] for stored in run.exits] == ["before the step", "after the step"]

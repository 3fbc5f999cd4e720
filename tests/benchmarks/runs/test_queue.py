from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as current
from django.db import IntegrityError

from benchmarks.engine import trial_execution
from benchmarks.errors import QueueFull, RunFinished, RunUnfinished
from benchmarks.models import Run
from benchmarks.runs import progress, queue
from system.host.child_processes import identify
from tests.fixtures.process_list import commands_with
from tests.fixtures.target_server import target

DEADLINE_S = 60


def made(state: str = "queued", **more: object) -> Run:
    values: dict[str, object] = {"framework": "node", "endpoint": "/simple", "generator": "wrk", "state": state}
    return Run(**values, planned_duration_s=10, **more)


def owned(run: Run, pid: int) -> Run:
    identity = identify(pid)
    assert identity
    run.pid, run.pid_started_at, run.boot_id = identity.pid, identity.started_at, identity.boot_id
    run.save()
    return run


def dead_pid_run() -> Run:
    process = subprocess.Popen(["sleep", "60"])
    run = owned(made("running"), process.pid)
    process.kill()
    process.wait()
    return run


@pytest.mark.django_db(transaction=True)
def test_ten_wait_and_the_eleventh_is_refused() -> None:
    owned(made("running"), os.getpid())
    places = [queue.enqueue(made()) for _ in range(10)]

    with pytest.raises(QueueFull) as refused:
        queue.enqueue(made())

    assert places == list(range(1, 11))
    assert refused.value.retry_after_s > 0
    assert Run.objects.count() == 11


@pytest.mark.django_db(transaction=True)
def test_two_runs_are_never_active_together() -> None:
    owned(made("running"), os.getpid())

    with pytest.raises(IntegrityError):
        made("warming").save()


@pytest.mark.django_db(transaction=True)
def test_the_oldest_is_claimed_once() -> None:
    first, second = made(), made()
    first.save()
    second.save()

    assert [queue.claim(second.pk), queue.claim(first.pk), queue.claim(first.pk)] == [False, True, False]


@pytest.mark.real
@pytest.mark.django_db(transaction=True)
def test_a_run_whose_process_is_gone_is_interrupted() -> None:
    lost, kept = dead_pid_run(), made("done", req_per_sec=5.0)
    kept.save()

    assert queue.reconcile() == 1

    lost.refresh_from_db()
    assert lost.state == "interrupted"
    assert progress.read().runs == ()
    assert queue.reconcile() == 0


@pytest.mark.django_db(transaction=True)
def test_a_run_whose_process_lives_is_left_alone() -> None:
    owned(made("running"), os.getpid())

    assert queue.reconcile() == 0
    assert [run.state for run in progress.read().runs] == ["running"]


@pytest.mark.django_db(transaction=True)
def test_cancel_and_delete_ask_for_the_right_state() -> None:
    owned(made("running"), os.getpid())
    waiting = made()
    waiting.save()

    with pytest.raises(RunUnfinished):
        queue.delete(waiting)
    queue.cancel(waiting)
    with pytest.raises(RunFinished):
        queue.cancel(waiting)
    queue.delete(waiting)

    assert Run.objects.count() == 1


@pytest.mark.django_db(transaction=True)
async def test_the_stream_names_the_newest_result() -> None:
    from asgiref.sync import sync_to_async

    assert await sync_to_async(progress.read)() == progress.Progress((), None)
    done = made("done")
    await sync_to_async(done.save)()
    newest = (await sync_to_async(progress.read)()).last_result
    assert newest == progress.LastResult(done.pk, done.at)


class Detached:
    """A data folder of its own, with runs carried out by processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "DATA_DIR": str(folder)}
        self.manage("migrate", "--verbosity=0", "--skip-checks")

    def manage(self, *arguments: str, source: str = "") -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=current.BASE_DIR, env=self.env, input=source, text=True, check=True)

    def python(self, source: str) -> None:
        self.manage("shell", "--no-imports", "-c", source)

    def enqueue(self, port: int, duration_s: int, trials: int = 1) -> None:
        self.python(
            "from benchmarks.runs import queue; from benchmarks.models import Run; "
            f"queue.enqueue(Run(framework='node', host='localhost:{port}', address='127.0.0.1', "
            f"endpoint='/simple', generator='{trial_execution.installed_generators()[0]}', planned_duration_s={duration_s}, trials_planned={trials}, connections=4, workers=1))"
        )

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.folder / "pm2site.sqlite3", timeout=20) as database:
            found = database.execute(statement).fetchall()
        database.close()
        return found

    def rows(self) -> list[tuple[str, int]]:
        return [(state, pid) for state, pid in self.query("select state, pid from benchmarks_run order by created_at")]

    def figures(self) -> list[float]:
        """Rates of the trials that are over."""
        return [rate for (rate,) in self.query("select req_per_sec from benchmarks_trial where not is_warmup")]

    def wait_for(self, *states: str) -> list[int]:
        """The pids, once the runs are in these states."""
        ends = time.monotonic() + DEADLINE_S
        while [state for state, _ in self.rows()] != list(states):
            assert time.monotonic() < ends, (self.rows(), self.log())
            time.sleep(0.1)
        return [pid for _, pid in self.rows()]

    def log(self) -> str:
        file = self.folder / "logs/benchmarks.log"
        return file.read_text()[-2000:] if file.exists() else ""


@pytest.fixture
def detached(tmp_path: Path) -> Iterator[Detached]:
    made = Detached(tmp_path)
    yield made
    for state, pid in made.rows():
        if state in ("preflight", "warming", "running"):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.real
def test_queued_runs_follow_each_other_without_a_server(detached: Detached) -> None:
    with target() as port:
        detached.enqueue(port, 1)
        detached.enqueue(port, 1)
        detached.wait_for("done", "done")


@pytest.mark.real
def test_kill_9_interrupts_the_run_keeps_its_figures_and_ends_its_generator(detached: Detached) -> None:
    with target() as port:
        detached.enqueue(port, 1, trials=50)
        (pid,) = detached.wait_for("running")
        ends = time.monotonic() + DEADLINE_S
        while len(detached.figures()) < 2:  # two trials are over, a third goes on
            assert time.monotonic() < ends
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        detached.python("from benchmarks.runs import queue; queue.reconcile()")

        detached.wait_for("interrupted")
        left = commands_with(f"127.0.0.1:{port}/simple")
    assert left == []
    rates = detached.figures()
    ((rate, validity, reasons, samples),) = detached.query(
        "select req_per_sec, validity, reasons, samples from benchmarks_run"
    )
    assert json.loads(samples)[0]["trial"] == 1
    assert min(rates) <= rate <= max(rates)
    assert validity in ("caution", "invalid")
    assert f"Only {len(rates)} of 50 trials were measured." in reasons

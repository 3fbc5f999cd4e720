from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import threading
import time
from contextlib import suppress

import pytest
from django.db import IntegrityError

from benchmarks.errors import QueueFull, RunFinished, RunUnfinished
from benchmarks.models import Run
from benchmarks.runs import private_headers, progress, queue, run_process, run_recorder, watch
from system.host import boot_clock
from system.host.child_processes import identify
from tests.benchmarks.runs.detached import DEADLINE_S, Detached, detached, wait_until
from tests.fixtures.process_list import commands_with
from tests.fixtures.target_server import run_target

__all__ = ["detached"]

CANCEL_FIRST = (
    "from benchmarks.models import Run; from benchmarks.runs import queue; "
    "run = Run.objects.order_by('created_at').first(); queue.cancel(run); assert run.state == 'cancelled', run.state"
)


def new_run(state: str = "queued", **more: object) -> Run:
    values: dict[str, object] = {"framework": "node", "endpoint": "/simple", "generator": "wrk", "state": state}
    return Run(**values, planned_duration_s=10, **more)


def own(run: Run, pid: int, *, is_saved: bool = True) -> Run:
    identity = identify(pid)
    assert identity
    run.pid, run.pid_started_at, run.boot_id = identity.pid, identity.started_at, identity.boot_id
    if is_saved:
        run.save()
    return run


def run_with_dead_process() -> Run:
    process = subprocess.Popen(["sleep", "60"])
    run = own(new_run("running"), process.pid)
    process.kill()
    process.wait()
    return run


@pytest.mark.django_db(transaction=True)
def test_ten_runs_queue_and_the_eleventh_is_refused() -> None:
    own(new_run("running"), os.getpid())
    positions = [queue.enqueue(new_run()) for _ in range(10)]

    with pytest.raises(QueueFull) as caught:
        queue.enqueue(new_run())

    assert positions == list(range(1, 11))
    assert (caught.value.retry_after_s or 0) > 0
    assert Run.objects.count() == 11


@pytest.mark.django_db(transaction=True)
def test_two_runs_are_never_active_together() -> None:
    own(new_run("running"), os.getpid())

    with pytest.raises(IntegrityError):
        new_run("warming").save()


@pytest.mark.django_db(transaction=True)
def test_the_oldest_run_is_claimed_once() -> None:
    first, second = new_run(), new_run()
    first.save()
    second.save()

    assert [queue.claim(second.pk), queue.claim(first.pk), queue.claim(first.pk)] == [False, True, False]


@pytest.mark.real
@pytest.mark.django_db(transaction=True)
def test_a_run_whose_process_is_gone_is_interrupted() -> None:
    lost_run, done_run = run_with_dead_process(), new_run("done", req_per_sec=5.0)
    done_run.save()

    assert queue.recover_queue() == 1

    lost_run.refresh_from_db()
    assert lost_run.state == "interrupted"
    assert progress.refresh_progress().runs == ()
    assert queue.recover_queue() == 0


@pytest.mark.django_db(transaction=True)
def test_a_run_whose_process_is_alive_is_left_alone() -> None:
    own(new_run("running"), os.getpid())

    assert queue.recover_queue() == 0
    assert [run.state for run in progress.refresh_progress().runs] == ["running"]


@pytest.mark.django_db(transaction=True)
def test_cancel_and_delete_require_the_right_state() -> None:
    own(new_run("running"), os.getpid())
    waiting_run = new_run()
    waiting_run.save()

    with pytest.raises(RunUnfinished):
        queue.delete(waiting_run)
    queue.cancel(waiting_run)
    with pytest.raises(RunFinished):
        queue.cancel(waiting_run)
    queue.delete(waiting_run)

    assert Run.objects.count() == 1


@pytest.mark.django_db(transaction=True)
async def test_the_stream_names_the_newest_result() -> None:
    from asgiref.sync import sync_to_async

    assert await sync_to_async(progress.refresh_progress)() == progress.Progress((), None)
    done = new_run("done")
    await sync_to_async(done.save)()
    newest = (await sync_to_async(progress.refresh_progress)()).last_result
    assert newest == progress.LastResult(done.pk, done.at)


@pytest.mark.real
def test_what_counts_as_silence() -> None:
    process = subprocess.Popen(["sleep", "60"])
    runs = [
        own(Run(framework="node", state=state, heartbeat_s=heartbeat_s), process.pid, is_saved=False)
        for state, heartbeat_s in (("running", time.monotonic() - 70), ("running", None), ("queued", None))
    ]
    runs[2].pid_started_at = boot_clock.seconds_since_boot() - 80
    of_another_boot = own(Run(state="queued"), process.pid, is_saved=False)
    of_another_boot.boot_id = "before"
    process.kill()
    process.wait()

    silences_s = [round(run_process.silence_s(run) / 10) * 10 for run in (*runs, of_another_boot, Run())]
    assert silences_s == [70, 0, 80, 0, 0]


@pytest.mark.django_db(transaction=True)
def test_a_silent_run_that_beats_again_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "NOTICE_S", 0.0)
    run = own(new_run("running", heartbeat_s=time.monotonic() - 61), os.getpid())
    queue_watch = watch.QueueWatch()

    queue_watch.look()
    run.refresh_from_db()
    assert run.message == (
        f"The process of this run (pid {os.getpid()}) gave no sign of life for 61 s. "
        "Unless it does within 0 s, it is ended and the run fails."
    )
    run_recorder.record_heartbeat(run)
    for _ in range(2):
        queue_watch.look()
    run.refresh_from_db()
    assert (run.state, run.message) == ("running", "")


@pytest.mark.django_db(transaction=True)
def test_a_silent_run_is_ended_although_files_cannot_be_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(unfinished: object) -> None:
        raise PermissionError

    ended: list[Run] = []
    monkeypatch.setattr(watch, "NOTICE_S", 0.0)
    monkeypatch.setattr(run_process, "end", ended.append)
    monkeypatch.setattr(private_headers, "sweep", fail)
    run = own(new_run("running", heartbeat_s=time.monotonic() - 61), os.getpid())
    queue_watch = watch.QueueWatch()
    for _ in range(2):
        with pytest.raises(PermissionError):
            queue_watch.look()

    assert ended == [run]


async def test_the_event_loop_does_not_wait_for_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    has_begun, may_end = threading.Event(), threading.Event()

    def look(queue_watch: watch.QueueWatch) -> None:
        has_begun.set()
        may_end.wait(60)

    monkeypatch.setattr(watch, "POLL_S", 0.0)
    monkeypatch.setattr(watch.QueueWatch, "look", look)
    task = asyncio.create_task(watch.watch_queue())
    await asyncio.to_thread(has_begun.wait, 60)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

    assert not may_end.is_set()
    may_end.set()


@pytest.mark.real
def test_queued_runs_follow_each_other_without_a_server(detached: Detached) -> None:
    with run_target(delay_ms=5) as port:
        detached.enqueue(port, 1)
        detached.enqueue(port, 1)
        detached.wait_for("done", "done")


@pytest.mark.real
def test_kill_9_interrupts_the_run_keeps_its_figures_and_kills_its_generator(detached: Detached) -> None:
    with run_target(delay_ms=5) as port:
        detached.enqueue(port, 1, trials=50)
        (pid,) = detached.wait_for("running")
        deadline_s = time.monotonic() + DEADLINE_S
        while len(detached.trial_rates()) < 2:  # two trials are finished, a third is running
            assert time.monotonic() < deadline_s
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        detached.python("from benchmarks.runs import queue; queue.recover_queue()")

        detached.wait_for("interrupted")
        leftover = commands_with(f"127.0.0.1:{port}/simple")
    assert leftover == []
    rates = detached.trial_rates()
    ((rate, validity, reasons, samples),) = detached.query(
        "select req_per_sec, validity, reasons, samples from benchmarks_run"
    )
    assert json.loads(samples)[0]["trial"] == 1
    assert min(rates) <= rate <= max(rates)
    assert validity in ("caution", "invalid")
    assert f"Only {len(rates)} of 50 trials were measured." in reasons


def stop_first_of_two(detached: Detached, port: int) -> int:
    """Queues a long and a short run, and stops the process of the first, whose pid it returns, under load."""
    detached.enqueue(port, 60)
    detached.enqueue(port, 1)
    pid, _ = detached.wait_for("running", "queued")
    wait_until(lambda: commands_with(f"127.0.0.1:{port}/simple"))
    os.kill(pid, signal.SIGSTOP)
    return pid


def end_silent(detached: Detached) -> None:
    """What the server's background task does, with shorter limits, until the first run of the queue is final."""
    detached.python(
        "import time; from benchmarks.models import UNFINISHED, Run; from benchmarks.runs import watch\n"
        "watch.SILENT_AFTER_S, watch.NOTICE_S, began_s = 3.0, 1.0, time.monotonic()\n"
        "queue_watch, first = watch.QueueWatch(), Run.objects.order_by('created_at').first()\n"
        "while Run.objects.get(pk=first.pk).state in UNFINISHED and time.monotonic() - began_s < 90:\n"
        "    queue_watch.look()\n"
        "    time.sleep(0.2)\n"
    )


@pytest.mark.real
def test_a_run_that_is_stopped_fails_and_the_next_one_begins(detached: Detached) -> None:
    with run_target(delay_ms=5) as port:
        pid = stop_first_of_two(detached, port)

        end_silent(detached)
        detached.wait_for("failed", "done")
        leftover = commands_with(f"127.0.0.1:{port}/simple"), identify(pid)

    assert leftover == ([], None)
    ((message,),) = detached.query("select message from benchmarks_run where state = 'failed'")
    assert re.fullmatch(
        rf"The process of this run \(pid {pid}\) gave no sign of life for \d+ s and was ended\. "
        r"Measurements so far are kept\.",
        message,
    )
    activity = detached.query("select actor, action, outcome, message from pm2site_activity order by id")
    assert [entry[:3] for entry in activity] == [("this server", "benchmark.silent", "failed")] * 2
    assert activity[0][3].endswith("s. Unless it does within 1 s, it is ended and the run fails.")
    assert activity[1][3] == message


@pytest.mark.real
def test_a_launched_process_that_never_begins_fails_its_run(detached: Detached) -> None:
    """It is stopped before it claims the run: the row is still queued."""
    detached.python(
        "import os, signal; from benchmarks.models import Run; from benchmarks.runs import queue\n"
        "for number in range(2):\n"
        "    queue.enqueue(Run(framework='node', host='127.0.0.1:9', address='127.0.0.1', endpoint='/', generator='wrk'))\n"
        "    number or os.kill(Run.objects.get().pid, signal.SIGSTOP)\n"
    )
    pid, _ = detached.wait_for("queued", "queued")

    end_silent(detached)
    detached.wait_for("failed", "failed")  # nothing listens on the port of the second one

    assert identify(pid) is None
    messages = [message for (message,) in detached.query("select message from benchmarks_run order by created_at")]
    assert messages[0].startswith(f"The process of this run (pid {pid}) gave no sign of life for ")


@pytest.mark.real
def test_a_stopped_run_is_cancelled_by_force_and_can_be_deleted(detached: Detached) -> None:
    with run_target(delay_ms=5) as port:
        pid = stop_first_of_two(detached, port)

        detached.python(CANCEL_FIRST)
        detached.wait_for("cancelled", "done")
        assert commands_with(f"127.0.0.1:{port}/simple") == []
    ((message,),) = detached.query("select message from benchmarks_run where state = 'cancelled'")
    # Continued, it ends by itself.
    assert (message, identify(pid)) == ("Cancelled. Measurements so far are kept.", None)
    detached.python("from benchmarks.runs import queue; queue.delete(queue.Run.objects.order_by('created_at').first())")
    assert [state for state, _ in detached.rows()] == ["done"]


@pytest.mark.real
def test_a_run_that_ignores_the_cancellation_is_killed_with_its_children(detached: Detached) -> None:
    """A process that is stopped again and again reacts to nothing but SIGKILL."""
    is_over = threading.Event()

    def keep_stopped(pid: int) -> None:
        while not is_over.wait(0.002):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    with run_target(delay_ms=5) as port:
        detached.enqueue(port, 60)
        (pid,) = detached.wait_for("running")
        wait_until(lambda: commands_with(f"127.0.0.1:{port}/simple"))
        stopper = threading.Thread(target=keep_stopped, args=(pid,))
        stopper.start()
        detached.python(CANCEL_FIRST)
        is_over.set()
        stopper.join()

        assert commands_with(f"127.0.0.1:{port}/simple") == []
    assert detached.query("select state, message from benchmarks_run") == [("cancelled", queue.KILLED)]
    assert identify(pid) is None

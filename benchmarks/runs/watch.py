"""Background task of the server: goes on with the queue when the process of a run is gone or hangs. [io: database]

A process that is stopped (SIGSTOP, a debugger) or hangs holds the queue as long as it exists: it is alive, and only one
run is active at a time. So its heartbeat decides.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from benchmarks.errors import RunSilent
from benchmarks.generators.secret_headers import masked
from benchmarks.models import ACTIVE, Run, RunState
from benchmarks.runs import private_headers, queue, run_process
from system.lib import audit_hook

log = structlog.get_logger("benchmarks")

POLL_S = 2.0
THREAD_PREFIX = "pm2site-queue"  # the server's exit waits for such threads, for a bounded time
# A heartbeat is due every 2 s. It waits up to 30 s for another writer of SQLite (`timeout` in the settings), and a few
# seconds while the process computes the figures of millions of latencies on a busy machine.
SILENT_AFTER_S = 60.0
# Watched for so long before the end: after a pause of the whole machine, the process may beat again within this time.
NOTICE_S = 6.0


@dataclass(frozen=True, slots=True)
class Notice:
    """A silence that was reported. `heartbeat_s`: the last heartbeat; `at_s`: time of the report, both monotonic."""

    heartbeat_s: float | None
    at_s: float


class QueueWatch:
    """Looks at the unfinished runs of this server; remembers between two looks which of them are silent."""

    def __init__(self) -> None:
        self._notices: dict[UUID, Notice] = {}

    def look(self) -> None:
        """Marks runs whose process is gone, reports silent ones, ends those that were reported before, and launches the
        next run. Takes a few seconds for each that is ended. Raises errors of the database."""
        runs = queue.fetch_unfinished()
        if queue.recover_queue_from(runs):
            runs = queue.fetch_unfinished()
        notices: dict[UUID, Notice] = {}
        for run in runs:
            notice = self._notices.get(run.pk)
            if run_process.silence_s(run) <= SILENT_AFTER_S:
                if notice is not None:
                    log.info("run is no longer silent", run=str(run.pk), pid=run.pid)
                    Run.objects.filter(pk=run.pk, state__in=ACTIVE).update(message="")
            elif notice is None or notice.heartbeat_s != run.heartbeat_s:
                notices[run.pk] = Notice(run.heartbeat_s, time.monotonic())
                _report(run)
            elif time.monotonic() - notice.at_s < NOTICE_S:
                notices[run.pk] = notice
            else:
                _end(run)
        self._notices = notices
        private_headers.sweep([run.pk for run in runs])


def _report(run: Run) -> None:
    error = RunSilent(str(run.pk), run.pid, run_process.silence_s(run))
    message = error.notice(NOTICE_S)
    if Run.objects.filter(pk=run.pk, state=run.state, heartbeat_s=run.heartbeat_s).update(message=message):
        log.warning("run is silent", run=str(run.pk), pid=run.pid, state=run.state, seconds=round(error.silence_s))
        _record(run, error, message)


def _end(run: Run) -> None:
    """Ends the process, and fails the run whatever its process writes at last. The next run is launched."""
    error = RunSilent(str(run.pk), run.pid, run_process.silence_s(run))
    row = Run.objects.filter(pk=run.pk, pid=run.pid, cancel_requested=False)
    if run.state == RunState.QUEUED:  # before the process ends: continued, it could begin
        failed = row.filter(state=RunState.QUEUED).update(**_failure(error), headers=masked(run.headers))
        private_headers.discard(run.pk)
        run_process.end(run)
    else:
        run_process.end(run)
        failed = row.filter(state__in=(*ACTIVE, RunState.CANCELLED)).update(**_failure(error))
    if failed:
        log.error("a silent run was ended", run=str(run.pk), pid=run.pid, seconds=round(error.silence_s))
        _record(run, error, error.reason)
    queue.recover_queue()


def _failure(error: RunSilent) -> dict[str, object]:
    return {"state": RunState.FAILED, "at": timezone.now(), "message": error.reason}


def _record(run: Run, error: RunSilent, message: str) -> None:
    audit_hook.record_own("benchmark.silent", str(run.pk), message, error)


async def watch_queue() -> None:
    """Runs until cancelled."""
    watch = QueueWatch()
    # A dedicated thread: ending a process takes seconds, and a database connection belongs to one thread.
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=THREAD_PREFIX)
    try:
        while True:
            await asyncio.sleep(POLL_S)
            await asyncio.get_running_loop().run_in_executor(executor, _look_and_close, watch)
    finally:
        executor.shutdown(wait=False)  # the event loop must not wait for a look


def _look_and_close(watch: QueueWatch) -> None:
    try:
        watch.look()
    except (DatabaseError, InterfaceError, OSError):  # requests report them; the next look may succeed
        log.debug("the queue of runs cannot be read", exc_info=True)
    finally:
        connection.close()

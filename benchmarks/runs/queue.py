"""Queue of runs: enqueue, launch, claim, cancel, and interrupt runs whose process is gone. [io: database, processes]"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from benchmarks.analysis.warm_up import max_warmup_s
from benchmarks.errors import QueueFull, RunFinished, RunUnfinished
from benchmarks.generators.secret_headers import masked
from benchmarks.models import ACTIVE, ONE_STEP, UNFINISHED, Run, RunState, unfinished_runs
from benchmarks.runs import private_headers, run_process
from benchmarks.runs.run_process import owner_columns, owner_of
from system.host.boot_clock import boot_id
from system.host.child_processes import Identity, identify, is_alive, spawn_detached, without_secrets
from system.lib import files, installation
from system.stored_times import is_time

log = structlog.get_logger("benchmarks")

MAX_QUEUED = 10
KILLED = "Cancelled. Its process did not end by itself and was killed. Measurements so far are kept."
LOST = "The process of this run ended before the run did. Measurements so far are kept."
# Held from reading the queue until the owner is written to the row: no second thread may launch the same run.
_spawning = threading.Lock()


def planned_total_s(run: Run) -> float:
    """Planned seconds of the whole run: warm-up and trials."""
    return max_warmup_s(run.planned_duration_s) + run.trials_planned * run.planned_duration_s


def enqueue(run: Run) -> int:
    """Store `run`, launch it if none is active, and return its position. Raises QueueFull, OSError."""
    recover_queue()
    private_headers.store(run.pk, run.headers)
    run.headers = masked(run.headers)
    try:
        _insert(run)
    except BaseException:
        private_headers.discard(run.pk)
        raise
    log.info("run queued", run=str(run.pk), framework=run.framework, endpoint=run.endpoint)
    transaction.on_commit(launch_next)
    return position(run)


def _insert(run: Run) -> None:
    """Raises QueueFull."""
    with transaction.atomic():
        unfinished = list(unfinished_runs().filter(server_id=run.server_id))
        queued = [other for other in unfinished if other.state == RunState.QUEUED]
        if len(queued) >= MAX_QUEUED:
            raise QueueFull(len(queued), _retry_after_s(unfinished))
        # The queue is in the order of this time, which must not depend on a clock that was set back meanwhile.
        earliest = [other.created_at + ONE_STEP for other in unfinished if is_time(other.created_at)]
        run.created_at = max([timezone.now(), *earliest])
        run.save(force_insert=True)


def _retry_after_s(unfinished: Sequence[Run]) -> float:
    """Estimated seconds until the queue is one shorter."""
    for run in unfinished:
        if run.state in ACTIVE:
            return max(1.0, float(run.progress.get("remainingSeconds", planned_total_s(run))))
    return max(1.0, min(planned_total_s(run) for run in unfinished))


def position(run: Run) -> int:
    """Number of runs ahead of a queued run; 0 for a run that is not queued."""
    if run.state != RunState.QUEUED or not is_time(run.created_at):
        return 0
    return unfinished_runs().filter(server_id=run.server_id, created_at__lt=run.created_at).count()


def launch_next() -> None:
    """Start a process for the oldest queued run, unless a run is active or already launched."""
    with _spawning:
        run = _next_of(fetch_unfinished())
        if run is None or _check_launched_and_fail_if_dead(run):
            return
        identity = spawn_runner(run.pk)
        Run.objects.filter(pk=run.pk, state=RunState.QUEUED).update(**owner_columns(identity))


def fetch_unfinished() -> list[Run]:
    """Queued and active runs of this server, in the order of the queue."""
    return list(unfinished_runs().filter(server_id=settings.SERVER_ID))


def _next_of(unfinished: Sequence[Run]) -> Run | None:
    """The oldest queued run, unless a run is active."""
    return None if any(run.state in ACTIVE for run in unfinished) else next(iter(unfinished), None)


def _check_launched_and_fail_if_dead(run: Run) -> bool:
    """Whether a process was already started for this queued run. If it died, the run fails and is not retried."""
    owner = owner_of(run)
    if owner is None or owner.boot_id != boot_id():
        return False
    if not is_alive(owner):
        Run.objects.filter(pk=run.pk, state=RunState.QUEUED, pid=run.pid).update(
            state=RunState.FAILED, at=timezone.now(), headers=masked(run.headers),
            message=f"The process of this run ended before the run began. See {settings.LOG_DIR}/benchmarks.log.",
        )  # fmt: skip
        private_headers.discard(run.pk)
    return True


def spawn_runner(run_id: UUID) -> Identity:
    """Start the detached process of one run; it outlives this server."""
    log_file = Path(settings.LOG_DIR) / "benchmarks.log"
    files.rotate(log_file)
    return spawn_detached(
        installation.manage_argv("run_benchmark", str(run_id)),
        env=without_secrets(os.environ, keep=_database_variables()),
        cwd=Path(settings.BASE_DIR),
        log_file=log_file,
    )


def _database_variables() -> tuple[str, ...]:
    """What the process needs to reach the database. PostgreSQL's client reads PGPASSWORD if the URL has no password."""
    return ("DATABASE_URL",) if settings.DATABASES["default"].get("PASSWORD") else ("DATABASE_URL", "PGPASSWORD")


def claim(run_id: UUID) -> bool:
    """Make this process the owner of the run. False if another run is active or this one is not next in the queue."""
    identity = identify(os.getpid())
    owned = owner_columns(identity) if identity else {}
    try:
        with transaction.atomic():
            run = _next_of(fetch_unfinished())
            if run is None or run.pk != run_id:
                return False
            beat = run_process.heartbeat_columns()
            changes = {"state": RunState.PREFLIGHT, "started_at": timezone.now(), **beat, **owned}
            return Run.objects.filter(pk=run_id, state=RunState.QUEUED).update(**changes) == 1
    except IntegrityError:  # another process was faster: the constraint permits one active run
        return False


def release(run_id: UUID) -> None:
    """Disown a queued run that this process was started for but could not claim."""
    Run.objects.filter(pk=run_id, state=RunState.QUEUED, pid=os.getpid()).update(pid=None)


def cancel(run: Run) -> None:
    """Cancel a run, and refresh `run`: a queued one immediately, an active one by ending its process, by force if it
    does not end within a few seconds. Raises RunFinished."""
    updated = Run.objects.filter(pk=run.pk, state=RunState.QUEUED).update(
        state=RunState.CANCELLED, cancel_requested=True, at=timezone.now(), message="Cancelled while queued.",
        headers=masked(run.headers),
    )  # fmt: skip
    if updated:
        private_headers.discard(run.pk)
    elif not Run.objects.filter(pk=run.pk, state__in=ACTIVE).update(cancel_requested=True):
        run.refresh_from_db()
        raise RunFinished(str(run.pk), run.state)
    run.refresh_from_db()
    run_process.end(run)  # also that of a queued run which has not claimed it yet
    run.refresh_from_db()
    mark_interrupted([run])  # if it was killed, it did not write its last state
    run.refresh_from_db()
    log.info("run cancelled", run=str(run.pk), state=run.state)
    if run.state not in UNFINISHED:
        launch_next()


def delete(run: Run) -> None:
    """Delete a finished run. Raises RunUnfinished."""
    deleted, _ = Run.objects.filter(pk=run.pk).exclude(state__in=UNFINISHED).delete()
    if not deleted:
        raise RunUnfinished(str(run.pk), run.state)


def recover_queue() -> int:
    """Mark runs whose process is gone as interrupted, launch the next; returns the number interrupted."""
    return recover_queue_from(fetch_unfinished())


def recover_queue_from(runs: Sequence[Run]) -> int:
    """Like `recover_queue`; `runs` are all unfinished runs, already fetched."""
    interrupted = mark_interrupted(runs)
    if interrupted or (runs and all(run.state == RunState.QUEUED for run in runs)):
        launch_next()
    return interrupted


def mark_interrupted(runs: Iterable[Run]) -> int:
    """Set active runs of this server whose process is gone to interrupted, or to cancelled if that was requested;
    returns their number."""
    interrupted = 0
    for run in runs:
        if run.server_id != settings.SERVER_ID or run.state not in ACTIVE:
            continue
        owner = owner_of(run)
        if owner and is_alive(owner):
            continue
        row = Run.objects.filter(pk=run.pk, state__in=ACTIVE, pid=run.pid)
        ended = row.filter(cancel_requested=True).update(state=RunState.CANCELLED, message=KILLED, at=timezone.now())
        ended += row.update(state=RunState.INTERRUPTED, message=LOST, at=timezone.now())
        interrupted += ended
        run_process.kill_children(run)
        log.warning("run interrupted", run=str(run.pk), pid=run.pid)
    return interrupted

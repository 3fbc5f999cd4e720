"""The queue: who waits, who runs, which process does it, and what becomes of a run whose process is gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from benchmarks.errors import QueueFull, RunFinished, RunUnfinished
from benchmarks.generators.scenario import max_warmup_s
from benchmarks.models import ACTIVE, UNFINISHED, Run, RunState
from system.host.child_processes import Identity, boot_id, identify, is_alive, kill_group, spawn_detached

log = structlog.get_logger("benchmarks")

MAX_QUEUED = 10
# Between the look at the queue and the note in the row nobody else of this process may look.
_spawning = threading.Lock()


def planned_s(run: Run) -> float:
    """Seconds that a run will take: warm-up and trials."""
    return max_warmup_s(run.planned_duration_s) + run.trials_planned * run.planned_duration_s


def enqueue(run: Run) -> int:
    """Store `run` and see that the queue moves; its place in the queue. Raises QueueFull."""
    reconcile()
    with transaction.atomic():
        queued = list(Run.objects.filter(server_id=run.server_id, state=RunState.QUEUED))
        if len(queued) >= MAX_QUEUED:
            raise QueueFull(len(queued), _wait_s(run.server_id, queued))
        run.save(force_insert=True)
    log.info("run queued", run=str(run.pk), framework=run.framework, endpoint=run.endpoint)
    transaction.on_commit(launch_next)
    return position(run)


def _wait_s(server_id: str, queued: list[Run]) -> float:
    """Seconds until the queue is one shorter."""
    active = Run.objects.filter(server_id=server_id, state__in=ACTIVE).first()
    if active:
        return max(1.0, float(active.progress.get("remainingSeconds", planned_s(active))))
    return max(1.0, min(planned_s(run) for run in queued))


def position(run: Run) -> int:
    """1 for the next; 0 for one that is not queued, and for one that need not wait."""
    if run.state != RunState.QUEUED:
        return 0
    return Run.objects.filter(server_id=run.server_id, state__in=UNFINISHED, created_at__lt=run.created_at).count()


def launch_next() -> None:
    """Start a process for the oldest queued run, unless one runs or is about to."""
    with _spawning:
        mine = Run.objects.filter(server_id=settings.SERVER_ID)
        if mine.filter(state__in=ACTIVE).exists():
            return
        run = mine.filter(state=RunState.QUEUED).order_by("created_at", "id").first()
        if run is None or _is_under_way(run):
            return
        identity = spawn(run.pk)
        Run.objects.filter(pk=run.pk, state=RunState.QUEUED).update(**_owned_by(identity))


def _is_under_way(run: Run) -> bool:
    """Whether a process was started for this queued run; one that died at once is not tried again and again."""
    owner = identity_of(run)
    if owner is None or owner.boot_id != boot_id():
        return False
    if not is_alive(owner):
        Run.objects.filter(pk=run.pk, state=RunState.QUEUED, pid=run.pid).update(
            state=RunState.FAILED, at=timezone.now(),
            message=f"The process of this run ended before it began. See {settings.LOG_DIR}/benchmarks.log.",
        )  # fmt: skip
    return True


def spawn(run_id: UUID) -> Identity:
    """The detached process of one run; it outlives this server."""
    return spawn_detached(
        [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "run_benchmark", str(run_id)],
        env=dict(os.environ),
        cwd=Path(settings.BASE_DIR),
        log_file=Path(settings.LOG_DIR) / "benchmarks.log",
    )


def _owned_by(identity: Identity) -> dict[str, object]:
    return {"pid": identity.pid, "pid_started_at": identity.started_at, "boot_id": identity.boot_id}


def identity_of(run: Run) -> Identity | None:
    """The process that a row names."""
    if run.pid is None or run.pid_started_at is None:
        return None
    return Identity(run.pid, run.pid_started_at, run.boot_id)


def claim(run_id: UUID) -> bool:
    """Make this process the run's; False when another runs, or it is not its turn, or it is over."""
    identity = identify(os.getpid())
    owned = _owned_by(identity) if identity else {}
    try:
        with transaction.atomic():
            mine = Run.objects.filter(server_id=settings.SERVER_ID)
            first = mine.filter(state=RunState.QUEUED).order_by("created_at", "id").first()
            if first is None or first.pk != run_id or mine.filter(state__in=ACTIVE).exists():
                return False
            now = timezone.now()
            changes = {"state": RunState.PREFLIGHT, "started_at": now, "heartbeat_at": now, **owned}
            return mine.filter(pk=run_id, state=RunState.QUEUED).update(**changes) == 1
    except IntegrityError:  # another process was first: the constraint lets one be active
        return False


def release(run_id: UUID) -> None:
    """Give a queued run back that this process was started for but may not run now."""
    Run.objects.filter(pk=run_id, state=RunState.QUEUED, pid=os.getpid()).update(pid=None)


def cancel(run: Run) -> None:
    """End a run: a queued one at once, an active one by a signal to its process. Raises RunFinished."""
    changed = Run.objects.filter(pk=run.pk, state=RunState.QUEUED).update(
        state=RunState.CANCELLED, cancel_requested=True, at=timezone.now(), message="Cancelled while it waited."
    )
    if not changed:
        changed = Run.objects.filter(pk=run.pk, state__in=ACTIVE).update(cancel_requested=True)
        owner = identity_of(Run.objects.get(pk=run.pk))
        if changed and owner:
            kill_group(owner, signal.SIGTERM)
    if not changed:
        run.refresh_from_db()
        raise RunFinished(str(run.pk), run.state)
    log.info("run cancelled", run=str(run.pk))


def delete(run: Run) -> None:
    """Remove a run that is over. Raises RunUnfinished."""
    deleted, _ = Run.objects.filter(pk=run.pk).exclude(state__in=UNFINISHED).delete()
    if not deleted:
        raise RunUnfinished(str(run.pk), run.state)


def reconcile() -> int:
    """Mark runs whose process is gone, move the queue on; how many were lost."""
    return look_after(list(Run.objects.filter(server_id=settings.SERVER_ID, state__in=UNFINISHED)))


def look_after(runs: Sequence[Run]) -> int:
    """The same for these runs, all that are not over."""
    lost = mark_lost(runs)
    if lost or (runs and all(run.state == RunState.QUEUED for run in runs)):
        launch_next()
    return lost


def mark_lost(runs: Iterable[Run]) -> int:
    """Set those of our `runs` to interrupted whose process is gone; how many."""
    lost = 0
    for run in runs:
        if run.server_id != settings.SERVER_ID or run.state == RunState.QUEUED:
            continue
        owner = identity_of(run)
        if owner and is_alive(owner):
            continue
        now = timezone.now()
        lost += Run.objects.filter(pk=run.pk, state__in=ACTIVE, pid=run.pid).update(
            state=RunState.INTERRUPTED, at=now,
            message="The process of this run ended before the run did. What it had measured is kept.",
        )  # fmt: skip
        _kill_children(run)
        log.warning("run interrupted", run=str(run.pk), pid=run.pid)
    return lost


def _kill_children(run: Run) -> None:
    """A load generator must not go on without anybody who watches it."""
    for pid, started_at, boot in run.progress.get("children", ()):
        kill_group(Identity(int(pid), float(started_at), str(boot)), signal.SIGKILL)

"""The process of a run: its identity in the row, its heartbeat, and how it is ended. [io: database, processes]"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from django.utils import timezone

from benchmarks.models import ACTIVE, Run, RunState
from system.host import process_lookup
from system.host.boot_clock import age_s, boot_id
from system.host.child_processes import Identity, is_alive, kill_group

GRACE_S = 5.0  # a run that is cancelled writes its figures within one or two seconds
KILL_S = 2.0  # until a killed process is gone, unless the kernel itself waits for a device
POLL_S = 0.05


def owner_columns(identity: Identity) -> dict[str, object]:
    return {"pid": identity.pid, "pid_started_at": identity.started_at, "boot_id": identity.boot_id}


def owner_of(run: Run) -> Identity | None:
    """The process recorded in the row; None if there is none."""
    if run.pid is None or run.pid_started_at is None:
        return None
    return Identity(run.pid, run.pid_started_at, run.boot_id)


def heartbeat_columns() -> dict[str, object]:
    """All processes of a machine share the monotonic clock; another boot is recognized by the owner's `boot_id`."""
    return {"heartbeat_s": time.monotonic(), "heartbeat_at": timezone.now()}


def silence_s(run: Run) -> float:
    """Seconds since the last sign of life of the run's process, of one that has not claimed its run since its start.

    0 without a process, and for one of an earlier version, which writes no `heartbeat_s`.
    """
    owner = owner_of(run)
    if owner is None or owner.boot_id != boot_id():
        return 0.0
    if run.heartbeat_s is None:
        return age_s(owner.started_at) if run.state == RunState.QUEUED else 0.0
    return time.monotonic() - run.heartbeat_s


def end(run: Run) -> None:
    """Ends the process of the run, which then writes its last state, or kills it with its children after `GRACE_S`.

    A stopped process receives SIGTERM only once it is continued. Returns when the row is final or the process gone, at
    the latest after `GRACE_S + KILL_S`. Does not change the row.
    """
    owner = owner_of(run)
    if owner is None or not kill_group(owner, signal.SIGTERM):
        return
    kill_group(owner, signal.SIGCONT)
    if not _wait_until(lambda: not _is_active(run) or not is_alive(owner), GRACE_S):
        _kill(run, owner)


def _kill(run: Run, owner: Identity) -> None:
    kill_group(owner, signal.SIGSTOP)  # from now on it neither starts a child nor writes its row
    is_active = False
    try:
        is_active = _is_active(run)
    finally:
        if not is_active:  # it wrote its row just before, and its children are those of the next run; or we cannot know
            kill_group(owner, signal.SIGCONT)
    if not is_active:
        return
    children = process_lookup.descendants_of(owner.pid)
    kill_group(owner, signal.SIGKILL)
    for child in children:
        kill_group(child, signal.SIGKILL)
    _wait_until(lambda: not is_alive(owner), KILL_S)
    kill_children(run)


def kill_children(run: Run) -> None:
    """Kills the recorded children of a process that is gone: an orphaned load generator keeps loading the target."""
    progress = Run.objects.filter(pk=run.pk).values_list("progress", flat=True).first() or {}
    for pid, started_at, boot in progress.get("children", ()):
        kill_group(Identity(int(pid), float(started_at), str(boot)), signal.SIGKILL)


def _is_active(run: Run) -> bool:
    return Run.objects.filter(pk=run.pk, state__in=ACTIVE).exists()


def _wait_until(is_over: Callable[[], bool], timeout_s: float) -> bool:
    """Whether it was over in time. Blocks."""
    deadline_s = time.monotonic() + timeout_s
    while not is_over():
        if time.monotonic() >= deadline_s:
            return False
        time.sleep(POLL_S)
    return True

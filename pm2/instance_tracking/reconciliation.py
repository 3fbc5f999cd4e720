"""Tracks instances across reused pm_ids, counter resets and unannounced deletes. [pure]"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pm2.daemon.process import RUNNING, Key, Process


@dataclass(frozen=True, slots=True)
class KnownInstance:
    """One instance as last listed. `lost_restarts`: restarts that PM2's counter lost since the instance appeared;
    `token`: under which it is stored, empty if it is not; `earlier`: tokens and restarts of deleted instances that had
    the same name and pm_id."""

    process: Process
    lost_restarts: int = 0
    token: str = ""
    earlier: tuple[tuple[str, int], ...] = ()

    @property
    def restarts(self) -> int:
        return self.lost_restarts + self.process.restarts


@dataclass(frozen=True, slots=True)
class Change:
    """A difference between two consecutive lists. `kind`: appeared, deleted, restarted or status."""

    kind: str
    process: Process
    before: Process | None

    @property
    def text(self) -> str:
        """A description for people."""
        subject = f"{self.process.name} {self.process.pm_id}"
        return {
            "appeared": f"{subject} appeared, {self.process.status}",
            "deleted": f"{subject} left PM2's list",
            "restarted": f"{subject} restarted, pid {self.process.pid}",
            "status": f"{subject} is {self.process.status}",
        }[self.kind]


KnownInstances = Mapping[Key, KnownInstance]


def reconcile(
    known: KnownInstances,
    processes: Sequence[Process],
    saved_lost_restarts: Mapping[Key, int],
    *,
    is_same_daemon: bool = True,
) -> tuple[dict[Key, KnownInstance], list[Change]]:
    """The known instances after `processes` were listed, and the changes. `saved_lost_restarts`: those stored by an
    earlier server; `is_same_daemon`: whether the daemon that made the previous list made this one."""
    updated: dict[Key, KnownInstance] = {}
    changes: list[Change] = []
    for process in processes:
        key = (process.name, process.pm_id)
        before = known.get(key)
        if before and is_same_daemon and _is_another(before.process, process):
            changes.append(Change("deleted", before.process, before.process))
            before = None
        updated[key] = KnownInstance(
            process, _lost_restarts(before, process) if before else saved_lost_restarts.get(key, 0)
        )
        if before is None:
            changes.append(Change("appeared", process, None))
        elif before.process.pid != process.pid and process.pid and before.process.pid:
            changes.append(Change("restarted", process, before.process))
        elif before.process.status is not process.status:
            changes.append(Change("status", process, before.process))
    changes.extend(
        Change("deleted", instance.process, instance.process) for key, instance in known.items() if key not in updated
    )
    return updated, changes


def _is_another(before: Process, now: Process) -> bool:
    """Whether a process was deleted and started again between two lists: a restart increments PM2's counter, and
    `pm2 reset` keeps the pid."""
    return now.pid not in (0, before.pid) and now.restarts == 0 < before.restarts


def _lost_restarts(before: KnownInstance, now: Process) -> int:
    # A counter that decreased was reset: `pm2 reset`, `pm2 update`, or a daemon that resurrected its list.
    was_reset = now.restarts < before.process.restarts
    return before.lost_restarts + (before.process.restarts if was_reset else 0)


def with_total_restarts(known: KnownInstances, processes: Iterable[Process]) -> tuple[Process, ...]:
    """The processes with restart counts that survive PM2's resets, and with their tokens. `known`: of the same list."""
    return tuple(
        replace(
            process,
            restarts=process.restarts + instance.lost_restarts,
            token=instance.token,
            earlier_restarts=instance.earlier,
        )
        if (instance := known.get((process.name, process.pm_id)))
        else process
        for process in processes
    )


def running_processes(known: KnownInstances) -> list[Process]:
    """The processes that were running when PM2 last listed them."""
    return [
        instance.process
        for instance in known.values()
        if instance.process.status in RUNNING and instance.process.pid > 0
    ]

"""Who is who over time: PM2 gives its numbers out again, resets its counters, and says nothing of deletes. [pure]"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pm2.daemon.process import RUNNING, Key, Process


@dataclass(frozen=True, slots=True)
class Seen:
    """One instance as we know it since it appeared. `lost_restarts`: those that PM2 has forgotten."""

    process: Process
    lost_restarts: int = 0

    @property
    def restarts(self) -> int:
        return self.lost_restarts + self.process.restarts


@dataclass(frozen=True, slots=True)
class Change:
    """What two lists one after another tell. `kind`: appeared, deleted, restarted, status."""

    kind: str
    process: Process
    before: Process | None


Known = Mapping[Key, Seen]


def follow(
    known: Known, processes: Sequence[Process], forgotten: Mapping[Key, int]
) -> tuple[dict[Key, Seen], list[Change]]:
    """What is known after `processes` was seen, and what has changed. `forgotten`: restarts that PM2 had forgotten
    before we came."""
    now: dict[Key, Seen] = {}
    changes: list[Change] = []
    for each in processes:
        key = (each.name, each.pm_id)
        before = known.get(key)
        now[key] = Seen(each, _lost(before, each) if before else forgotten.get(key, 0))
        if before is None:
            changes.append(Change("appeared", each, None))
        elif before.process.pid != each.pid and each.pid and before.process.pid:
            changes.append(Change("restarted", each, before.process))
        elif before.process.status is not each.status:
            changes.append(Change("status", each, before.process))
    changes.extend(Change("deleted", seen.process, seen.process) for key, seen in known.items() if key not in now)
    return now, changes


def _lost(before: Seen, now: Process) -> int:
    # A counter that fell began again: `pm2 reset`, `pm2 update`, a daemon that resurrected its list.
    fell = now.restarts < before.process.restarts
    return before.lost_restarts + (before.process.restarts if fell else 0)


def counted(known: Known, processes: Iterable[Process]) -> tuple[Process, ...]:
    """The processes with restarts that survive PM2's resets."""
    return tuple(
        replace(each, restarts=each.restarts + seen.lost_restarts)
        if (seen := known.get((each.name, each.pm_id)))
        else each
        for each in processes
    )


def running(known: Known) -> list[Process]:
    """What ran when the daemon was last heard of."""
    return [seen.process for seen in known.values() if seen.process.status in RUNNING and seen.process.pid > 0]

"""How long the listed processes have been running, by the kernel's clock. [io: /proc]

PM2 states the wall clock's time of a start. Its distance from now is wrong by an hour once that clock was set by an
hour; the start of a process in seconds since boot does not change.
"""

from __future__ import annotations

from collections.abc import Iterable

from system.host import boot_clock, child_processes

Run = tuple[int, float]  # pid, and PM2's time of the start (ms), which distinguishes runs with the same pid

_started_s: dict[Run, float] = {}  # since boot, of the runs listed last: a start is read once


def ages_s(runs: Iterable[Run]) -> dict[Run, float]:
    """Seconds since the start of each run whose process exists."""
    global _started_s
    _started_s = {run: started_s for run in runs if (started_s := _started_s.get(run) or _read_start(run[0]))}
    return {run: max(0.0, boot_clock.age_s(started_s)) for run, started_s in _started_s.items()}


def _read_start(pid: int) -> float | None:
    identity = child_processes.identify(pid) if pid else None
    return identity.started_at if identity else None

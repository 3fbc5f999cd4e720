"""CPU seconds since boot, of one processor or of all. [pure]

Sums of psutil's fields, not differences of sums: rounding may not make a counter run backwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

IDLE = ("idle", "iowait")  # a processor that waits for I/O does no work
# user and nice already include guest and guest_nice (proc(5)).
NOT_WORK = frozenset({*IDLE, "steal", "guest", "guest_nice"})


@dataclass(frozen=True, slots=True)
class CpuSeconds:
    """`steal_s`: taken by the hypervisor for other machines."""

    work_s: float
    steal_s: float
    idle_s: float

    @property
    def total_s(self) -> float:
        return self.work_s + self.steal_s + self.idle_s


def seconds_by_mode(times: Any) -> dict[str, float]:
    """user, system, idle, … as the system names them; what user and nice already include is left out."""
    return {mode: seconds for mode, seconds in times._asdict().items() if mode not in ("guest", "guest_nice")}


def cpu_seconds(times: Any) -> CpuSeconds:
    """`times`: the named tuple of `psutil.cpu_times`; its fields depend on the system."""
    seconds = times._asdict()
    return CpuSeconds(
        work_s=sum(value for name, value in seconds.items() if name not in NOT_WORK),
        steal_s=seconds.get("steal", 0.0),
        idle_s=sum(seconds.get(name, 0.0) for name in IDLE),
    )

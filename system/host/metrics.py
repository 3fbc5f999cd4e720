"""Computes percentages, rates and display texts from two readings of the host. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from system.lib.wire import STAYS_INSIDE

MB = 2**20
RATES = ("cpu", "network")  # the kinds of figures that need two readings


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Busy and total seconds since boot, of one CPU or summed over all."""

    busy_s: float
    total_s: float


@dataclass(frozen=True, slots=True)
class MemoryBytes:
    """`available`: to programs, without swapping; `free`: not used at all, not even by caches."""

    total: int | None = None
    available: int | None = None
    used: int | None = None
    free: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The host's counters at one moment. `monotonic_s` orders readings; `at` is for display.

    What could not be read is None; `unreadable` has the reasons, by the names of these fields. `cpu_modes`: seconds
    since boot by mode, of all processors.
    """

    at: datetime
    monotonic_s: float
    cpu: CpuTimes | None = None
    per_cpu: tuple[CpuTimes, ...] = ()
    cpu_modes: Mapping[str, float] = field(default_factory=dict)
    memory: MemoryBytes = MemoryBytes()
    swap: tuple[int, int] | tuple[None, None] = (None, None)  # bytes used, bytes in total
    disk: tuple[float, int] | tuple[None, None] = (None, None)  # percent used, bytes free
    network: tuple[int, int] | tuple[None, None] = (None, None)  # bytes in, bytes out
    uptime: float | None = None  # seconds
    load: tuple[float, float, float] | None = None
    unreadable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts that do not change while the server runs."""

    hostname: str
    platform: str
    node_version: str | None
    python_version: str
    cpu_count: int


@dataclass(frozen=True, slots=True)
class HostStats:
    """Body of `GET /api/system/stats`. `cpu`: percent; `memory`, `total_memory`: MB of 2^20 bytes."""

    cpu: Annotated[float | None, "Percent, all cores together. Null, as any figure, if `unreadable` says why"]
    memory: Annotated[float | None, "Used, MB of 2^20 bytes"]
    total_memory: Annotated[float | None, "MB"]
    uptime: Annotated[str | None, "Human-readable: `2d 3h 45m`"]
    load_avg: Annotated[str | None, "Human-readable: `1.23 1.45 1.12`"]
    timestamp: Annotated[datetime, "Time of the sample"]
    cpu_per_core: Annotated[tuple[float, ...], "Percent"]
    cpu_count: int
    memory_percent: float | None
    swap_bytes: int | None
    swap_total_bytes: int | None
    disk_percent: Annotated[float | None, "Of the file system that contains DATA_DIR"]
    disk_free_bytes: int | None
    network_in_bytes_per_second: Annotated[float | None, "All interfaces except loopback"]
    network_out_bytes_per_second: float | None
    uptime_seconds: float | None
    load_average: tuple[float, float, float] | None
    hostname: str
    platform: str
    node_version: str | None
    python_version: str
    unreadable: Annotated[
        dict[str, str], "Why figures are null, by the kind: cpu, memory, swap, disk, network, uptime, load"
    ]
    reading: Reading | None = field(default=None, kw_only=True, metadata=STAYS_INSIDE)  # the later of the two


@dataclass(frozen=True, slots=True)
class CpuStats:
    """Body of `GET /api/system/cpu`."""

    cpu: Annotated[float | None, "Percent"]
    per_core: Annotated[tuple[float, ...], "Percent"]
    timestamp: datetime
    unreadable: Annotated[dict[str, str], "Why figures are null"]


@dataclass(frozen=True, slots=True)
class MemoryStats:
    """Body of `GET /api/system/memory`."""

    total_memory: Annotated[float | None, "MB of 2^20 bytes"]
    used_memory: Annotated[float | None, "MB"]
    available_memory: Annotated[float | None, "MB available to programs without swapping"]
    free_memory: Annotated[float | None, "MB not used at all, not even by caches"]
    percent: float | None
    timestamp: datetime
    unreadable: Annotated[dict[str, str], "Why figures are null"]


def busy_percent(before: CpuTimes, after: CpuTimes) -> float:
    """Busy share of the time between two readings; within 0 to 100 even if counters go backwards."""
    total = after.total_s - before.total_s
    if total <= 0:
        return 0.0
    return round(min(100.0, max(0.0, 100 * (after.busy_s - before.busy_s) / total)), 1)


def per_second(before: int | None, after: int | None, elapsed_s: float) -> float | None:
    """A rate, never negative: a counter that decreased was reset."""
    if before is None or after is None:
        return None
    return round(max(0, after - before) / elapsed_s, 1) if elapsed_s > 0 else 0.0


def uptime_text(seconds: float) -> str:
    """`2d 3h 45m`, without leading zero parts; at least `0m`."""
    minutes = max(0, int(seconds)) // 60  # negative if the clock is set to before the boot
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{days}d"] * bool(days) + [f"{hours}h"] * bool(days or hours) + [f"{minutes}m"]
    return " ".join(parts)


def _megabytes(count: int | None) -> float | None:
    return None if count is None else round(count / MB, 1)


def memory_used_percent(memory: MemoryBytes) -> float | None:
    if memory.total is None or memory.available is None:
        return None
    return round(100 * (memory.total - memory.available) / max(1, memory.total), 1)


def host_stats(before: Reading, after: Reading, machine: Machine) -> HostStats:
    """Rates between the two readings, None if either lacks the counter; everything else from `after`."""
    elapsed_s = after.monotonic_s - before.monotonic_s
    cores = zip(before.per_cpu, after.per_cpu, strict=False)  # a CPU may have come online in between
    lost = {kind: before.unreadable[kind] for kind in RATES if kind in before.unreadable}
    return HostStats(
        cpu=busy_percent(before.cpu, after.cpu) if before.cpu and after.cpu else None,
        memory=_megabytes(after.memory.used),
        total_memory=_megabytes(after.memory.total),
        uptime=None if after.uptime is None else uptime_text(after.uptime),
        load_avg=after.load and " ".join(f"{load:.2f}" for load in after.load),
        timestamp=after.at,
        cpu_per_core=tuple(busy_percent(old, new) for old, new in cores),
        cpu_count=len(after.per_cpu) or machine.cpu_count,
        memory_percent=memory_used_percent(after.memory),
        swap_bytes=after.swap[0],
        swap_total_bytes=after.swap[1],
        disk_percent=after.disk[0],
        disk_free_bytes=after.disk[1],
        network_in_bytes_per_second=per_second(before.network[0], after.network[0], elapsed_s),
        network_out_bytes_per_second=per_second(before.network[1], after.network[1], elapsed_s),
        uptime_seconds=None if after.uptime is None else round(after.uptime, 1),
        load_average=after.load,
        hostname=machine.hostname,
        platform=machine.platform,
        node_version=machine.node_version,
        python_version=machine.python_version,
        unreadable=lost | dict(after.unreadable),
        reading=after,
    )


def memory_stats(reading: Reading) -> MemoryStats:
    memory = reading.memory
    return MemoryStats(
        total_memory=_megabytes(memory.total),
        used_memory=_megabytes(memory.used),
        available_memory=_megabytes(memory.available),
        free_memory=_megabytes(memory.free),
        percent=memory_used_percent(memory),
        timestamp=reading.at,
        unreadable=only(reading.unreadable, "memory"),
    )


def only(unreadable: Mapping[str, str], kind: str) -> dict[str, str]:
    """The reason for one kind of figures, if there is one."""
    return {kind: unreadable[kind]} if kind in unreadable else {}

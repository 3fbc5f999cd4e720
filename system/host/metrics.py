"""Computes percentages, rates and display texts from two readings of the host. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

MB = 2**20


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Busy and total seconds since boot, of one CPU or summed over all."""

    busy_s: float
    total_s: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The host's counters at one moment. `monotonic_s` orders readings; `at` is for display."""

    at: datetime
    monotonic_s: float
    cpu: CpuTimes
    per_cpu: tuple[CpuTimes, ...]
    memory_total_bytes: int
    memory_available_bytes: int
    memory_used_bytes: int
    memory_free_bytes: int
    swap_used_bytes: int
    swap_total_bytes: int
    disk_percent: float
    disk_free_bytes: int
    network_in_bytes: int
    network_out_bytes: int
    uptime_s: float
    load_average: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts that do not change while the server runs."""

    hostname: str
    platform: str
    node_version: str | None
    python_version: str


@dataclass(frozen=True, slots=True)
class HostStats:
    """Body of `GET /api/system/stats`. `cpu`: percent; `memory`, `total_memory`: MB of 2^20 bytes."""

    cpu: Annotated[float, "Percent, all cores together"]
    memory: Annotated[float, "Used, MB of 2^20 bytes"]
    total_memory: Annotated[float, "MB"]
    uptime: Annotated[str, "Human-readable: `2d 3h 45m`"]
    load_avg: Annotated[str, "Human-readable: `1.23 1.45 1.12`"]
    timestamp: Annotated[datetime, "Time of the sample"]
    cpu_per_core: Annotated[tuple[float, ...], "Percent"]
    cpu_count: int
    memory_percent: float
    swap_bytes: int
    swap_total_bytes: int
    disk_percent: Annotated[float, "Of the file system that contains the server"]
    disk_free_bytes: int
    network_in_bytes_per_second: Annotated[float, "All interfaces except loopback"]
    network_out_bytes_per_second: float
    uptime_seconds: float
    load_average: tuple[float, float, float]
    hostname: str
    platform: str
    node_version: str | None
    python_version: str


@dataclass(frozen=True, slots=True)
class CpuStats:
    """Body of `GET /api/system/cpu`."""

    cpu: Annotated[float, "Percent"]
    per_core: Annotated[tuple[float, ...], "Percent"]
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class MemoryStats:
    """Body of `GET /api/system/memory`."""

    total_memory: Annotated[float, "MB of 2^20 bytes"]
    used_memory: Annotated[float, "MB"]
    available_memory: Annotated[float, "MB available to programs without swapping"]
    free_memory: Annotated[float, "MB not used at all, not even by caches"]
    percent: float
    timestamp: datetime


def busy_percent(before: CpuTimes, after: CpuTimes) -> float:
    """Busy share of the time between two readings; within 0 to 100 even if counters go backwards."""
    total = after.total_s - before.total_s
    if total <= 0:
        return 0.0
    return round(min(100.0, max(0.0, 100 * (after.busy_s - before.busy_s) / total)), 1)


def per_second(before: int, after: int, elapsed_s: float) -> float:
    """A rate, never negative: a counter that decreased was reset."""
    return round(max(0, after - before) / elapsed_s, 1) if elapsed_s > 0 else 0.0


def uptime_text(seconds: float) -> str:
    """`2d 3h 45m`, without leading zero parts; at least `0m`."""
    minutes = max(0, int(seconds)) // 60  # negative if the clock is set to before the boot
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{days}d"] * bool(days) + [f"{hours}h"] * bool(days or hours) + [f"{minutes}m"]
    return " ".join(parts)


def memory_used_percent(reading: Reading) -> float:
    used = reading.memory_total_bytes - reading.memory_available_bytes
    return round(100 * used / max(1, reading.memory_total_bytes), 1)


def host_stats(before: Reading, after: Reading, machine: Machine) -> HostStats:
    """Rates between the two readings; everything else from `after`."""
    elapsed_s = after.monotonic_s - before.monotonic_s
    cores = zip(before.per_cpu, after.per_cpu, strict=False)  # a CPU may have come online in between
    return HostStats(
        cpu=busy_percent(before.cpu, after.cpu),
        memory=round(after.memory_used_bytes / MB, 1),
        total_memory=round(after.memory_total_bytes / MB, 1),
        uptime=uptime_text(after.uptime_s),
        load_avg=" ".join(f"{load:.2f}" for load in after.load_average),
        timestamp=after.at,
        cpu_per_core=tuple(busy_percent(old, new) for old, new in cores),
        cpu_count=len(after.per_cpu),
        memory_percent=memory_used_percent(after),
        swap_bytes=after.swap_used_bytes,
        swap_total_bytes=after.swap_total_bytes,
        disk_percent=after.disk_percent,
        disk_free_bytes=after.disk_free_bytes,
        network_in_bytes_per_second=per_second(before.network_in_bytes, after.network_in_bytes, elapsed_s),
        network_out_bytes_per_second=per_second(before.network_out_bytes, after.network_out_bytes, elapsed_s),
        uptime_seconds=round(after.uptime_s, 1),
        load_average=after.load_average,
        hostname=machine.hostname,
        platform=machine.platform,
        node_version=machine.node_version,
        python_version=machine.python_version,
    )


def memory_stats(reading: Reading) -> MemoryStats:
    return MemoryStats(
        total_memory=round(reading.memory_total_bytes / MB, 1),
        used_memory=round(reading.memory_used_bytes / MB, 1),
        available_memory=round(reading.memory_available_bytes / MB, 1),
        free_memory=round(reading.memory_free_bytes / MB, 1),
        percent=memory_used_percent(reading),
        timestamp=reading.at,
    )

"""Samples the CPU, memory, disk and network of the host. [io: psutil]"""

from __future__ import annotations

import os
import platform
import socket
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil

from system.host import binaries, metrics
from system.host.boot_clock import seconds_since_boot
from system.host.cpu_times import cpu_seconds, seconds_by_mode
from system.host.metrics import CpuStats, CpuTimes, HostStats, Machine, MemoryBytes, MemoryStats, Reading
from system.host.process_trees import FRESH_S, STALE_S
from system.host.psutil_thread import run_in_psutil_thread

FIRST_WINDOW_S = 0.25
_disk_folder: Callable[[], Path] = Path.cwd


@lru_cache(maxsize=1)
def machine() -> Machine:
    node = binaries.find("node")
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    node_version = node.version if node else None
    return Machine(socket.gethostname(), system, node_version, platform.python_version(), os.cpu_count() or 1)


def set_disk_folder(folder: Callable[[], Path]) -> None:
    """The folder whose file system is reported. Read at each sample."""
    global _disk_folder
    _disk_folder = folder


def read_host() -> Reading:
    """Every figure by itself: what is unreadable, as /proc/stat in a hardened container, leaves the others alone."""
    reading = Reading(at=datetime.now(UTC), monotonic_s=time.monotonic())
    figures: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for kind, read in _READERS.items():
        try:
            figures |= read()
        except Exception as error:  # noqa: BLE001 - psutil raises whatever its parsers meet in a masked file
            reasons[kind] = _reason(error, kind)
    return replace(reading, **figures, unreadable=reasons)


def _reason(error: Exception, kind: str) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) if isinstance(error, (psutil.Error, RuntimeError)) else f"The system reports no {kind} figures."


def _read_cpu() -> dict[str, object]:
    times = psutil.cpu_times()
    return {
        "cpu": _cpu_times(times),
        "cpu_modes": seconds_by_mode(times),
        "per_cpu": tuple(_cpu_times(times) for times in psutil.cpu_times(percpu=True)),
    }


def _read_memory() -> dict[str, object]:
    memory = psutil.virtual_memory()
    return {"memory": MemoryBytes(memory.total, memory.available, memory.used, memory.free)}


def _read_swap() -> dict[str, object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without /proc/vmstat the swapped bytes, which are not used here, are unknown
        swap = psutil.swap_memory()
    return {"swap": (swap.used, swap.total)}


def _read_disk() -> dict[str, object]:
    disk = psutil.disk_usage(str(_disk_folder()))
    return {"disk": (disk.percent, disk.free)}


def _read_network() -> dict[str, object]:
    cards = [counters for name, counters in psutil.net_io_counters(pernic=True).items() if name != "lo"]
    return {"network": (sum(card.bytes_recv for card in cards), sum(card.bytes_sent for card in cards))}


def _read_uptime() -> dict[str, object]:
    return {"uptime": seconds_since_boot()}


def _read_load() -> dict[str, object]:
    return {"load": psutil.getloadavg()}


_READERS: Mapping[str, Callable[[], dict[str, object]]] = {
    "cpu": _read_cpu, "memory": _read_memory, "swap": _read_swap, "disk": _read_disk, "network": _read_network,
    "uptime": _read_uptime, "load": _read_load,
}  # fmt: skip


def _cpu_times(times: Any) -> CpuTimes:
    """Stolen time counts as busy: the host has nothing left to give."""
    cpu = cpu_seconds(times)
    return CpuTimes(busy_s=cpu.work_s + cpu.steal_s, total_s=cpu.total_s)


class _HostSampler:
    """The last reading and the stats computed from it. Used only in the psutil thread."""

    def __init__(self) -> None:
        self.reading: Reading | None = None
        self.stats: HostStats | None = None

    def sample(self) -> HostStats:
        now = time.monotonic()
        age = now - self.reading.monotonic_s if self.reading else STALE_S
        if self.stats and age < FRESH_S:
            return self.stats
        if self.reading is None or age >= STALE_S:
            self.reading = read_host()
            time.sleep(FIRST_WINDOW_S)
        before, self.reading = self.reading, read_host()
        self.stats = metrics.host_stats(before, self.reading, machine())
        return self.stats


_host = _HostSampler()


async def sample() -> HostStats:
    """Current load of the host. The first call takes `FIRST_WINDOW_S` for a second reading."""
    return await run_in_psutil_thread(_host.sample)


async def sample_cpu() -> CpuStats:
    stats = await sample()
    reason = metrics.only(stats.unreadable, "cpu")
    return CpuStats(stats.cpu, stats.cpu_per_core, stats.timestamp, reason)


async def sample_memory() -> MemoryStats:
    return metrics.memory_stats(await run_in_psutil_thread(read_host))

"""Samples the CPU, memory, disk and network of the host. [io: psutil]"""

from __future__ import annotations

import platform
import socket
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import psutil
from django.conf import settings

from system.host import binaries, metrics
from system.host.cpu_times import cpu_seconds
from system.host.metrics import CpuStats, CpuTimes, HostStats, Machine, MemoryStats, Reading
from system.host.process_trees import FRESH_S, STALE_S
from system.host.psutil_thread import run_in_psutil_thread

FIRST_WINDOW_S = 0.25


@lru_cache(maxsize=1)
def machine() -> Machine:
    node = binaries.find("node")
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Machine(socket.gethostname(), system, node.version if node else None, platform.python_version())


def read_host() -> Reading:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    disk = psutil.disk_usage(str(settings.BASE_DIR))
    cards = [counters for name, counters in psutil.net_io_counters(pernic=True).items() if name != "lo"]
    return Reading(
        at=datetime.now(UTC),
        monotonic_s=time.monotonic(),
        cpu=_cpu_times(psutil.cpu_times()),
        per_cpu=tuple(_cpu_times(times) for times in psutil.cpu_times(percpu=True)),
        memory_total_bytes=memory.total,
        memory_available_bytes=memory.available,
        memory_used_bytes=memory.used,
        memory_free_bytes=memory.free,
        swap_used_bytes=swap.used,
        swap_total_bytes=swap.total,
        disk_percent=disk.percent,
        disk_free_bytes=disk.free,
        network_in_bytes=sum(card.bytes_recv for card in cards),
        network_out_bytes=sum(card.bytes_sent for card in cards),
        uptime_s=time.time() - psutil.boot_time(),
        load_average=psutil.getloadavg(),
    )


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
    return CpuStats(stats.cpu, stats.cpu_per_core, stats.timestamp)


async def sample_memory() -> MemoryStats:
    return metrics.memory_stats(await run_in_psutil_thread(read_host))

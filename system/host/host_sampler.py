"""Samples the host and its process trees in one dedicated thread. [io: psutil]"""

from __future__ import annotations

import asyncio
import platform
import socket
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

import psutil
from django.conf import settings

from system.host import binaries, metrics
from system.host.metrics import CpuTimes, HostStats, Machine, MemoryStats, Reading

T = TypeVar("T")

FRESH_S = 0.2  # a younger sample is returned again: a shorter window is mostly noise
FIRST_WINDOW_S = 0.25
STALE_S = 30.0  # a rate against an older baseline would be an average over the past, not the current value
CHILDREN_MAP_TTL_S = 0.1  # long enough for one call, or two at the same moment

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="psutil")


async def _in_thread(function: Callable[..., T], *arguments: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(_thread, function, *arguments)


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
    # user and nice already include guest and guest_nice (proc(5)); iowait is not work.
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return CpuTimes(busy_s=total - times.idle - getattr(times, "iowait", 0.0), total_s=total)


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
    return await _in_thread(_host.sample)


async def sample_memory() -> MemoryStats:
    return metrics.memory_stats(await _in_thread(read_host))


@dataclass(frozen=True, slots=True)
class TreeUsage:
    """A process with all its descendants. `cpu_percent`: of one core, so two busy threads are 200."""

    cpu_percent: float
    memory_bytes: int
    children: int


@dataclass(slots=True)
class _Baseline:
    cpu_s: float
    monotonic_s: float
    percent: float


class _TreeSampler:
    """CPU baselines of process trees. Used only in the psutil thread, except `cached`."""

    def __init__(self) -> None:
        self.baselines: dict[tuple[int, float], _Baseline] = {}
        self.children: dict[int, list[psutil.Process]] = {}
        self.children_read_at_s = -CHILDREN_MAP_TTL_S
        self.last: tuple[float, frozenset[int], dict[int, TreeUsage]] = (-FRESH_S, frozenset(), {})

    def cached(self, pids: frozenset[int]) -> dict[int, TreeUsage] | None:
        """The last usage if younger than `FRESH_S`: the rates could not be newer anyway. Thread-safe."""
        read_at_s, cached_pids, usage = self.last
        return usage if cached_pids == pids and time.monotonic() - read_at_s < FRESH_S else None

    def usage(self, pids: frozenset[int]) -> dict[int, TreeUsage]:
        now = time.monotonic()
        usage = self._read(pids, now)
        self.last = (now, pids, usage)
        return usage

    def _read(self, pids: Collection[int], now: float) -> dict[int, TreeUsage]:
        trees = {pid: usage for pid in pids if pid > 0 and (usage := self._read_tree(pid, now))}
        if len(self.baselines) > 4 * len(trees) + 64:
            self.baselines = {
                key: baseline for key, baseline in self.baselines.items() if now - baseline.monotonic_s < STALE_S
            }
        return trees

    def tree(self, pid: int) -> list[psutil.Process]:
        """The process, then its descendants, from a parent map at most `CHILDREN_MAP_TTL_S` old."""
        now = time.monotonic()
        if now - self.children_read_at_s > CHILDREN_MAP_TTL_S:
            self.children, self.children_read_at_s = {}, now
            for process in psutil.process_iter():
                try:
                    self.children.setdefault(process.ppid(), []).append(process)
                except psutil.Error:
                    continue
        members = {pid: psutil.Process(pid)}
        pending = [pid]
        while pending:
            for child in self.children.get(pending.pop(), ()):
                if child.pid not in members:  # a pid reused while the map was read could close a cycle
                    members[child.pid] = child
                    pending.append(child.pid)
        return list(members.values())

    def _read_tree(self, pid: int, now: float) -> TreeUsage | None:
        try:
            members = self.tree(pid)
            created = members[0].create_time()
        except (psutil.Error, ValueError):
            return None
        cpu_s, memory_bytes, alive = 0.0, 0, 0
        for member in members:
            try:
                with member.oneshot():
                    times, memory_bytes = member.cpu_times(), memory_bytes + member.memory_info().rss
            except psutil.Error:
                continue
            cpu_s, alive = cpu_s + _cpu_seconds(times), alive + 1
        if not alive:
            return None
        return TreeUsage(self._percent(pid, created, cpu_s, now), memory_bytes, alive - 1)

    def _percent(self, pid: int, created: float, cpu_s: float, now: float) -> float:
        baseline = self.baselines.get((pid, created))
        if baseline is None:  # first reading: the average since the process started
            self.baselines[pid, created] = _Baseline(cpu_s, now, _percent_of(cpu_s, time.time() - created))
        elif now - baseline.monotonic_s >= FRESH_S:
            percent = _percent_of(cpu_s - baseline.cpu_s, now - baseline.monotonic_s)
            self.baselines[pid, created] = _Baseline(cpu_s, now, percent)
        return self.baselines[pid, created].percent


def _cpu_seconds(times: Any) -> float:
    # Includes reaped children, so a tree's total does not drop when one of its processes exits.
    return float(sum(times[:4]))


def _percent_of(cpu_s: float, elapsed_s: float) -> float:
    # Capped at the machine's capacity, since a clock step can make a tree's age too small.
    return round(min(100.0 * (psutil.cpu_count() or 1), 100 * max(0.0, cpu_s) / max(elapsed_s, 0.01)), 1)


_trees = _TreeSampler()


async def sample_trees(pids: Collection[int]) -> dict[int, TreeUsage]:
    """CPU and memory of each tree; a pid that is gone is omitted."""
    roots = frozenset(pids)
    cached = _trees.cached(roots)
    return await _in_thread(_trees.usage, roots) if cached is None else cached


def _read_ports(pid: int) -> frozenset[int]:
    ports: set[int] = set()
    for member in _trees.tree(pid):
        try:
            listening = [socket for socket in member.net_connections("tcp") if socket.status == psutil.CONN_LISTEN]
        except psutil.Error:
            continue
        ports.update(socket.laddr.port for socket in listening)
    return frozenset(ports)


async def listening_ports(pid: int) -> frozenset[int]:
    """The TCP ports that the tree's own processes listen on; a Node cluster worker listens through its parent."""
    try:
        return await _in_thread(_read_ports, pid)
    except (psutil.Error, ValueError):
        return frozenset()

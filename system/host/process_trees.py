"""Process trees: a process under PM2, a node or a load generator together with all its descendants. [io: psutil]

Walks the trees, samples their CPU and memory as rates, reads them as counters, and finds the ports they listen on.
Imports no Django: the counters are also read on a load generator's machine.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil

from system.host.boot_clock import age_s, started_at_s
from system.host.psutil_thread import run_in_psutil_thread

FRESH_S = 0.2  # a younger sample is returned again: a shorter window is mostly noise
STALE_S = 30.0  # a rate against an older baseline would be an average over the past, not the current value
CHILDREN_MAP_TTL_S = 0.1  # long enough for one call, or two at the same moment

Children = Mapping[int, list[psutil.Process]]


def read_children() -> Children:
    """The children of every process, by the parent's pid."""
    children: dict[int, list[psutil.Process]] = {}
    for process in psutil.process_iter():
        try:
            children.setdefault(process.ppid(), []).append(process)
        except psutil.Error:
            continue
    return children


def find_members(roots: Iterable[psutil.Process], children: Children) -> list[psutil.Process]:
    """The roots and all their descendants, each once: a pid reused while the map was read could close a cycle."""
    members: dict[int, psutil.Process] = {}
    pending = list(roots)
    while pending:
        process = pending.pop()
        if process.pid not in members:
            members[process.pid] = process
            pending += children.get(process.pid, ())
    return list(members.values())


def sum_cpu_s(times: Any) -> float:
    """Own CPU time and that of reaped children, so a tree's total does not drop when one of its processes exits."""
    return float(sum(times[:4]))


@dataclass(frozen=True, slots=True)
class TreeCounters:
    """Totals of a group of process trees. `read_bytes`: by read(2), including from sockets, but not by recv(2)."""

    cpu_s: float
    memory_bytes: int
    read_bytes: int
    processes: int


def read_counters(roots: Collection[int], children: Children) -> TreeCounters:
    """Counts every process of the trees once; a root that is gone counts nothing."""
    cpu_s, memory_bytes, read_bytes, alive = 0.0, 0, 0, 0
    for process in find_members(_live_processes(roots), children):
        try:
            with process.oneshot():
                cpu_s += sum_cpu_s(process.cpu_times())
                memory_bytes += process.memory_info().rss
            alive += 1
            read_bytes += process.io_counters().read_chars
        except (psutil.Error, OSError):  # gone, or another user's
            continue
    return TreeCounters(cpu_s, memory_bytes, read_bytes, alive)


def _live_processes(pids: Iterable[int]) -> list[psutil.Process]:
    processes = []
    for pid in pids:
        try:
            processes.append(psutil.Process(pid))
        except (psutil.Error, ValueError):
            continue
    return processes


@dataclass(frozen=True, slots=True)
class TreeUsage:
    """A process with all its descendants. `cpu_percent`: of one core, so two busy threads are 200. `cpu_s`: used so
    far, also by children that have ended and were waited for."""

    cpu_percent: float
    memory_bytes: int
    children: int
    cpu_s: float = 0.0


@dataclass(slots=True)
class _Baseline:
    cpu_s: float
    monotonic_s: float
    percent: float


class _TreeSampler:
    """CPU baselines of process trees. Used only in the psutil thread, except `cached`."""

    def __init__(self) -> None:
        self.baselines: dict[tuple[int, float], _Baseline] = {}
        self.children: Children = {}
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

    def members(self, pid: int) -> list[psutil.Process]:
        """The process, then its descendants, from a parent map at most `CHILDREN_MAP_TTL_S` old."""
        now = time.monotonic()
        if now - self.children_read_at_s > CHILDREN_MAP_TTL_S:
            self.children, self.children_read_at_s = read_children(), now
        return find_members([psutil.Process(pid)], self.children)

    def _read_tree(self, pid: int, now: float) -> TreeUsage | None:
        try:
            members = self.members(pid)
            created = started_at_s(pid)
        except (psutil.Error, OSError, ValueError):
            return None
        cpu_s, memory_bytes, alive = 0.0, 0, 0
        for member in members:
            try:
                with member.oneshot():
                    times, memory_bytes = member.cpu_times(), memory_bytes + member.memory_info().rss
            except (psutil.Error, OSError):
                continue
            cpu_s, alive = cpu_s + sum_cpu_s(times), alive + 1
        if not alive:
            return None
        return TreeUsage(self._percent(pid, created, cpu_s, now), memory_bytes, alive - 1, cpu_s)

    def _percent(self, pid: int, created: float, cpu_s: float, now: float) -> float:
        baseline = self.baselines.get((pid, created))
        if baseline is None:  # first reading: the average since the process started
            self.baselines[pid, created] = _Baseline(cpu_s, now, _percent_of(cpu_s, age_s(created)))
        elif now - baseline.monotonic_s >= FRESH_S:
            percent = _percent_of(cpu_s - baseline.cpu_s, now - baseline.monotonic_s)
            self.baselines[pid, created] = _Baseline(cpu_s, now, percent)
        return self.baselines[pid, created].percent


def _percent_of(cpu_s: float, elapsed_s: float) -> float:
    # Capped at the machine's capacity, since a clock step can make a tree's age too small.
    return round(min(100.0 * (psutil.cpu_count() or 1), 100 * max(0.0, cpu_s) / max(elapsed_s, 0.01)), 1)


_trees = _TreeSampler()


Member = tuple[int, float]  # pid, and time of the start, which distinguishes it from a later process with this pid


def read_members(pid: int) -> frozenset[Member]:
    """The process and its descendants; none of one that is gone. Only for the psutil thread."""
    members = set()
    with suppress(psutil.Error, ValueError):
        for member in _trees.members(pid):
            with suppress(psutil.Error):
                members.add((member.pid, member.create_time()))
    return frozenset(members)


async def sample_trees(pids: Collection[int]) -> dict[int, TreeUsage]:
    """CPU and memory of each tree; a pid that is gone is omitted."""
    roots = frozenset(pids)
    cached = _trees.cached(roots)
    return await run_in_psutil_thread(_trees.usage, roots) if cached is None else cached


def _read_ports(pid: int) -> frozenset[int]:
    ports: set[int] = set()
    for member in _trees.members(pid):
        try:
            listening = [socket for socket in member.net_connections("tcp") if socket.status == psutil.CONN_LISTEN]
        except psutil.Error:
            continue
        ports.update(socket.laddr.port for socket in listening)
    return frozenset(ports)


async def listening_ports(pid: int) -> frozenset[int]:
    """The TCP ports that the tree's own processes listen on; a Node cluster worker listens through its parent."""
    try:
        return await run_in_psutil_thread(_read_ports, pid)
    except (psutil.Error, ValueError):
        return frozenset()

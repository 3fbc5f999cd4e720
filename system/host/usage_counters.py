"""Cumulative counters of process trees and of the host: CPU seconds, memory, bytes read, OOM kills. [io: psutil, /proc]

A rate is the difference of two readings. Nothing here keeps state or imports Django, so it also runs on a load
generator's machine.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

CPU_STAT = Path("/sys/fs/cgroup/cpu.stat")
VMSTAT = Path("/proc/vmstat")


@dataclass(frozen=True, slots=True)
class TreeCounters:
    """Totals of a group of process trees. `read_bytes`: by read(2), including from sockets, but not by recv(2)."""

    cpu_s: float
    memory_bytes: int
    read_bytes: int
    processes: int


@dataclass(frozen=True, slots=True)
class HostCounters:
    """One reading. `busy_s`, `total_s`, `steal_s`: CPU seconds summed over all processors."""

    monotonic_s: float
    groups: Mapping[str, TreeCounters]
    busy_s: float
    total_s: float
    steal_s: float
    throttled: int


def read(groups: Mapping[str, Collection[int]]) -> HostCounters:
    """Reads the host and the named groups, each given by the root pids of its trees. Blocks for some ms."""
    children = _children_by_parent()
    now_s, times = time.monotonic(), psutil.cpu_times()
    steal_s = getattr(times, "steal", 0.0)
    # user and nice already include guest and guest_nice (proc(5)); stolen time is not work done here.
    total_s = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    busy_s = total_s - times.idle - getattr(times, "iowait", 0.0) - steal_s
    counters = {name: _tree_counters(roots, children) for name, roots in groups.items()}
    return HostCounters(now_s, counters, busy_s, total_s, steal_s, _throttled_count())


def _children_by_parent() -> dict[int, list[psutil.Process]]:
    children: dict[int, list[psutil.Process]] = {}
    for process in psutil.process_iter():
        try:
            children.setdefault(process.ppid(), []).append(process)
        except psutil.Error:
            continue
    return children


def _tree_counters(roots: Collection[int], children: Mapping[int, list[psutil.Process]]) -> TreeCounters:
    """Counts every process once, including the CPU time of children that it has reaped."""
    members: dict[int, psutil.Process] = {}
    pending = []
    for pid in roots:
        try:
            pending.append(psutil.Process(pid))
        except (psutil.Error, ValueError):
            continue
    while pending:
        process = pending.pop()
        if process.pid not in members:
            members[process.pid] = process
            pending += children.get(process.pid, ())
    cpu_s, memory_bytes, read_bytes, alive = 0.0, 0, 0, 0
    for process in members.values():
        try:
            with process.oneshot():
                cpu_s += sum(process.cpu_times()[:4])
                memory_bytes += process.memory_info().rss
            alive += 1
            read_bytes += process.io_counters().read_chars
        except (psutil.Error, OSError):  # gone, or another user's
            continue
    return TreeCounters(cpu_s, memory_bytes, read_bytes, alive)


def _throttled_count() -> int:
    """How often the control group's CPU limit has throttled its processes (cgroup v2, `nr_throttled`)."""
    return _read_counter(CPU_STAT, "nr_throttled") or 0


def oom_kills(vmstat: Path = VMSTAT) -> int | None:
    """Processes killed by the kernel's OOM killer since boot (proc_vmstat, `oom_kill`); None if not reported."""
    return _read_counter(vmstat, "oom_kill")


def _read_counter(file: Path, name: str) -> int | None:
    """The value in the line `name value`; None without the file or the line."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name} ")), None)


def pids_by_name(names: Collection[str]) -> tuple[int, ...]:
    """The pids of all processes with one of these names."""
    pids = []
    for process in psutil.process_iter():
        try:
            if process.name() in names:
                pids.append(process.pid)
        except psutil.Error:
            continue
    return tuple(pids)


def pids_serving(port: int) -> tuple[int, ...]:
    """The processes with connections accepted on a local TCP port, or if there are none, those that listen on it.

    In PM2's cluster mode the daemon listens and the workers hold the connections.
    """
    try:
        sockets = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return ()
    on_port = [socket for socket in sockets if socket.laddr and socket.laddr.port == port and socket.pid]
    states = (psutil.CONN_ESTABLISHED, psutil.CONN_LISTEN)
    by_state = [{int(socket.pid or 0) for socket in on_port if socket.status == state} for state in states]
    return tuple(sorted(by_state[0] or by_state[1]))

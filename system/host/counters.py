"""Counters of process trees and of the host, to be read twice: CPU seconds, memory, bytes read. [io: psutil]

Nothing here keeps a state or knows Django, so that a load generator's machine can use it too.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

CPU_STAT = Path("/sys/fs/cgroup/cpu.stat")


@dataclass(frozen=True, slots=True)
class Account:
    """What a group of process trees has used so far. `read_bytes`: by read(2), from sockets too, not by recv(2)."""

    cpu_s: float
    memory_bytes: int
    read_bytes: int
    processes: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """One reading. `busy_s`, `total_s`, `steal_s`: CPU seconds of all processors together."""

    monotonic_s: float
    groups: Mapping[str, Account]
    busy_s: float
    total_s: float
    steal_s: float
    throttled: int


def read(groups: Mapping[str, Collection[int]]) -> Ledger:
    """The groups, each given by the roots of its trees. Takes some ms: for threads."""
    children = _children()
    now_s, times = time.monotonic(), psutil.cpu_times()
    steal_s = getattr(times, "steal", 0.0)
    # user and nice hold guest and guest_nice already (proc(5)); stolen time is nobody's work here.
    total_s = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    busy_s = total_s - times.idle - getattr(times, "iowait", 0.0) - steal_s
    accounts = {name: _account(roots, children) for name, roots in groups.items()}
    return Ledger(now_s, accounts, busy_s, total_s, steal_s, _throttled())


def _children() -> dict[int, list[psutil.Process]]:
    children: dict[int, list[psutil.Process]] = {}
    for process in psutil.process_iter():
        try:
            children.setdefault(process.ppid(), []).append(process)
        except psutil.Error:
            continue
    return children


def _account(roots: Collection[int], children: Mapping[int, list[psutil.Process]]) -> Account:
    """Each process counted once, with the CPU time of children that it has reaped."""
    members: dict[int, psutil.Process] = {}
    waiting = []
    for pid in roots:
        try:
            waiting.append(psutil.Process(pid))
        except (psutil.Error, ValueError):
            continue
    while waiting:
        process = waiting.pop()
        if process.pid not in members:
            members[process.pid] = process
            waiting += children.get(process.pid, ())
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
    return Account(cpu_s, memory_bytes, read_bytes, alive)


def _throttled() -> int:
    """How often the control group's CPU limit has held its processes up (cgroup v2)."""
    try:
        lines = CPU_STAT.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("nr_throttled ")), 0)


def named(names: Collection[str]) -> tuple[int, ...]:
    """The pids of all processes with one of these names."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() in names:
                found.append(process.pid)
        except psutil.Error:
            continue
    return tuple(found)


def serving(port: int) -> tuple[int, ...]:
    """The processes that hold connections accepted on a local TCP port; those that listen, while there are none.

    Under PM2's cluster mode its daemon listens and the workers hold the connections.
    """
    try:
        sockets = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return ()
    here = [each for each in sockets if each.laddr and each.laddr.port == port and each.pid]
    states = (psutil.CONN_ESTABLISHED, psutil.CONN_LISTEN)
    by_state = [{int(each.pid or 0) for each in here if each.status == state} for state in states]
    return tuple(sorted(by_state[0] or by_state[1]))

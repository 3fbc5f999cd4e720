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

from system.host.cpu_times import CpuSeconds, cpu_seconds
from system.host.process_trees import TreeCounters, read_children, read_counters

CPU_STAT = Path("/sys/fs/cgroup/cpu.stat")
VMSTAT = Path("/proc/vmstat")


@dataclass(frozen=True, slots=True)
class HostCounters:
    """One reading. `cpu`: summed over all processors; None if unreadable, as /proc/stat in a hardened container."""

    monotonic_s: float
    groups: Mapping[str, TreeCounters]
    cpu: CpuSeconds | None
    throttled: int


def read(groups: Mapping[str, Collection[int]]) -> HostCounters:
    """Reads the host and the named groups, each given by the root pids of its trees. Blocks for some ms."""
    children = read_children()
    now_s, cpu = time.monotonic(), _read_cpu()
    counters = {name: read_counters(roots, children) for name, roots in groups.items()}
    return HostCounters(now_s, counters, cpu, _throttled_count())


def _read_cpu() -> CpuSeconds | None:
    try:
        return cpu_seconds(psutil.cpu_times())
    except (psutil.Error, OSError, TypeError, ValueError):  # the last two: a file with other content
        return None


def _throttled_count() -> int:
    """How often the control group's CPU limit has throttled its processes (cgroup v2, `nr_throttled`)."""
    return _read_counter(CPU_STAT, "nr_throttled") or 0


def oom_kills(vmstat: Path = VMSTAT) -> int | None:
    """Processes killed by the kernel's OOM killer since boot (proc_vmstat, `oom_kill`); None if not reported."""
    return _read_counter(vmstat, "oom_kill")


def _read_counter(file: Path, name: str) -> int | None:
    """The value in the line `name value`; None without the file or the line."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith(f"{name} ")), None)
    except (OSError, ValueError, IndexError):
        return None

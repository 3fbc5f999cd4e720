"""Time since boot: of now, and of the start of a process. [io: psutil, /proc]

psutil computes both from the wall clock, which may step, and from /proc/stat, which a container may hide.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache
from pathlib import Path

import psutil


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Distinguishes the boots of this machine; empty if the system does not."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        pass
    try:
        return f"{psutil.boot_time():.0f}"
    except (OSError, RuntimeError):
        return ""


def seconds_since_boot() -> float:
    """Sleep included. Raises OSError or RuntimeError if the system does not state it; Linux always does."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.time() - psutil.boot_time() if clock is None else time.clock_gettime(clock)


def started_at_s(pid: int) -> float:
    """The start of a process in seconds since boot; where /proc does not state it, of the wall clock. Raises
    psutil.Error, ValueError."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return int(after_name[19]) / os.sysconf("SC_CLK_TCK")  # field 22 of proc_pid_stat(5)
    except OSError:
        return psutil.Process(pid).create_time()


def age_s(started_s: float) -> float:
    """Seconds since a `started_at_s`."""
    now_s = time.time() if getattr(time, "CLOCK_BOOTTIME", None) is None else seconds_since_boot()
    return now_s - started_s

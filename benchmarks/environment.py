"""On what machine, with what programs a run was made. [io: files of the machine]"""

from __future__ import annotations

import os
import platform
from pathlib import Path

from django.conf import settings

from system import binaries


def fingerprint(generator: str, generator_version: str) -> dict[str, object]:
    """Stable facts only, so that two runs on the same machine with the same programs have the same."""
    node = binaries.find("node")
    return {
        "serverId": settings.SERVER_ID,
        "serverVersion": settings.VERSION,
        "kernel": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": _cpu_model(),
        "cpuCount": usable_cpus(),
        "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "governor": _first_line(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        "python": platform.python_version(),
        "node": node.version if node else None,
        "generator": generator,
        "generatorVersion": generator_version,
    }


def usable_cpus() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _first_line(file: Path) -> str | None:
    try:
        return file.read_text().strip()
    except OSError:
        return None

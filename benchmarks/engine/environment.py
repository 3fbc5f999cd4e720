"""Describes the machine and the programs of a run. [io: files of the machine]"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import resource
from pathlib import Path

from system.host import binaries

SETTING_FILES = {
    "governor": "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
    "turbo": "/sys/devices/system/cpu/cpufreq/boost",
    "smt": "/sys/devices/system/cpu/smt/control",
    "aslr": "/proc/sys/kernel/randomize_va_space",
    "somaxconn": "/proc/sys/net/core/somaxconn",
    "ephemeralPorts": "/proc/sys/net/ipv4/ip_local_port_range",
    "cgroupCpu": "/sys/fs/cgroup/cpu.max",
    "product": "/sys/class/dmi/id/product_name",
}


def fingerprint(generator: str, generator_version: str, *, is_local: bool) -> dict[str, object]:
    """This machine and its programs. Runs under the same conditions have the same `key`.

    `is_local`: the target runs here too; otherwise the fingerprint describes only the generator's machine.
    """
    conditions: dict[str, object] = {
        "role": "both" if is_local else "client",
        "hostname": platform.node(),
        "kernel": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": _cpu_model(),
        "cpuCount": usable_cpus(),
        "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        **{name: _read_setting(Path(file)) for name, file in SETTING_FILES.items()},
        **{name: _version(name) for name in ("node", "pm2", "redis-server")},
    }
    key = hashlib.sha256(json.dumps(conditions, sort_keys=True).encode()).hexdigest()[:16]
    return {
        "key": key,
        **conditions,
        "openFiles": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "python": platform.python_version(),
        "generator": generator,
        "generatorVersion": generator_version,
    }


def _version(name: str) -> str | None:
    binary = binaries.find(name)
    return binary.version if binary else None


def usable_cpus() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _read_setting(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None

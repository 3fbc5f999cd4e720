from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from system.host import metrics
from system.host.metrics import CpuTimes, HostStats, Machine, MemoryBytes, MemoryStats, Reading

MB = 2**20
AT = datetime(2026, 11, 23, tzinfo=UTC)
BEFORE = Reading(
    at=AT, monotonic_s=100.0, cpu=CpuTimes(50, 200), per_cpu=(CpuTimes(25, 100), CpuTimes(25, 100)),
    memory=MemoryBytes(1000 * MB, 600 * MB, 300 * MB, 100 * MB), swap=(1, 2), disk=(71.5, 9), network=(1000, 5000),
    uptime=3 * 86400 + 3700, load=(1.234, 1.4, 1.1),
)  # fmt: skip
AFTER = replace(
    BEFORE, monotonic_s=102.0, cpu=CpuTimes(53, 204), per_cpu=(CpuTimes(27, 102), CpuTimes(26, 102)),
    network=(3000, 4000),
)  # fmt: skip
MACHINE = Machine("h", "Linux", "20.1", "3.11", 9)


def test_stats_from_two_readings() -> None:
    assert metrics.host_stats(BEFORE, AFTER, MACHINE) == HostStats(
        cpu=75.0, memory=300.0, total_memory=1000.0, uptime="3d 1h 1m", load_avg="1.23 1.40 1.10", timestamp=AT,
        cpu_per_core=(100.0, 50.0), cpu_count=2, memory_percent=40.0, swap_bytes=1, swap_total_bytes=2, disk_percent=71.5,
        disk_free_bytes=9, network_in_bytes_per_second=1000.0, network_out_bytes_per_second=0.0,
        uptime_seconds=262900.0, load_average=(1.234, 1.4, 1.1), hostname="h", platform="Linux", node_version="20.1",
        python_version="3.11", unreadable={}, reading=AFTER,
    )  # fmt: skip


def test_what_is_unreadable_is_none_with_its_reason_and_leaves_the_rest_alone() -> None:
    none = {kind: f"/proc/{kind}: Permission denied" for kind in ("cpu", "memory", "swap", "disk", "network", "load")}
    nothing = Reading(AT, 102.0, unreadable=none)
    whole = metrics.host_stats(BEFORE, AFTER, MACHINE)
    null: dict[str, Any] = {
        "reading": nothing, "cpu": None, "cpu_per_core": (), "cpu_count": 9, "memory": None, "total_memory": None, "memory_percent": None,
        "swap_bytes": None, "swap_total_bytes": None, "disk_percent": None, "disk_free_bytes": None,
        "network_in_bytes_per_second": None, "network_out_bytes_per_second": None, "load_avg": None,
        "load_average": None, "uptime": None, "uptime_seconds": None, "unreadable": none,
    }  # fmt: skip

    assert metrics.host_stats(BEFORE, nothing, MACHINE) == replace(whole, **null)
    # Rates need both readings, and the reason is that of the earlier one too.
    rates: dict[str, Any] = {
        "cpu": None, "cpu_per_core": (), "network_in_bytes_per_second": None, "network_out_bytes_per_second": None,
        "unreadable": {kind: none[kind] for kind in ("cpu", "network")},
    }  # fmt: skip
    assert metrics.host_stats(nothing, AFTER, MACHINE) == replace(whole, **rates)
    assert metrics.memory_stats(nothing) == MemoryStats(None, None, None, None, None, AT, {"memory": none["memory"]})


def test_memory() -> None:
    assert metrics.memory_stats(BEFORE) == MemoryStats(1000.0, 300.0, 600.0, 100.0, 40.0, AT, {})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (CpuTimes(1, 10), CpuTimes(2, 12), 50.0),
        (CpuTimes(2, 12), CpuTimes(1, 10), 0.0),
        (CpuTimes(2, 12), CpuTimes(2, 12), 0.0),
        (CpuTimes(0, 0), CpuTimes(5, 4), 100.0),
        (CpuTimes(5, 0), CpuTimes(4, 4), 0.0),
    ],
)
def test_busy_stays_between_0_and_100(before: CpuTimes, after: CpuTimes, expected: float) -> None:
    assert metrics.busy_percent(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after", "elapsed_s", "expected"), [(0, 10, 2, 5.0), (10, 0, 2, 0.0), (0, 10, 0, 0.0), (0, 10, -1, 0.0)]
)
def test_a_rate_is_never_negative(before: int, after: int, elapsed_s: float, expected: float) -> None:
    assert metrics.per_second(before, after, elapsed_s) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-5, "0m"), (0, "0m"), (59, "0m"), (3600, "1h 0m"), (86400, "1d 0h 0m"), (186300, "2d 3h 45m")],
)
def test_uptime_text(seconds: float, expected: str) -> None:
    assert metrics.uptime_text(seconds) == expected

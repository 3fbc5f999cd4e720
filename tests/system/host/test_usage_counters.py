from __future__ import annotations

import asyncio
import os
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from benchmarks.engine import execution_monitor
from system.host import host_sampler, usage_counters

CpuTimes = namedtuple("CpuTimes", "user nice system idle iowait irq softirq steal guest guest_nice")


def test_stolen_time_is_busy_for_the_host_and_not_for_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    times = CpuTimes(10.0, 2.0, 3.0, 100.0, 7.0, 0.5, 0.25, 4.0, 5.0, 1.0)
    monkeypatch.setattr(psutil, "cpu_times", lambda: times)

    counters = usage_counters.read({})
    host = host_sampler._cpu_times(times)

    assert counters.cpu
    assert (counters.cpu.work_s, counters.cpu.total_s, counters.cpu.steal_s) == (15.75, 126.75, 4.0)
    assert (host.busy_s, host.total_s) == (19.75, 126.75)


@pytest.mark.parametrize("error", [PermissionError("/proc/stat"), TypeError("missing 7 arguments")])
def test_an_unreadable_proc_stat_takes_only_the_cpu_of_the_host(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(psutil, "cpu_times", refuse)
    counters = usage_counters.read({"ours": [os.getpid()]})

    assert counters.cpu is None
    assert counters.groups["ours"].memory_bytes > 0
    assert asyncio.run(execution_monitor.measure_background_cores(0.0)) is None


def test_a_counter_that_cannot_be_parsed_is_unknown(tmp_path: Path) -> None:
    for content in ("oom_kill\n", "oom_kill x\n", "", "oom_killed 3\n"):
        (tmp_path / "vmstat").write_text(content)
        assert usage_counters.oom_kills(tmp_path / "vmstat") is None

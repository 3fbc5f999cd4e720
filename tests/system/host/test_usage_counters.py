from __future__ import annotations

from collections import namedtuple

import psutil
import pytest

from system.host import usage_counters

CpuTimes = namedtuple("CpuTimes", "user nice system idle iowait irq softirq steal guest guest_nice")


def test_busy_time_excludes_idle_and_stolen_time_and_counts_guests_once(monkeypatch: pytest.MonkeyPatch) -> None:
    times = CpuTimes(10.0, 2.0, 3.0, 100.0, 7.0, 0.5, 0.25, 4.0, 5.0, 1.0)
    monkeypatch.setattr(psutil, "cpu_times", lambda: times)

    counters = usage_counters.read({})

    assert (counters.busy_s, counters.total_s, counters.steal_s) == (15.75, 126.75, 4.0)


def test_busy_time_never_runs_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    before = CpuTimes(1234.56, 0.07, 345.67, 15432.43, 12.34, 0.11, 5.55, 0.09, 0.0, 0.0)
    readings = [before._replace(idle=before.idle + tick / 100) for tick in range(1000)]

    busy = []
    for times in readings:
        monkeypatch.setattr(psutil, "cpu_times", lambda times=times: times)
        busy.append(usage_counters.read({}).busy_s)

    assert busy == busy[:1] * 1000

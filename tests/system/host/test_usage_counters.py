from __future__ import annotations

from collections import namedtuple

import psutil
import pytest

from system.host import host_sampler, usage_counters

CpuTimes = namedtuple("CpuTimes", "user nice system idle iowait irq softirq steal guest guest_nice")


def test_stolen_time_is_busy_for_the_host_and_not_for_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    times = CpuTimes(10.0, 2.0, 3.0, 100.0, 7.0, 0.5, 0.25, 4.0, 5.0, 1.0)
    monkeypatch.setattr(psutil, "cpu_times", lambda: times)

    counters = usage_counters.read({})
    host = host_sampler._cpu_times(times)

    assert (counters.busy_s, counters.total_s, counters.steal_s) == (15.75, 126.75, 4.0)
    assert (host.busy_s, host.total_s) == (19.75, 126.75)

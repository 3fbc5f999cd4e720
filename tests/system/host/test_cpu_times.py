from __future__ import annotations

from collections import namedtuple

from system.host.cpu_times import CpuSeconds, cpu_seconds, seconds_by_mode

LinuxTimes = namedtuple("LinuxTimes", "user nice system idle iowait irq softirq steal guest guest_nice")
MacTimes = namedtuple("MacTimes", "user nice system idle")


def test_work_excludes_idle_and_stolen_time_and_counts_guests_once() -> None:
    times = LinuxTimes(10.0, 2.0, 3.0, 100.0, 7.0, 0.5, 0.25, 4.0, 5.0, 1.0)

    assert cpu_seconds(times) == CpuSeconds(15.75, 4.0, 107.0)
    assert cpu_seconds(times).total_s == 126.75


def test_seconds_by_mode_have_no_guests_because_user_and_nice_include_them() -> None:
    times = LinuxTimes(10.0, 2.0, 3.0, 100.0, 7.0, 0.5, 0.25, 4.0, 5.0, 1.0)

    assert seconds_by_mode(times) == {
        "user": 10.0, "nice": 2.0, "system": 3.0, "idle": 100.0, "iowait": 7.0, "irq": 0.5, "softirq": 0.25,
        "steal": 4.0,
    }  # fmt: skip
    assert sum(seconds_by_mode(times).values()) == cpu_seconds(times).total_s


def test_a_system_with_fewer_fields() -> None:
    assert cpu_seconds(MacTimes(1.0, 2.0, 3.0, 4.0)) == CpuSeconds(6.0, 0.0, 4.0)


def test_work_never_runs_backwards_while_only_idle_time_grows() -> None:
    before = LinuxTimes(1234.56, 0.07, 345.67, 15432.43, 12.34, 0.11, 5.55, 0.09, 0.0, 0.0)
    readings = [cpu_seconds(before._replace(idle=before.idle + tick / 100)) for tick in range(1000)]

    assert {reading.work_s + reading.steal_s for reading in readings} == {cpu_seconds(before).work_s + 0.09}

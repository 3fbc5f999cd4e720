"""The age of a process, while the wall clock is set."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace

import pytest

from pm2.monitor import listing, run_ages
from system.host import boot_clock, child_processes

HOUR_S = 3600.0
GONE = 2**22  # above every pid


def entry(pid: int, started_ms: float, status: str = "online", pm_id: int = 0) -> dict[str, object]:
    return {"pm_id": pm_id, "pid": pid, "name": "api", "pm2_env": {"status": status, "pm_uptime": started_ms}}


def uptimes(*entries: dict[str, object]) -> list[float]:
    return [process.uptime_seconds for process in listing.parse_entries(list(entries))]


@pytest.mark.parametrize("step_s", [-HOUR_S, HOUR_S])
def test_the_age_of_a_process_does_not_follow_the_wall_clock(monkeypatch: pytest.MonkeyPatch, step_s: float) -> None:
    own_age_s = boot_clock.age_s(boot_clock.started_at_s(os.getpid()))
    started_ms = 1000 * (time.time() - own_age_s)
    set_clock = SimpleNamespace(time=lambda: time.time() + step_s)
    monkeypatch.setattr(listing, "time", set_clock)

    [uptime_s] = uptimes(entry(os.getpid(), started_ms))

    assert own_age_s - 0.1 <= uptime_s <= own_age_s + 60


@pytest.mark.parametrize(("step_s", "uptime_s"), [(-HOUR_S, 0.0), (HOUR_S, 3605.0)])
def test_a_process_that_has_just_ended_has_the_age_by_pm2s_time(
    monkeypatch: pytest.MonkeyPatch, step_s: float, uptime_s: float
) -> None:
    monkeypatch.setattr(listing, "time", SimpleNamespace(time=lambda: 5_000.0 + step_s))

    assert uptimes(entry(GONE, 4_995_000.0)) == [uptime_s]


def test_a_process_that_is_not_online_has_no_age() -> None:
    assert uptimes(entry(os.getpid(), 5.0, "stopping"), entry(0, 5.0, "stopped", 1)) == [0.0, 0.0]


def test_the_start_of_each_run_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = iter([100.0, 300.0])
    monkeypatch.setattr(run_ages, "_started_s", {})
    monkeypatch.setattr(child_processes, "identify", lambda pid: child_processes.Identity(pid, next(starts), "boot 1"))
    monkeypatch.setattr(boot_clock, "seconds_since_boot", lambda: 1000.0)

    first = [run_ages.ages_s([(7, 5.0)]) for _ in range(2)]
    of_another_run = run_ages.ages_s([(7, 6.0)])

    assert (first, of_another_run) == ([{(7, 5.0): 900.0}] * 2, {(7, 6.0): 700.0})

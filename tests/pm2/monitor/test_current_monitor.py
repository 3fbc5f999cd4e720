from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from pm2.monitor import current_monitor, daemon_monitor, list_freshness
from pm2.monitor.daemon_monitor import DaemonMonitor
from pm2.monitor.listing import Counts, DaemonStatus, Stats

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
BEGAN_S = 5000.0
HOME = "/home/ada/.pm2"


@pytest.fixture(autouse=True)
def clock(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """No action of ours yet; `now_s` is the monotonic time of the modules. None of them may read the wall clock."""
    settings.PM2_HOME = HOME
    clock = SimpleNamespace(now_s=BEGAN_S)
    for module in (current_monitor, list_freshness):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now_s))
    monkeypatch.setattr(list_freshness, "_list_invalidated_s", list_freshness.NEVER_S)
    return clock


def sampled(monkeypatch: pytest.MonkeyPatch, home: str = HOME) -> Stats:
    """Makes the latest sample one that was begun at BEGAN_S."""
    daemon = DaemonStatus("up", "7.0.4", 11, home)
    stats = Stats((), Counts(0, 0), daemon, NOW, stale=False, age_seconds=0.0)
    monkeypatch.setattr(current_monitor, "_latest", (BEGAN_S, stats))
    return stats


def test_there_are_no_stats_before_the_first_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_monitor, "_latest", None)

    assert current_monitor.recent_stats() is None


@pytest.mark.parametrize(("age_ms", "is_recent"), [(0, True), (199, True), (200, False), (60_000, False)])
def test_the_latest_sample_is_recent_for_200_ms(
    clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, age_ms: int, is_recent: bool
) -> None:
    stats = sampled(monkeypatch)
    clock.now_s = BEGAN_S + age_ms / 1000 + 1e-6

    assert current_monitor.recent_stats() == (stats if is_recent else None)


def test_a_sample_of_another_pm2_home_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    sampled(monkeypatch, home="/home/bob/.pm2")

    assert current_monitor.recent_stats() is None


@pytest.mark.parametrize(("action_ms", "is_recent"), [(-1, True), (0, True), (1, False)])
def test_an_action_invalidates_earlier_samples(
    clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, action_ms: int, is_recent: bool
) -> None:
    stats = sampled(monkeypatch)
    clock.now_s = BEGAN_S + action_ms / 1000
    list_freshness.invalidate_list()
    clock.now_s = BEGAN_S + 0.002

    assert current_monitor.recent_stats() == (stats if is_recent else None)


def test_the_last_action_counts(clock: SimpleNamespace) -> None:
    never = list_freshness.list_invalidated_s()
    list_freshness.invalidate_list()
    clock.now_s += 1
    list_freshness.invalidate_list()

    assert (never, list_freshness.list_invalidated_s()) == (float("-inf"), BEGAN_S + 1)


async def test_the_age_of_a_list_does_not_follow_the_wall_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set back by an hour, with a daemon that is gone."""
    monitor = DaemonMonitor(tmp_path)
    monitor._list_requested_s = 1000.0
    clock = SimpleNamespace(now=lambda zone: datetime(2000, 1, 1, tzinfo=zone), min=datetime.min)
    monkeypatch.setattr(daemon_monitor, "datetime", clock)
    monkeypatch.setattr(daemon_monitor, "time", SimpleNamespace(monotonic=lambda: 1007.5))
    stats = await monitor.stats()

    assert (stats.stale, stats.age_seconds, stats.daemon.state) == (True, 7.5, "down")

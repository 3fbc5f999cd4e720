from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from pm2.monitor import current_monitor, list_freshness
from pm2.monitor.listing import Counts, DaemonStatus, Stats

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOME = "/home/ada/.pm2"


@pytest.fixture(autouse=True)
def clock(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """No action of ours yet; `now` is the time of both modules."""
    settings.PM2_HOME = HOME
    clock = SimpleNamespace(now=NOW)
    for module in (current_monitor, list_freshness):
        monkeypatch.setattr(module, "datetime", SimpleNamespace(now=lambda zone: clock.now.astimezone(zone)))
    monkeypatch.setattr(list_freshness, "_list_invalidated_at", datetime.min.replace(tzinfo=UTC))
    return clock


def sampled(monkeypatch: pytest.MonkeyPatch, home: str = HOME) -> Stats:
    """Makes the latest sample one of NOW."""
    daemon = DaemonStatus("up", "7.0.4", 11, home)
    stats = Stats((), Counts(0, 0), daemon, NOW, stale=False, age_seconds=0.0)
    monkeypatch.setattr(current_monitor, "_latest", stats)
    return stats


def test_there_are_no_stats_before_the_first_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_monitor, "_latest", None)

    assert current_monitor.recent_stats() is None


@pytest.mark.parametrize(("age_ms", "is_recent"), [(0, True), (199, True), (200, False), (60_000, False)])
def test_the_latest_sample_is_recent_for_200_ms(
    clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, age_ms: int, is_recent: bool
) -> None:
    stats = sampled(monkeypatch)
    clock.now = NOW + timedelta(milliseconds=age_ms)

    assert current_monitor.recent_stats() == (stats if is_recent else None)


def test_a_sample_of_another_pm2_home_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    sampled(monkeypatch, home="/home/bob/.pm2")

    assert current_monitor.recent_stats() is None


@pytest.mark.parametrize(("action_ms", "is_recent"), [(-1, True), (0, True), (1, False)])
def test_an_action_invalidates_earlier_samples(
    clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, action_ms: int, is_recent: bool
) -> None:
    stats = sampled(monkeypatch)
    clock.now = NOW + timedelta(milliseconds=action_ms)
    list_freshness.invalidate_list()
    clock.now = NOW + timedelta(milliseconds=2)

    assert current_monitor.recent_stats() == (stats if is_recent else None)


def test_the_last_action_counts(clock: SimpleNamespace) -> None:
    never = list_freshness.list_invalidated_at()
    list_freshness.invalidate_list()
    clock.now = NOW + timedelta(seconds=1)
    list_freshness.invalidate_list()

    assert (never, list_freshness.list_invalidated_at()) == (datetime.min.replace(tzinfo=UTC), clock.now)

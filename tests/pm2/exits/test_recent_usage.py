from __future__ import annotations

from types import SimpleNamespace

import pytest

from pm2.daemon.process import Process, from_monitor_data
from pm2.exits import recent_usage
from pm2.exits.classify import UsageSample
from pm2.exits.recent_usage import UsageHistory


def process(pid: int = 11, pm_id: int = 0, cpu: int = 1) -> Process:
    return from_monitor_data({"pm_id": pm_id, "pid": pid, "monit": {"cpu": cpu, "memory": 100 * cpu}}, now_ms=0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Replaces the module's clock; `now` is the time in seconds."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(recent_usage, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def recorded(clock: SimpleNamespace, *times_s: float) -> UsageHistory:
    """A history of one process, sampled at these times after 1000 s; the CPU percentage numbers the samples."""
    history = UsageHistory()
    for number, at_s in enumerate(times_s, 1):
        clock.now = 1000.0 + at_s
        history.record([process(cpu=number)])
    return history


def test_samples_are_oldest_first_with_their_age(clock: SimpleNamespace) -> None:
    history = recorded(clock, 0.0, 1.5, 3.0)
    clock.now = 1004.0

    assert history.last_minute(0, 11) == (
        UsageSample(4.0, 1.0, 100), UsageSample(2.5, 2.0, 200), UsageSample(1.0, 3.0, 300),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("times_s", "kept"),
    [
        ((0.0, 0.25, 0.5, 0.75), [1.0]),
        ((0.0, 0.875, 1.0), [1.0, 3.0]),
        ((0.0, 0.5, 1.0, 1.5, 2.0), [1.0, 3.0, 5.0]),
        ((0.0, 1.0, 2.0), [1.0, 2.0, 3.0]),
    ],
)
def test_at_most_about_one_sample_a_second_is_kept(
    clock: SimpleNamespace, times_s: tuple[float, ...], kept: list[float]
) -> None:
    history = recorded(clock, *times_s)

    assert [sample.cpu for sample in history.last_minute(0, 11)] == kept


@pytest.mark.parametrize(("last_s", "kept"), [(60.0, [1.0, 2.0, 3.0]), (60.5, [2.0, 3.0]), (90.5, [3.0])])
def test_samples_expire_after_a_minute(clock: SimpleNamespace, last_s: float, kept: list[float]) -> None:
    history = recorded(clock, 0.0, 30.0, last_s)

    assert [sample.cpu for sample in history.last_minute(0, 11)] == kept


def test_a_process_that_is_no_longer_sampled_expires(clock: SimpleNamespace) -> None:
    history = recorded(clock, 0.0)
    clock.now = 1061.0
    history.record([process(pid=12, pm_id=1)])

    assert (history.last_minute(0, 11), history.last_minute(1, 12)) == ((), (UsageSample(0.0, 1.0, 100),))


def test_a_sample_expires_though_nothing_is_recorded_after_it(clock: SimpleNamespace) -> None:
    history = recorded(clock, 0.0)
    clock.now = 1060.5

    assert history.last_minute(0, 11) == ()


def test_runs_are_distinguished_by_pid(clock: SimpleNamespace) -> None:
    history = UsageHistory()
    history.record([process(pid=11, cpu=1)])
    history.record([process(pid=12, cpu=2)])

    assert (history.last_minute(0, 11), history.last_minute(0, 12), history.last_minute(0, 13)) == (
        (UsageSample(0.0, 1.0, 100),), (UsageSample(0.0, 2.0, 200),), (),
    )  # fmt: skip


def test_processes_of_one_list_have_their_own_samples(clock: SimpleNamespace) -> None:
    history = UsageHistory()
    history.record([process(pid=11, pm_id=0, cpu=1), process(pid=12, pm_id=1, cpu=2)])

    assert (history.last_minute(0, 11), history.last_minute(1, 12), history.last_minute(1, 11)) == (
        (UsageSample(0.0, 1.0, 100),), (UsageSample(0.0, 2.0, 200),), (),
    )  # fmt: skip


def test_a_stopped_process_is_not_recorded(clock: SimpleNamespace) -> None:
    history = UsageHistory()
    history.record([process(pid=0)])

    assert history.last_minute(0, 0) == ()

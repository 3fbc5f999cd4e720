from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitoring.recording import scalars
from monitoring.recording.accumulator import Accumulator
from monitoring.recording.recent_values import RecentValues
from monitoring.recording.wall_clock import WallClock, describe_step
from monitoring.sampling.own_cost import OwnCost
from monitoring.series.catalogue import CATALOGUE, SeriesKey
from pm2.daemon.process import Process, Status
from pm2.monitor.listing import Counts, DaemonStatus, Stats
from rediscluster.status.cluster_stats import RedisStats, make_cluster_stats
from rediscluster.status.node_stats import NodeStats

NOW = datetime(2026, 11, 27, tzinfo=UTC)
CPU, LOAD = SeriesKey("host.cpu"), SeriesKey("host.load")


def process(
    pm_id: int, name: str = "api", *, pid: int = 10, cpu: float = 1.5, status: Status = Status.ONLINE
) -> Process:
    return Process(
        pm_id, name, "default", pid, status, "fork_mode", 1, cpu, 1.0, 2**20, 1.0, 0, 0, None, None, None, (), "node",
        "u", "1", False, custom_metrics={"Event Loop Latency": 0.4 + pm_id} if pm_id < 2 else {},
    )  # fmt: skip


def pm2_stats(*processes: Process, stale: bool = False, state: str = "up") -> Stats:
    return Stats(processes, Counts(0, 0), DaemonStatus(state, "6.0.0", 1, "/h"), NOW, stale, 0.0)


def test_apps_are_the_sums_of_their_instances_and_a_stopped_one_is_not_online() -> None:
    values = scalars.pm2_values(
        pm2_stats(process(0), process(1, cpu=2.0), process(2, "web", pid=0, status=Status.STOPPED), process(3, "a:b"))
    )

    assert {(key.metric, key.subject): value for key, value in values.items()} == {
        ("app.online", "api"): 2, ("app.cpu", "api"): 3.5, ("app.memory", "api"): 2**21, ("app.eventLoopMs", "api"): 1.4,
        ("instance.cpu", "api:0"): 1.5, ("instance.memory", "api:0"): 2**20, ("instance.eventLoopMs", "api:0"): 0.4,
        ("instance.cpu", "api:1"): 2.0, ("instance.memory", "api:1"): 2**20, ("instance.eventLoopMs", "api:1"): 1.4,
        ("app.online", "web"): 0,
        ("app.online", "a:b"): 1, ("app.cpu", "a:b"): 1.5, ("app.memory", "a:b"): 2**20,
        ("instance.cpu", "a:b:3"): 1.5, ("instance.memory", "a:b:3"): 2**20,
    }  # fmt: skip


@pytest.mark.parametrize("stats", [pm2_stats(process(0), stale=True), pm2_stats(process(0), state="down")])
def test_a_list_that_is_not_measured_has_no_values(stats: Stats) -> None:
    assert scalars.pm2_values(stats) == {}


def test_nodes_that_are_up_have_the_values_that_are_known() -> None:
    up = NodeStats(7000, 1, "ours", "master", None, "up", None, 1, ("0",), 12.5, 4096, connections=3, latency_ms=0.25)
    down = replace(up, port=7001, state="down")
    cluster = make_cluster_stats((), (), (), codes=None, failovers=0)

    assert scalars.redis_values(RedisStats((up, down), cluster, NOW)) == {
        SeriesKey("redis.ops", "7000"): 12.5,
        SeriesKey("redis.memory", "7000"): 4096,
        SeriesKey("redis.connections", "7000"): 3,
        SeriesKey("redis.latencyMs", "7000"): 0.25,
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2.0**53, None])
def test_a_value_that_cannot_be_stored_is_left_out(value: float | None) -> None:
    assert scalars.own_values(OwnCost(value, None, 7, value)) == {SeriesKey("self.sockets"): 7}


def test_every_recorded_metric_is_in_the_catalogue() -> None:
    recorded = {
        *scalars.pm2_values(pm2_stats(process(0))), *scalars.own_values(OwnCost(1, 1, 1, 1)),
    }  # fmt: skip

    assert {key.metric for key in recorded} <= set(CATALOGUE)


def test_a_step_has_minimum_mean_and_maximum_in_quanta() -> None:
    accumulator = Accumulator()
    assert not accumulator
    for value in (1.0, 2.0, 4.0):
        accumulator.add({CPU: value, **({LOAD: 0.126} if value == 1.0 else {})})

    assert accumulator.take() == {CPU: (10, 23, 40), LOAD: (13, 13, 13)}
    assert accumulator.take() == {}


def test_a_mean_is_within_its_extremes_however_a_sum_is_rounded() -> None:
    accumulator = Accumulator()
    for _ in range(6):
        accumulator.add({CPU: 161.55, LOAD: 5.455})

    assert all(low <= mean <= high for low, mean, high in accumulator.take().values())


def test_recent_values_are_kept_for_a_quarter_of_an_hour_and_bounded() -> None:
    recent = RecentValues()
    for second in range(2000):
        recent.add(1000.0 + second, {CPU: float(second), LOAD: 1.0})

    assert recent.between(CPU, 2995.0, 2997.5) == [(2995.0, 1995.0), (2996.0, 1996.0), (2997.0, 1997.0)]
    assert len(recent.between(CPU, 0, 1e9)) == 901
    assert recent.between(SeriesKey("self.cpu"), 0, 1e9) == []
    assert [recent.covers(from_s) for from_s in (2098.0, 2500.0, 1000.0)] == [True, True, False]


def test_recent_values_with_a_gap_do_not_cover_it() -> None:
    recent = RecentValues()
    for at in (1.0, 2.0, 3.0, 8.0, 9.0):
        recent.add(at, {CPU: at})

    assert [recent.covers(from_s) for from_s in (1.0, 3.0, 8.0)] == [False, False, True]
    assert not RecentValues().covers(0.0)


def test_recent_values_after_the_clock_was_set_back_are_in_order() -> None:
    recent = RecentValues()
    for at in (10.0, 11.0, 12.0, 11.5):
        recent.add(at, {CPU: at})

    assert recent.between(CPU, 0, 100) == [(10.0, 10.0), (11.0, 11.0), (11.5, 11.5)]


def test_a_clock_that_is_set_is_noticed_and_one_that_is_adjusted_slowly_is_not() -> None:
    clock = WallClock()
    steps = [
        clock.check(*both) for both in ((1000, 5), (1010, 15), (1019.5, 25), (4629.5, 35), (4639.5, 45), (1039.5, 45))
    ]

    assert steps == [None, None, None, 3600.0, None, -3600.0]
    assert [clock.is_steady(moment, 600) for moment in (100, 645, 646)] == [False, False, True]
    assert WallClock().is_steady(0, 600)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3.2, "forward by 3 s"), (-150, "back by 2 min"), (-3600, "back by 60 min"), (90_000, "forward by 25.0 h")],
)
def test_a_step_of_the_clock_is_described(seconds: float, text: str) -> None:
    assert describe_step(seconds) == f"The clock was set {text}."

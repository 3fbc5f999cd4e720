"""States of the dashboard for tests, reached through `update` as in the program, with a fixed clock."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from dashboard_client.tui.model import events
from dashboard_client.tui.model.effects import Effect
from dashboard_client.tui.model.events import Event, Key
from dashboard_client.tui.model.state import State
from dashboard_client.tui.update.api_calls import log_activity
from dashboard_client.tui.update.dispatch import update
from dashboard_client.wire.benchmarks import BenchmarkProgress, BenchmarkResult, BenchmarkResults, RunProgress
from dashboard_client.wire.host_and_pm2 import Activity, ActivityEntry, Counts, Daemon, HostStats, Pm2Stats, Process
from dashboard_client.wire.redis import Cluster, RedisNode, RedisStats
from dashboard_client.wire.system_config import Endpoint, Framework, Limit, SystemConfig

WALL = datetime(2026, 11, 23, 21, 23, 36)
NOW_S = 1000.0
MB = 2**20
PROCESSES = (
    Process(0, "fastify", pid=14659, status="online", cpu=38.0, memory_bytes=85 * MB, uptime_seconds=21600, framework="fastify"),
    Process(1, "fastify", pid=14660, status="online", cpu=36.5, memory_bytes=79 * MB, uptime_seconds=21600, framework="fastify"),
    Process(2, "express", pid=14712, status="online", cpu=0.1, memory_bytes=78 * MB, uptime_seconds=720, restarts=1, framework="express"),
    Process(3, "worker", status="errored", restarts=16),
)  # fmt: skip
PM2 = Pm2Stats(PROCESSES, Counts(3, 4), Daemon("up", "7.0.4"))
NODES = tuple(
    RedisNode(7000 + n, role="master" if n < 3 else "replica", owner="ours", master_port=None if n < 3 else 6997 + n,
              slot_ranges=(("0-5460",), ("5461-10922",), ("10923-16383",))[n] if n < 3 else (), ops_per_second=4100.0 + n,
              memory_bytes=7_200_000, hit_rate_percent=98.0, replication_lag_bytes=0 if n >= 3 else None,
              link_up=True if n >= 3 else None)
    for n in range(6)
)  # fmt: skip
REDIS = RedisStats(NODES, Cluster("ok", "ours", True, 16384, 3, 6, 6, 12400.0, 48475, 40_000_000, 48475))
RESULTS = (
    BenchmarkResult("fastify", 184700.0, "a", datetime(2026, 11, 23, 21, 14, tzinfo=UTC), "/simple", "GET", 0.5, 0.4, 0.9,
                    p99_latency=2.1, total_reqs=1_847_000, duration=10, connections=100, trials=5, validity="valid",
                    req_per_sec_low=183_600, req_per_sec_high=185_800, generator="wrk"),
    BenchmarkResult("express", 21000.0, "b", datetime(2026, 11, 23, 20, 58, tzinfo=UTC), "/simple", "GET", 4.4,
                    p99_latency=9.0, validity="caution", saturation="generator-bound", reasons=("the generator was the limit",)),
)  # fmt: skip
CONFIG = SystemConfig(
    (Framework("fastify", "Fastify", port=3001, instances=2), Framework("express", "Express", port=3003), Framework("bun", installed=False)),
    (), (Endpoint("/simple", "GET", "simple"), Endpoint("/code", "POST", "code")),
    limits={
        "duration": Limit(1, 3600), "instances": Limit(1, 100), "connections": Limit(1, 10_000), "workers": Limit(1, 64),
        "pipelining": Limit(1, 100), "trials": Limit(1, 50), "nodes": Limit(3, 30),
    },
    choices={"profile": ("quick", "standard", "rigorous"), "generator": ("wrk", "h2load", "autocannon")},
)  # fmt: skip
RUN = RunProgress("r", "running", 0, "fastify", "/simple", "GET", "", "wrk", 100, "trial", 3, 5, 3.6, 6.4, 183_900.0)


def host(cpu: float, memory: float) -> HostStats:
    return HostStats(
        cpu,
        memory,
        15872.0,
        "2d 3h 45m",
        "1.23 1.45 1.12",
        None,
        (cpu, cpu),
        2,
        memory / 158.72,
        0,
        0,
        71.0,
        hostname="bench-1",
    )


def play(state: State, *played: Event) -> tuple[State, list[Effect]]:
    """The state after the events, and all their effects in order."""
    all_effects: list[Effect] = []
    for event in played:
        state, effects = update(state, event)
        all_effects += effects
    return state, all_effects


def keys(state: State, *names: str) -> tuple[State, list[Effect]]:
    return play(state, *(Key(name) for name in names))


def empty(width: int = 120, height: int = 32) -> State:
    return State("http://192.168.1.100:3100", width, height, NOW_S, WALL)


def answer(state: State, purpose: str, value: object) -> State:
    """The state after the server has answered the pending call of this purpose."""
    call_id = next(key for key, call in state.pending_calls.items() if call.purpose == purpose)
    return update(state, events.ApiSucceeded(call_id, value))[0]


def live(width: int = 120, height: int = 32) -> State:
    state = empty(width, height)
    state, _ = play(state, events.Connecting(1), events.Connected(NOW_S - 60, ()))
    for second in range(60):
        at_s = NOW_S - 59.6 + second
        values = host(50 + 40 * math.sin(second / 9), 3072 + 200 * math.sin(second / 20))
        state, _ = play(state, events.StreamData("system:metrics", values, at_s))
    state, _ = play(
        state, events.StreamData("pm2:stats", PM2, NOW_S - 0.5), events.StreamData("redis:stats", REDIS, NOW_S - 2)
    )
    state = answer(state, "config", CONFIG)
    state = answer(state, "latest", BenchmarkResults(RESULTS))
    entry = ActivityEntry(
        "pm2.restart", (WALL - timedelta(minutes=11)).astimezone(), "ci", "", "express", "ok", "express restarted"
    )
    state, _ = play(state, events.StreamData("activity", Activity((entry,)), NOW_S - 1))
    return log_activity(state, "pm2", "worker 3 killed, out of memory", "bad", WALL - timedelta(minutes=4))


def running(width: int = 120, height: int = 32) -> State:
    state = live(width, height)
    for second in range(20):
        run = BenchmarkProgress((RUN,), None)
        state, _ = play(state, events.StreamData("benchmark:progress", run, NOW_S - 20 + second))
    return state


def offline(width: int = 120, height: int = 32) -> State:
    disconnected = events.Disconnected("the server is shutting down", NOW_S, 4.0, 4503)
    return play(live(width, height), disconnected, events.Tick(NOW_S + 12, WALL + timedelta(seconds=12)))[0]


def refused(width: int = 120, height: int = 32) -> State:
    return play(empty(width, height), events.Disconnected("the server rejected API_KEY", NOW_S, None, 4401))[0]


def never(width: int = 120, height: int = 32) -> State:
    reason = "Cannot connect to API server http://192.168.1.100:3100: connection refused"
    return play(empty(width, height), events.Connecting(1), events.Disconnected(reason, NOW_S, 2.0))[0]

"""The values of a sample that the history keeps, by series. [pure]"""

from __future__ import annotations

import math

from monitoring.sampling.own_cost import OwnCost
from monitoring.series.catalogue import SeriesKey
from pm2.daemon.process import Process, Status
from pm2.monitor.listing import Stats
from rediscluster.status.cluster_stats import RedisStats
from rediscluster.status.node_stats import UP
from system.host.metrics import HostStats

Values = dict[SeriesKey, float]
MAX_VALUE = 2.0**53  # beyond it a float is no exact integer
EVENT_LOOP = ("Event Loop Latency", "Loop delay")  # of PM2's agent, and of older ones
MAX_SUBJECT = 500  # characters, as of a stored instance


def host_values(stats: HostStats) -> Values:
    load = stats.load_average[0] if stats.load_average else None
    return _known(
        ("host.cpu", "", stats.cpu),
        ("host.memory", "", stats.memory_percent),
        ("host.swap", "", stats.swap_bytes),
        ("host.disk", "", stats.disk_percent),
        ("host.networkIn", "", stats.network_in_bytes_per_second),
        ("host.networkOut", "", stats.network_out_bytes_per_second),
        ("host.load", "", load),
    )


def pm2_values(stats: Stats) -> Values:
    """Nothing of a list that is stale: a value that is not measured is a gap. A stopped app is one with no instance
    online."""
    if stats.stale or stats.daemon.state != "up":
        return {}
    values: Values = {}
    by_app: dict[str, list[Process]] = {}
    for process in stats.processes:
        by_app.setdefault(process.name[:MAX_SUBJECT], []).append(process)
    for name, instances in by_app.items():
        running = [process for process in instances if process.pid]
        online = sum(process.status is Status.ONLINE for process in instances)
        delays = [delay for process in running if (delay := event_loop_ms(process)) is not None]
        values |= _known(
            ("app.online", name, online),
            ("app.cpu", name, sum(process.cpu for process in running) if running else None),
            ("app.memory", name, sum(process.memory_bytes for process in running) if running else None),
            ("app.eventLoopMs", name, max(delays, default=None)),
        )
        for process in running:
            subject = f"{name}:{process.pm_id}"
            values |= _known(
                ("instance.cpu", subject, process.cpu),
                ("instance.memory", subject, process.memory_bytes),
                ("instance.eventLoopMs", subject, event_loop_ms(process)),
            )
    return values


def event_loop_ms(process: Process) -> float | None:
    """As the app's own agent reports it to PM2; None for a program without one."""
    return next((process.custom_metrics[name] for name in EVENT_LOOP if name in process.custom_metrics), None)


def redis_values(stats: RedisStats) -> Values:
    rows: list[tuple[str, str, float | None]] = []
    for node in stats.stats:
        if node.state == UP:
            port = str(node.port)
            rows += [
                ("redis.ops", port, node.ops_per_second),
                ("redis.memory", port, node.memory_bytes),
                ("redis.connections", port, node.connections),
                ("redis.cpu", port, node.cpu_percent),
                ("redis.lagBytes", port, node.replication_lag_bytes),
                ("redis.latencyMs", port, node.latency_ms),
            ]
    return _known(*rows)


def own_values(cost: OwnCost) -> Values:
    return _known(
        ("self.cpu", "", cost.cpu),
        ("self.memory", "", cost.memory_bytes),
        ("self.sockets", "", cost.sockets),
        ("self.loopLagMs", "", cost.loop_lag_ms),
    )


def _known(*rows: tuple[str, str, float | None]) -> Values:
    return {SeriesKey(metric, subject): value for metric, subject, value in rows if _is_storable(value)}  # type: ignore[misc]


def _is_storable(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and abs(value) < MAX_VALUE

"""The time of a scrape with 200 processes and 30 Redis nodes, in the server's thread: collected and rendered."""

from __future__ import annotations

import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import django

from perf.finding import Finding

PROCESSES, CUSTOM_METRICS, NODES = 200, 8, 30
ROUNDS = 30
INFO = "\r\n".join(f"{name}:7" for name in ("used_memory", "connected_clients", "total_commands_processed", "role"))


def findings() -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "pm2site.settings", "DATA_DIR": folder}
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        return _measure()


def _measure() -> list[Finding]:
    from monitoring.exposition.collector import collector, node_page
    from monitoring.exposition.rendering import render_openmetrics, render_text
    from monitoring.sampling import taps
    from monitoring.sampling.tap import Observation
    from pm2.daemon.process import from_monitor_data
    from pm2.monitor.listing import DaemonStatus, Stats, count_online
    from rediscluster.status.cluster_stats import NodeReport, RedisStats, make_cluster_stats
    from rediscluster.status.node_stats import Reading, responding_node
    from rediscluster.topology.info import parse_info

    custom = {f"metric {number}": {"value": str(number)} for number in range(CUSTOM_METRICS)}
    env = {"status": "online", "pm_uptime": 1, "restart_time": 3, "axm_monitor": custom, "exec_interpreter": "node"}
    entries = [{"name": f"app-{n}", "pm_id": n, "pid": 100 + n, "pm2_env": env} for n in range(PROCESSES)]
    processes = tuple(replace(from_monitor_data(entry, 0), token=str(entry["pm_id"])) for entry in entries)
    now, info = datetime.now(UTC), parse_info(INFO)
    stats = Stats(processes, count_online(processes), DaemonStatus("up", "7.0.4", 1, ""), now, False, 0.0)
    readings = [Reading(7000 + n, 0.0, "up", None, info, {}, None, 0.1) for n in range(NODES)]
    nodes = tuple(responding_node(reading, None, "ours", None) for reading in readings)
    cluster = make_cluster_stats(nodes, [], [], codes=None, failovers=0)
    reports = {reading.port: NodeReport(info, {}) for reading in readings}
    redis = RedisStats(nodes, cluster, now, reports=reports)
    taps.pm2.newest = Observation(stats, now, time.monotonic(), 0.0)
    taps.redis.newest = newest = Observation(redis, now, time.monotonic(), 0.0)

    collector.page()
    gc.collect()
    gc.freeze()  # as the server does when it starts: the collector would look at all that was imported again
    results = []
    for name, render in (("text", render_text), ("OpenMetrics", render_openmetrics)):
        times_ms = [cpu_ms(lambda render=render: render(collector.page(0.0))) for _ in range(ROUNDS)]  # type: ignore[misc]
        lines = render(collector.page(0.0)).count(b"\n")
        median_ms = statistics.median(times_ms)
        figure = f"{median_ms:.1f} ms of CPU, at most {max(times_ms):.1f} ms, for {lines} lines"
        results.append(Finding(f"/metrics as {name}, {PROCESSES} processes", figure, "< 50 ms", median_ms < 50))
    all_ms = cpu_ms(lambda: [render_text(node_page(node, newest)) for node in nodes])
    results.append(Finding(f"/metrics/redis, all {NODES} nodes", f"{all_ms:.1f} ms of CPU", "< 50 ms", all_ms < 50))
    return results


def cpu_ms(action: Callable[[], object]) -> float:
    """Of this thread, whatever else runs on the machine."""
    began_s = time.thread_time()
    action()
    return 1000 * (time.thread_time() - began_s)

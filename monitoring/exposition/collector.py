"""Collects all series from the newest samples. A scrape samples nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, TypeVar

from django.conf import settings
from prometheus_client.core import Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from monitoring.exposition import compat, host_series, pm2_series, redis_series, run_series
from monitoring.exposition.catalogue import CATALOGUE, REDIS
from monitoring.exposition.families import Families
from monitoring.exposition.pm2_series import Listed
from monitoring.exposition.steady_counters import SteadyCounters
from monitoring.exposition.stored_counts import StoredCountsReader
from monitoring.sampling import own_cost, taps
from monitoring.sampling.tap import Observation, Tap
from pm2.instance_tracking.instance_store import stored_key
from pm2.monitor.listing import Stats
from rediscluster.status.node_stats import NodeStats

MAX_AGE_S = 15.0  # three periods of the server's own sampling
T = TypeVar("T")


def fresh(tap: Tap[T]) -> T | None:
    """The newest value; None if it is too old to be shown as current."""
    newest = tap.newest
    return newest.value if newest and newest.age_s <= MAX_AGE_S else None


class Collector:
    """What `/metrics` exports. Counters stay steady between its pages. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters, self._stored = SteadyCounters(), StoredCountsReader()
        self._own: tuple[Any, ...] = ProcessCollector(registry=None), PlatformCollector(registry=None)

    def page(self, loop_lag_s: float | None = None) -> list[Metric]:
        """Reads the database every few seconds; call it in a thread that may."""
        families = Families(CATALOGUE)
        dropped = dict.fromkeys(("processes", "apps", "targets"), 0)
        with self._lock:
            host, redis, pm2 = fresh(taps.host), fresh(taps.redis), fresh(taps.pm2)
            if host:
                host_series.add_host(families, host, self._counters)
            listed: list[Listed] = []
            if pm2:
                listed, dropped["processes"] = self._add_pm2(families, pm2)
            if redis:
                redis_series.add_summary(families, redis)
            dropped |= self._add_stored(families, listed, has_list=pm2 is not None)
        self._add_own(families, loop_lag_s)
        for kind, count in dropped.items():
            families.add("pm2site_series_dropped", count, kind)
        if compat.PM2 in settings.METRICS_COMPAT:
            compat.add_compat(families, listed)
        return [*families.metrics(), *(metric for own in self._own for metric in own.collect())]

    def _add_pm2(self, families: Families, stats: Stats) -> tuple[list[Listed], int]:
        keys = [(process.name, process.pm_id) for process in stats.processes]
        stored_names = {key: stored_key(key)[0] for key in keys}
        listed, dropped = pm2_series.select_processes(stats.processes, stored_names)
        pm2_series.add_daemon(families, stats)
        pm2_series.add_processes(families, listed, self._counters, is_stale=stats.stale)
        return listed, dropped

    def _add_stored(self, families: Families, listed: list[Listed], *, has_list: bool) -> dict[str, int]:
        """Without a list, the counters of apps are left out with their other series."""
        tokens = {one.process.token for one in listed if one.process.token}
        tokens |= {token for one in listed for token, _ in one.process.earlier_restarts}
        counts = self._stored.read({one.stored_name for one in listed}, tokens)
        families.add("pm2site_database_up", counts is not None and counts.is_current)
        if counts is None:
            return {}
        dropped = {"targets": run_series.add_runs(families, counts.runs)}
        if has_list:
            pm2_series.add_restarts(families, listed, counts.restarts_of_deleted, self._counters)
            dropped["apps"] = pm2_series.add_exits(families, listed, counts.exits, self._counters)
        return dropped

    def _add_own(self, families: Families, loop_lag_s: float | None) -> None:
        families.add("pm2site_info", 1, settings.VERSION)
        _add_samplers(families, (taps.host, taps.pm2, taps.redis))
        families.add("pm2site_websockets_open", own_cost.open_sockets())
        families.add("pm2site_event_loop_lag_seconds", loop_lag_s)


def _add_samplers(families: Families, sampled: Iterable[Tap[Any]]) -> None:
    for tap in sampled:
        newest = tap.newest
        families.add("pm2site_sample_age_seconds", newest.age_s if newest else float("inf"), tap.name)
        families.add_summary("pm2site_sampler_seconds", tap.samples, tap.cost_s, tap.name)
        families.add("pm2site_sampler_errors_total", tap.errors, tap.name)


def node_page(node: NodeStats, newest: Observation[Any]) -> list[Metric]:
    """One Redis node. `newest`: the sample that has it; of one that is too old, its age alone."""
    families = Families({**REDIS, "pm2site_sample_age_seconds": CATALOGUE["pm2site_sample_age_seconds"]})
    if newest.age_s <= MAX_AGE_S:
        report = newest.value.reports.get(node.port)
        redis_series.add_node(families, node, report, newest.at.timestamp())
    families.add("pm2site_sample_age_seconds", newest.age_s, taps.redis.name)
    return families.metrics()


collector = Collector()

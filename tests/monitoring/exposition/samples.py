"""Samples of a host, of PM2 and of Redis, as the taps have them, and pages read by the official parsers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry, exposition
from prometheus_client.core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from monitoring.exposition.rendering import render_openmetrics, render_text
from monitoring.sampling.tap import Observation
from pm2.daemon.process import Process, Status, from_monitor_data
from pm2.monitor.listing import DaemonStatus, Stats, count_online
from pm2.saved_list.dump_status import DumpStatus
from pm2.saved_list.startup_unit import Startup
from rediscluster.status.cluster_stats import NodeReport, RedisStats, make_cluster_stats
from rediscluster.status.node_stats import NodeStats, Reading, responding_node, unreachable_node
from rediscluster.topology.info import parse_info
from system.host import metrics
from system.host.metrics import HostStats, Machine, MemoryBytes

T = TypeVar("T")
AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]

MASTER_INFO = """# Server
redis_version:7.0.15\r
redis_mode:cluster\r
os:Linux 6.1 x86_64\r
tcp_port:7000\r
uptime_in_seconds:100\r
# Clients
connected_clients:3\r
blocked_clients:0\r
maxclients:10000\r
# Memory
used_memory:1048576\r
used_memory_rss:2097152\r
used_memory_peak:1048577\r
used_memory_lua:31744\r
used_memory_overhead:900\r
used_memory_startup:800\r
used_memory_dataset:700\r
maxmemory:0\r
maxmemory_policy:noeviction\r
mem_fragmentation_ratio:1.25\r
mem_fragmentation_bytes:600\r
# Persistence
loading:0\r
rdb_changes_since_last_save:5\r
rdb_bgsave_in_progress:0\r
rdb_last_save_time:1764237600\r
rdb_last_bgsave_status:ok\r
rdb_last_bgsave_time_sec:-1\r
aof_enabled:1\r
aof_rewrite_in_progress:0\r
aof_last_bgrewrite_status:ok\r
aof_last_write_status:err\r
aof_current_size:77\r
# Stats
total_connections_received:12\r
total_commands_processed:3456\r
total_net_input_bytes:1000\r
total_net_output_bytes:2000\r
rejected_connections:1\r
sync_full:1\r
sync_partial_ok:2\r
sync_partial_err:3\r
expired_keys:4\r
expired_stale_perc:0.50\r
evicted_keys:5\r
keyspace_hits:6\r
keyspace_misses:7\r
pubsub_channels:8\r
pubsub_patterns:9\r
latest_fork_usec:321\r
# Replication
role:master\r
connected_slaves:1\r
slave0:ip=127.0.0.1,port=7003,state=online,offset=14,lag=1\r
master_repl_offset:15\r
repl_backlog_size:1048576\r
# CPU
used_cpu_sys:1.5\r
used_cpu_user:2.5\r
used_cpu_sys_children:0.25\r
used_cpu_user_children:0.75\r
# Cluster
cluster_enabled:1\r
# Keyspace
db0:keys=10,expires=2,avg_ttl=1500\r
"""
REPLICA_INFO = MASTER_INFO.replace("role:master", "role:slave\r\nmaster_host:127.0.0.1\r\nmaster_port:7000\r\n"
    "master_link_status:up\r\nmaster_last_io_seconds_ago:2\r\nmaster_sync_in_progress:0\r\nslave_repl_offset:13\r\n"
    "slave_read_only:1").replace("slave0:ip", "other:ip")  # fmt: skip
CLUSTER_INFO = """cluster_state:ok\r
cluster_slots_assigned:16384\r
cluster_slots_ok:16384\r
cluster_slots_pfail:0\r
cluster_slots_fail:0\r
cluster_known_nodes:6\r
cluster_size:3\r
cluster_current_epoch:6\r
cluster_my_epoch:1\r
cluster_stats_messages_sent:100\r
cluster_stats_messages_received:200\r
"""


def process(name: str = "api", pm_id: int = 0, **changes: Any) -> Process:
    env = {
        "status": "online", "namespace": "default", "exec_mode": "cluster_mode", "pm_uptime": 1764237600000,
        "restart_time": 2, "unstable_restarts": 1, "exec_interpreter": "node", "version": "1.2.3",
        "NODE_APP_INSTANCE": 0, "node_version": "20.1.0", "prev_restart_delay": 150,
        "axm_monitor": {"Event Loop Latency": {"value": "0.41", "unit": "ms"}, "HTTP": {"value": 12}},
    }  # fmt: skip
    entry = {"name": name, "pm_id": pm_id, "pid": 100 + pm_id, "monit": {"cpu": 5, "memory": 2**20}, "pm2_env": env}
    measured = replace(from_monitor_data(entry, 1764237610000.0), cpu_seconds=3.5, token=f"token {pm_id}")
    return replace(measured, **changes)


def stopped(name: str, pm_id: int, status: Status = Status.STOPPED) -> Process:
    return process(
        name, pm_id, pid=0, status=status, cpu=0.0, memory_bytes=0, cpu_seconds=None, started_at_ms=None,
        custom_metrics={}, uptime_seconds=0.0,
    )  # fmt: skip


def stats(*processes: Process, **changes: Any) -> Stats:
    daemon = DaemonStatus("up", "7.0.4", 4711, "/home/ada/.pm2")
    dump = DumpStatus("/home/ada/.pm2/dump.pm2", AT, ("web",), (), Startup.ENABLED)
    listed = Stats(processes, count_online(processes), daemon, AT, stale=False, age_seconds=0.0, dump=dump)
    return replace(listed, **changes)


def node(port: int, info: str = MASTER_INFO) -> tuple[NodeStats, NodeReport]:
    reading = Reading(port, 0.0, "up", None, parse_info(info), parse_info(CLUSTER_INFO), None, 0.5)
    return responding_node(reading, None, "ours", None), NodeReport(reading.info, reading.cluster)


def redis(nodes: int = 3, down: int = 0) -> RedisStats:
    """Nodes on ports from 7000 on, every second one a replica; the last `down` of them do not respond."""
    up = [node(7000 + index, REPLICA_INFO if index % 2 else MASTER_INFO) for index in range(nodes - down)]
    silent = [
        unreachable_node(7000 + index, "down", "refused", "ours", None, None) for index in range(nodes - down, nodes)
    ]
    all_nodes = (*(one for one, _ in up), *silent)
    cluster = make_cluster_stats(all_nodes, [], [parse_info(CLUSTER_INFO)], codes=None, failovers=1)
    cluster = replace(cluster, agreement=True, size=3, known_nodes=nodes, slots_ok=16384)
    return RedisStats(all_nodes, cluster, AT, reports={one.port: report for one, report in up})


def host(**changes: Any) -> HostStats:
    modes = {"user": 10.0, "system": 5.0, "idle": 100.0}
    reading = metrics.Reading(
        AT, 100.0, metrics.CpuTimes(15, 115), (metrics.CpuTimes(15, 115),), modes, MemoryBytes(1000, 600, 300, 100),
        (1, 2), (71.5, 9), (1000, 5000), 262900, (1.5, 1.25, 1.0),
    )  # fmt: skip
    return metrics.host_stats(reading, replace(reading, **changes), Machine("h", "Linux", "20.1", "3.11", 9))


def observe(value: T, age_s: float = 0.0) -> Observation[T]:
    return Observation(value, AT, time.monotonic() - age_s, 0.25)


class Registry(CollectorRegistry):
    """What the library renders."""

    def __init__(self, page: list[Metric]) -> None:
        super().__init__()
        self._page = page

    def collect(self) -> Iterator[Metric]:
        return iter(self._page)


def parsed(page: list[Metric]) -> Samples:
    """The samples by name and labels. Both official parsers read the same from both formats, no sample twice; and both
    formats are as the library renders them."""
    text, openmetrics_text = render_text(page), render_openmetrics(page)
    assert text == exposition.generate_latest(Registry(page))
    assert openmetrics_text == openmetrics.generate_latest(Registry(page))  # type: ignore[no-untyped-call]
    samples = _samples(parse_text(text.decode()))
    assert _samples(parse_openmetrics(openmetrics_text.decode())) == samples  # type: ignore[no-untyped-call]
    return samples


def _samples(families: Iterable[Metric]) -> Samples:
    samples: Samples = {}
    for sample in (sample for family in families for sample in family.samples):
        key = sample.name, tuple(sorted(sample.labels.items()))
        assert key not in samples, key
        samples[key] = sample.value
    return samples


def of(samples: Samples, name: str, /, **labels: str) -> dict[tuple[str, ...], float]:
    """The values of one name with these labels, by the values of its other labels."""
    return {
        tuple(text for label, text in pairs if label not in labels): value
        for (sample, pairs), value in samples.items()
        if sample == name and labels.items() <= dict(pairs).items()
    }

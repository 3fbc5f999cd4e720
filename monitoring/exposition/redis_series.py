"""Redis: a summary of the cluster, and each node as redis_exporter names it. [pure]"""

from __future__ import annotations

import re
from collections import Counter

from monitoring.exposition.catalogue import CLUSTER_INFO, REDIS_COUNTERS, REDIS_GAUGES
from monitoring.exposition.families import Families
from monitoring.exposition.labels import label_text
from rediscluster.status.cluster_stats import NodeReport, RedisStats
from rediscluster.status.node_stats import DOWN, LOADING, STOPPED, UNRESPONSIVE, UP, NodeStats
from rediscluster.topology.info import Info, replicas_of, to_float

CLUSTER_STATES = ("ok", "fail", "absent", "stopped")
NODE_STATES = (UP, LOADING, UNRESPONSIVE, DOWN, STOPPED)
MAX_REPLICAS, MAX_DATABASES = 50, 16
WORDS = {"ok": 1.0, "err": 0.0, "fail": 0.0}  # of rdb_last_bgsave_status, cluster_state and the like
_DATABASE = re.compile(r"db[0-9]{1,5}")


def add_summary(families: Families, redis: RedisStats) -> None:
    cluster = redis.cluster
    families.add_one_hot("pm2site_redis_cluster_state", cluster.state, CLUSTER_STATES)
    states = Counter(node.state for node in redis.stats)
    for state in NODE_STATES:
        families.add("pm2site_redis_nodes", states[state], state)
    families.add("pm2site_redis_cluster_masters", cluster.size)
    families.add("pm2site_redis_cluster_known_nodes", cluster.known_nodes)
    families.add("pm2site_redis_cluster_slots_served", cluster.slots_ok)
    families.add("pm2site_redis_cluster_slots_open", len(cluster.open_slots))
    families.add("pm2site_redis_cluster_agreement", cluster.agreement)
    families.add("pm2site_redis_cluster_keys", cluster.keys)
    families.add("pm2site_redis_cluster_memory_bytes", cluster.memory_bytes)
    families.add("pm2site_redis_cluster_failovers_total", cluster.failovers)


def add_node(families: Families, node: NodeStats, report: NodeReport | None, at_s: float) -> None:
    """`report`: None of a node that does not respond; `at_s`: time of the sample since the epoch."""
    families.add("redis_up", node.state == UP)
    if report is None:
        return
    info = report.info
    for fields, reported in ((REDIS_GAUGES | REDIS_COUNTERS, info), (CLUSTER_INFO, report.cluster)):
        for field, name in fields.items():
            families.add(name, _figure(reported, field))
    uptime_s = to_float(info, "uptime_in_seconds")
    families.add("redis_start_time_seconds", None if uptime_s is None else round(at_s) - uptime_s)
    _add_identity(families, info)
    _add_replication(families, info)
    _add_databases(families, info)


def _figure(info: Info, field: str) -> float | None:
    return WORDS.get(info.get(field, ""), to_float(info, field))


def _text(info: Info, field: str) -> str:
    return label_text(info.get(field, ""))


def _add_identity(families: Families, info: Info) -> None:
    fields = ("role", "redis_version", "redis_mode", "os", "maxmemory_policy", "tcp_port")
    families.add("redis_instance_info", 1, *(_text(info, field) for field in fields))
    if info.get("role") == "slave":
        read_only = _text(info, "slave_read_only")
        families.add("redis_slave_info", 1, _text(info, "master_host"), _text(info, "master_port"), read_only)


def _add_replication(families: Families, info: Info) -> None:
    if info.get("role") == "slave":
        master = _text(info, "master_host"), _text(info, "master_port")
        families.add("redis_master_link_up", info.get("master_link_status") == "up", *master)
        for field in ("master_last_io_seconds_ago", "master_sync_in_progress", "slave_repl_offset"):
            families.add(f"redis_{field}", to_float(info, field), *master)
    for replica in replicas_of(info)[:MAX_REPLICAS]:
        labels = _text(replica, "ip"), _text(replica, "port"), _text(replica, "state")
        families.add("redis_connected_slave_offset_bytes", to_float(replica, "offset"), *labels)
        families.add("redis_connected_slave_lag_seconds", to_float(replica, "lag"), *labels)


def _add_databases(families: Families, info: Info) -> None:
    """From `db0:keys=3,expires=0,avg_ttl=0`."""
    names = [name for name in info if _DATABASE.fullmatch(name)][:MAX_DATABASES]
    for name in names:
        figures = dict(part.partition("=")[::2] for part in info[name].split(","))
        ttl_ms = to_float(figures, "avg_ttl")
        families.add("redis_db_keys", to_float(figures, "keys"), name)
        families.add("redis_db_keys_expiring", to_float(figures, "expires"), name)
        families.add("redis_db_avg_ttl_seconds", None if ttl_ms is None else ttl_ms / 1000, name)

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rediscluster.status import node_stats
from rediscluster.status.node_stats import OwnTraffic, Reading

INFO = {
    "process_id": "7", "run_id": "a", "role": "master", "cluster_enabled": "1", "used_memory": "1000", "maxmemory": "0",
    "connected_clients": "3", "instantaneous_ops_per_sec": "4", "total_commands_processed": "100", "keyspace_hits": "10",
    "keyspace_misses": "10", "evicted_keys": "0", "used_cpu_sys": "1.0", "used_cpu_user": "2.0", "master_repl_offset": "900",
    "connected_slaves": "1", "slave0": "ip=127.0.0.1,port=7003,state=online,offset=840,lag=1",
    "db0": "keys=5,expires=1,avg_ttl=0",
}  # fmt: skip
FIRST = Reading(7000, 10.0, "up", None, INFO, {}, None, 0.5, OwnTraffic(3, 1, 0))


def later(**info: Any) -> Reading:
    changed = {name: str(value) for name, value in info.items()}
    return replace(FIRST, at_s=12.0, info=INFO | changed, own_traffic=OwnTraffic(5, 2, 0))


def test_rates_cover_the_window_without_our_own_commands() -> None:
    now = later(total_commands_processed=202, keyspace_hits=41, keyspace_misses=20, evicted_keys=8, used_cpu_user=2.5)

    node = node_stats.responding_node(now, FIRST, "ours", None)

    assert (node.ops_per_second, node.hit_rate_percent, node.evicted_per_second) == (50.0, 75.0, 4.0)
    assert (node.cpu_percent, node.connections, node.keys) == (25.0, 2, 5)


def test_without_reads_there_is_no_hit_rate() -> None:
    assert node_stats.responding_node(later(keyspace_hits=11), FIRST, "ours", None).hit_rate_percent is None


def test_a_first_reading_and_one_after_a_restart_have_no_window() -> None:
    for previous in (None, replace(FIRST, info=INFO | {"run_id": "b"})):
        node = node_stats.responding_node(later(), previous, "ours", None)

        assert (node.ops_per_second, node.hit_rate_percent, node.evicted_per_second) == (4.0, None, None)


def test_a_replica_has_its_lag() -> None:
    info = {
        "role": "slave",
        "cluster_enabled": "1",
        "master_port": "7000",
        "master_link_status": "up",
        "slave_repl_offset": "840",
    }
    replica = node_stats.responding_node(replace(FIRST, port=7003, info=info), None, "ours", None)

    linked = node_stats.with_replication_lag(replica, info, INFO)
    assert (linked.role, linked.master_port, linked.link_up) == ("replica", 7000, True)
    assert (linked.replication_lag_bytes, linked.replication_lag_seconds) == (60, 1.0)

    lost = info | {"master_link_status": "down", "master_link_down_since_seconds": "9"}
    alone = node_stats.with_replication_lag(
        node_stats.responding_node(replace(FIRST, info=lost), None, "ours", None), lost, None
    )
    assert (alone.link_up, alone.replication_lag_bytes, alone.replication_lag_seconds) == (False, None, 9.0)


def test_an_unreachable_node_has_no_numbers() -> None:
    node = node_stats.unreachable_node(7000, "down", "connection refused", "ours", None, None)

    values = [
        getattr(node, name) for name in node.__dataclass_fields__ if name not in ("port", "owner", "state", "reason")
    ]
    assert [value for value in values if value is not None] == [0, ()]  # no slots are known

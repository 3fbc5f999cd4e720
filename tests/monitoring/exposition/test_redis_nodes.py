"""A node under redis_exporter's names, and the nodes as targets."""

from __future__ import annotations

from collections import Counter

import pytest

from monitoring.errors import TargetUnknown
from monitoring.exposition import redis_targets
from monitoring.exposition.catalogue import REDIS
from monitoring.exposition.collector import node_page
from monitoring.exposition.redis_targets import TargetGroup
from rediscluster.status.cluster_stats import RedisStats
from tests.monitoring.exposition.samples import Samples, observe, of, parsed, redis


def page_of(stats: RedisStats, port: int, age_s: float = 0.0) -> Samples:
    return parsed(node_page(redis_targets.find_node(stats.stats, str(port)), observe(stats, age_s)))


def test_every_name_is_exported_by_a_master_or_a_replica() -> None:
    exported = {name for port in (7000, 7001) for name, _ in page_of(redis(2), port)}

    assert exported - {"pm2site_sample_age_seconds"} == set(REDIS)


def test_a_master() -> None:
    page = page_of(redis(2), 7000)
    figures = {name: value for (name, labels), value in page.items() if not labels}
    expected = {
        "redis_up": 1, "redis_uptime_in_seconds": 100, "redis_start_time_seconds": 1795780700,
        "redis_connected_clients": 3, "redis_memory_used_bytes": 1048576, "redis_memory_max_bytes": 0,
        "redis_commands_processed_total": 3456, "redis_keyspace_hits_total": 6, "redis_keyspace_misses_total": 7,
        "redis_net_input_bytes_total": 1000, "redis_net_output_bytes_total": 2000, "redis_connected_slaves": 1,
        "redis_cpu_user_seconds_total": 2.5, "redis_mem_fragmentation_ratio": 1.25, "redis_cluster_state": 1,
        "redis_cluster_slots_ok": 16384, "redis_cluster_slots_assigned": 16384, "redis_cluster_slots_fail": 0,
        "redis_cluster_slots_pfail": 0, "redis_cluster_known_nodes": 6, "redis_rdb_last_bgsave_status": 1,
        "redis_aof_last_write_status": 0, "redis_cluster_messages_sent_total": 100,
    }  # fmt: skip

    assert {name: figures[name] for name in expected} == expected
    assert of(page, "redis_connected_slave_lag_seconds") == {("127.0.0.1", "7003", "online"): 1}
    assert of(page, "redis_connected_slave_offset_bytes") == {("127.0.0.1", "7003", "online"): 14}
    assert of(page, "redis_instance_info") == {
        ("noeviction", "Linux 6.1 x86_64", "cluster", "7.0.15", "master", "7000"): 1
    }
    assert [of(page, f"redis_db_{name}") for name in ("keys", "keys_expiring", "avg_ttl_seconds")] == [
        {("db0",): 10}, {("db0",): 2}, {("db0",): 1.5},
    ]  # fmt: skip
    assert not {"redis_master_link_up", "redis_slave_info"} & {name for name, _ in page}


def test_a_replica() -> None:
    page, master = page_of(redis(2), 7001), ("127.0.0.1", "7000")

    assert of(page, "redis_slave_info") == {(*master, "1"): 1}
    assert of(page, "redis_master_link_up") == {master: 1}
    assert of(page, "redis_master_last_io_seconds_ago") == {master: 2}
    assert of(page, "redis_slave_repl_offset") == {master: 13}


def test_a_node_that_does_not_respond_is_down_and_nothing_else() -> None:
    page = page_of(redis(2, down=1), 7001)

    assert {name: value for (name, labels), value in page.items() if name.startswith("redis_")} == {"redis_up": 0}


def test_an_old_sample_has_its_age_alone() -> None:
    [((name, labels), age_s)] = page_of(redis(1), 7000, age_s=20).items()

    assert (name, labels, 20 <= age_s < 60) == ("pm2site_sample_age_seconds", (("stream", "redis:stats"),), True)


def test_30_nodes_have_the_same_series_each() -> None:
    counts = Counter(len(page_of(redis(30), 7000 + index)) for index in range(30))

    assert sorted(counts.values()) == [15, 15]


@pytest.mark.parametrize("target", ["127.0.0.1:7001", "7001", "localhost:7001", "redis://127.0.0.1:7001", ":7001"])
def test_a_node_is_found_by_its_address_or_port(target: str) -> None:
    assert redis_targets.find_node(redis(3).stats, target).port == 7001


@pytest.mark.parametrize(
    "target",
    ["7009", "10.0.0.1:7001", "redis.example:7001", "127.0.0.1:7001/0", "07001", "http://127.0.0.1:7001", "\0" * 999],
)
def test_every_other_target_is_refused(target: str) -> None:
    with pytest.raises(TargetUnknown, match=r"Known: 127\.0\.0\.1:7000, 127\.0\.0\.1:7001\.$") as refusal:
        redis_targets.find_node(redis(2).stats, target)
    assert len(str(refusal.value)) < 500


def test_the_refusal_names_five_nodes_at_most() -> None:
    with pytest.raises(TargetUnknown, match=r"7004, …\.$"):
        redis_targets.find_node(redis(30).stats, "1")
    with pytest.raises(TargetUnknown, match=r"Known: none\.$"):
        redis_targets.find_node((), "1")


def test_service_discovery_lists_every_node() -> None:
    assert redis_targets.discovery(redis(2, down=1).stats) == [
        TargetGroup(("127.0.0.1:7000",), {
            "__meta_pm2site_redis_port": "7000", "__meta_pm2site_redis_owner": "ours",
            "__meta_pm2site_redis_role": "master", "__meta_pm2site_redis_node_id": "",
        }),
        TargetGroup(("127.0.0.1:7001",), {
            "__meta_pm2site_redis_port": "7001", "__meta_pm2site_redis_owner": "ours",
            "__meta_pm2site_redis_role": "", "__meta_pm2site_redis_node_id": "",
        }),
    ]  # fmt: skip

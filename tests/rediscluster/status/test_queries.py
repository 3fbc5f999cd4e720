"""Queries of a running cluster of six nodes, which they leave as it was."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from rediscluster.errors import ClusterExists, UnknownNode
from rediscluster.nodes import client, manifest, node_files, operation_lock
from rediscluster.operations import cluster
from rediscluster.operations.result import FormedCluster, Shard
from rediscluster.status import cluster_sampler, queries, text_map
from rediscluster.status.cluster_stats import ClusterStats, RedisStats
from rediscluster.status.queries import SlowCommand
from rediscluster.status.state_summary import ManifestSummary, Status
from rediscluster.topology import slots
from tests.fixtures.cluster import shared_plan
from tests.fixtures.ports import SHARED_REDIS

PORTS = FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH = tuple(range(SHARED_REDIS, SHARED_REDIS + 6))
SLOTS = ("0-5460", "5461-10922", "10923-16383")
THRESHOLD = "slowlog-log-slower-than"


def without_rates(stats: RedisStats) -> RedisStats:
    """With fixed numbers in place of those that change from one sample to the next."""
    shards = tuple(
        replace(
            shard,
            ops_per_second=2.5,
            memory_bytes=3 * text_map.MB,
            hit_rate_percent=None,
            replicas=tuple(replace(replica, lag_bytes=0, lag_seconds=0.0) for replica in shard.replicas),
        )
        for shard in stats.cluster.shards
    )
    return replace(stats, cluster=replace(stats.cluster, ops_per_second=None, memory_bytes=None, shards=shards))


async def test_the_status_of_a_healthy_cluster(shared_cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "LOW_DISK_BYTES", 0)
    ours = manifest.load()
    assert ours

    status = await queries.fetch_status()

    assert status == Status(
        state="running",
        owner="ours",
        message="The cluster is working: 6 of 6 nodes, 0 keys.",
        next_step="Nothing to do.",
        operation=None,
        manifest=ManifestSummary(
            ours.cluster_id, "running", 6, 1, SHARED_REDIS, 0, "none", ours.version, keys=0, error=None
        ),
        warnings=(),
        timestamp=status.timestamp,
    )


async def test_the_status_warns_of_a_disk_that_is_almost_full(
    shared_cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_files, "free_disk_bytes", lambda: 100 * 2**20)

    status = await queries.fetch_status()

    assert status.warnings == ("100 MB left on disk: a node that cannot write its nodes.conf exits.",)


async def test_the_status_names_the_operation_in_progress(shared_cluster: Path) -> None:
    with operation_lock.hold_lock("failover"):
        status = await queries.fetch_status()

    assert (status.state, status.operation, status.message, status.next_step) == (
        "running",
        "failover",
        "The cluster is working: 6 of 6 nodes, 0 keys. Failover is in progress.",
        "Wait until it has finished.",
    )


async def test_the_nodes_have_their_roles_and_slots(shared_cluster: Path) -> None:
    ours = manifest.load()
    assert ours

    nodes = await queries.fetch_nodes()

    assert (nodes.nodes, nodes.count) == (PORTS, 6)
    assert [
        (node.port, node.owner, node.state, node.role, node.master_port, node.slots, node.slot_ranges)
        for node in nodes.details
    ] == [
        (FIRST, "ours", "up", "master", None, 5461, ("0-5460",)),
        (SECOND, "ours", "up", "master", None, 5462, ("5461-10922",)),
        (THIRD, "ours", "up", "master", None, 5461, ("10923-16383",)),
        (FOURTH, "ours", "up", "replica", FIRST, 0, ()),
        (FIFTH, "ours", "up", "replica", SECOND, 0, ()),
        (SIXTH, "ours", "up", "replica", THIRD, 0, ()),
    ]
    assert [node.pid for node in nodes.details] == [node.process.pid for node in ours.nodes if node.process]
    assert [(node.keys, node.link_up, node.reason) for node in nodes.details] == (
        [(0, None, None)] * 3 + [(0, True, None)] * 3
    )


async def test_a_sample_sums_up_the_cluster_and_its_shards(shared_cluster: Path) -> None:
    stats = without_rates(await cluster_sampler.sample())

    assert replace(stats.cluster, shards=()) == ClusterStats(
        state="ok",
        owner="ours",
        agreement=True,
        slots_ok=slots.SLOT_COUNT,
        size=3,
        known_nodes=6,
        epoch=6,
        ops_per_second=None,
        keys=0,
        memory_bytes=None,
        codes=None,
        lost=(),
        failovers=0,
        shards=(),
    )
    assert [
        (shard.slots, shard.slot_count, shard.master_port, shard.master_state, shard.keys)
        for shard in stats.cluster.shards
    ] == [
        (("0-5460",), 5461, FIRST, "up", 0),
        (("5461-10922",), 5462, SECOND, "up", 0),
        (("10923-16383",), 5461, THIRD, "up", 0),
    ]
    assert [
        [(replica.port, replica.state, replica.link_up) for replica in shard.replicas] for shard in stats.cluster.shards
    ] == [[(FOURTH, "up", True)], [(FIFTH, "up", True)], [(SIXTH, "up", True)]]


async def test_concurrent_callers_share_a_sample_until_an_operation(shared_cluster: Path) -> None:
    first, second = await asyncio.gather(cluster_sampler.sample(), cluster_sampler.sample())
    cluster_sampler.invalidate()

    assert second is first
    assert await cluster_sampler.sample() is not first


@pytest.mark.parametrize(("port", "role"), [(FIRST, "master"), (SIXTH, "slave")], ids=["master", "replica"])
async def test_the_info_of_a_node_is_split_into_sections(shared_cluster: Path, port: int, role: str) -> None:
    info = await queries.fetch_node_info(port)

    server = info.sections["server"]
    assert info.port == port
    assert (server["redis_mode"], server["tcp_port"], info.sections["replication"]["role"]) == (
        "cluster",
        str(port),
        role,
    )
    assert info.sections["cluster"] == {"cluster_enabled": "1"}
    assert info.sections.keys() >= {
        "server", "clients", "memory", "persistence", "stats", "replication", "cpu", "commandstats", "errorstats",
        "latencystats", "cluster", "keyspace",
    }  # fmt: skip


async def test_a_port_of_no_node_is_unknown(shared_cluster: Path) -> None:
    message = f"The cluster has no node on port {SIXTH + 1}. Nodes: {', '.join(map(str, PORTS))}."

    with pytest.raises(UnknownNode) as of_info:
        await queries.fetch_node_info(SIXTH + 1)
    with pytest.raises(UnknownNode) as of_slow_log:
        await queries.fetch_slow_log(SIXTH + 1, limit=1)

    assert [str(of_info.value), str(of_slow_log.value)] == [message, message]


async def test_the_slow_log_has_the_newest_first_and_cuts_long_commands(shared_cluster: Path) -> None:
    key = slots.find_key_in(slots.parse_range(SLOTS[0]), "slow:")
    keys = [f"{key}{number:020}" for number in range(25)]
    async with client.open_connections([FIRST]) as nodes:
        setting = await nodes[FIRST].execute("CONFIG", "GET", THRESHOLD)
        assert isinstance(setting, list)
        usual = str(setting[1])
        # In one pipeline: no command of a replica comes between.
        replies = await nodes[FIRST].execute_pipeline(
            [
                ("SLOWLOG", "RESET"),
                ("CONFIG", "SET", THRESHOLD, 0),
                ("GET", key),
                ("EXISTS", *keys),
                ("CONFIG", "SET", THRESHOLD, usual),
            ]
        )
        slow_log = await queries.fetch_slow_log(FIRST, limit=2)
        newest = await queries.fetch_slow_log(FIRST, limit=1)
        await nodes[FIRST].execute("SLOWLOG", "RESET")

    assert replies == ["OK", "OK", None, 0, "OK"]
    exists, get = slow_log.entries
    assert [exists, get] == [
        SlowCommand(
            get.id + 1,
            exists.at,
            exists.duration_ms,
            " ".join(["EXISTS", *keys])[: queries.MAX_COMMAND_LENGTH - 1] + "…",
            get.client,
            "",
        ),
        SlowCommand(get.id, get.at, get.duration_ms, f"GET {key}", get.client, ""),
    ]
    assert len(exists.command) == queries.MAX_COMMAND_LENGTH
    assert (slow_log.port, slow_log.threshold_ms, newest.entries) == (FIRST, int(usual) / 1000, (exists,))


async def test_the_map_has_a_line_for_every_shard(shared_cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "LOW_DISK_BYTES", 0)
    stats = without_rates(await cluster_sampler.sample())

    assert text_map.render_status(await queries.fetch_status(), stats) == [
        "running: The cluster is working: 6 of 6 nodes, 0 keys.",
        "",
        "shard  slots        master  ops/s  memory  hit  keys  replicas",
        f"1      0-5460       {FIRST}     2.5  3.0 MB    –     0  {FOURTH} (lag 0 B)",
        f"2      5461-10922   {SECOND}     2.5  3.0 MB    –     0  {FIFTH} (lag 0 B)",
        f"3      10923-16383  {THIRD}     2.5  3.0 MB    –     0  {SIXTH} (lag 0 B)",
        "",
        "Next: Nothing to do.",
    ]


async def test_setup_of_the_running_cluster_changes_nothing(shared_cluster: Path) -> None:
    before = manifest.load()

    again = await cluster.setup(shared_plan())

    assert (again.success, again.changed, again.nodes, again.warnings) == (True, False, PORTS, ())
    assert again.message == "This cluster is already running: 3 masters with 1 replica each."
    assert again.cluster == FormedCluster(
        state="running",
        agreement=True,
        slots_ok=slots.SLOT_COUNT,
        size=3,
        known_nodes=6,
        epoch=6,
        failover=True,
        shards=tuple(
            Shard((slot_range,), master, (replica,))
            for slot_range, master, replica in zip(SLOTS, PORTS[:3], PORTS[3:], strict=True)
        ),
    )
    assert list(again.phases) == ["check"]
    assert manifest.load() == before


async def test_setup_of_another_plan_names_the_running_cluster(shared_cluster: Path) -> None:
    with pytest.raises(ClusterExists) as caught:
        await cluster.setup(replace(shared_plan(), replicas=0))

    assert str(caught.value) == (
        f"There is another cluster: 3 masters with 1 replica each, on {FIRST} to {SIXTH}, persistence none. "
        "Clean it first; a cluster cannot be resized."
    )

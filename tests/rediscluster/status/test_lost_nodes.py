"""Clusters with nodes that came back empty, that are elsewhere, or whose reshard broke off: on real redis-servers."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from redis import Redis

from rediscluster.operations import cluster
from rediscluster.status import cluster_sampler, queries, text_map
from rediscluster.topology.open_slots import OpenSlot
from system.host import binaries
from tests.fixtures.cluster import FIRST, SECOND, THIRD, three_masters
from tests.fixtures.redis import connection, is_formed, wait_until
from tests.rediscluster.operations.test_faults import process_of, until

HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
SLOTS = ("0-5460", "5461-10922", "10923-16383")
WORKING = "The cluster is working: 3 of 3 nodes, 0 keys."


def program() -> str:
    return str(binaries.require("redis-server").path)


async def test_a_node_that_came_back_empty_is_named_and_its_slots_are_lost(cluster_folder: Path) -> None:
    await cluster.setup(three_masters())
    with closing(connection(SECOND)) as node:
        old_id = node.execute_command("CLUSTER MYID")
    folder = cluster_folder / str(SECOND)
    os.kill(process_of(SECOND).pid, signal.SIGKILL)
    (folder / "nodes.conf").unlink()
    with subprocess.Popen([program(), str(folder / "redis.conf")], cwd=folder, start_new_session=True) as restarted:
        stats = await until(
            cluster_sampler.sample, lambda stats: any(shard.master_port == 0 for shard in stats.cluster.shards)
        )
        status = await queries.fetch_status()
        restarted.kill()

    assert [(node.port, node.state, node.slots, node.known_nodes) for node in stats.stats] == [
        (FIRST, "up", 5461, 3), (SECOND, "up", 0, 1), (THIRD, "up", 5461, 3),
    ]  # fmt: skip
    lost = stats.cluster
    assert (lost.state, lost.slots_ok, lost.lost, lost.agreement) == ("fail", 10922, ("5461-10922",), False)
    assert [(shard.master_id, shard.master_address, shard.master_state) for shard in lost.shards][1] == (
        old_id, None, "down",
    )  # fmt: skip
    assert f" {old_id[:8]} down " in text_map.cluster_lines(lost)[2]
    assert status.message == (
        f"Node {SECOND} came back without the cluster map; "
        "slots 5461-10922 have no master, and their keys are unavailable."
    )
    assert status.next_step == "Restore its nodes.conf, stop and resume the cluster. Or clean it and set it up again."


async def test_open_slots_are_shown_with_both_ends(cluster_folder: Path) -> None:
    await cluster.setup(three_masters())
    assert (await queries.fetch_status()).warnings == ()
    with closing(connection(FIRST)) as source, closing(connection(SECOND)) as target:
        source_id, target_id = (node.execute_command("CLUSTER MYID") for node in (source, target))
        source.execute_command("CLUSTER SETSLOT", 93, "MIGRATING", target_id)
        for slot in (93, 94):
            target.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", source_id)
    cluster_sampler.invalidate()

    stats, status = await cluster_sampler.sample(), await queries.fetch_status()

    assert stats.cluster.open_slots == (
        OpenSlot(93, str(FIRST), str(SECOND), source_is_open=True, target_is_open=True),
        OpenSlot(94, str(FIRST), str(SECOND), source_is_open=False, target_is_open=True),
    )
    both = f"slot 93 from {FIRST} to {SECOND}, slot 94 from {FIRST} to {SECOND} (only {SECOND} has it as open)"
    assert text_map.cluster_lines(stats.cluster)[-1] == f"Open: {both}."
    assert (stats.cluster.slots_ok, status.state, status.message) == (16384, "running", WORKING)
    assert status.warnings[-1] == (
        f"2 open slots: {both}. If no reshard is running: redis-cli --cluster fix 127.0.0.1:{FIRST}."
    )


@contextmanager
def run_node(host: str, folder: Path) -> Iterator[Any]:
    """An empty node in cluster mode on the port FIRST of this address of the loopback interface."""
    (folder / host).mkdir(parents=True)
    options = {
        "port": FIRST, "bind": host, "bind-source-addr": host, "cluster-announce-ip": host, "dir": folder / host,
        "cluster-enabled": "yes", "save": "", "logfile": "log",
    }  # fmt: skip
    argv = [program(), *(word for name, value in options.items() for word in (f"--{name}", str(value)))]
    with subprocess.Popen(argv) as process, closing(Redis(host=host, port=FIRST, decode_responses=True)) as node:
        try:
            wait_until(node.ping, f"redis-server responds on {host}")
            yield node
        finally:
            process.kill()


@pytest.mark.parametrize("local", [0, 2])
async def test_nodes_with_the_same_port_on_several_addresses(
    cluster_folder: Path, settings: Settings, tmp_path: Path, local: int
) -> None:
    """`local`: which of the masters is the one on 127.0.0.1."""
    settings.REDIS_MAX_NODES = 1
    hosts = [HOSTS[(index - local) % 3] for index in range(3)]
    with ExitStack() as stack:
        nodes = [stack.enter_context(run_node(host, tmp_path)) for host in hosts]
        for index, (node, slots) in enumerate(zip(nodes, SLOTS, strict=True)):
            node.execute_command("CLUSTER SET-CONFIG-EPOCH", index + 1)
            node.execute_command("CLUSTER ADDSLOTSRANGE", *slots.split("-"))
        for host in hosts[1:]:
            nodes[0].execute_command("CLUSTER MEET", host, FIRST)
        wait_until(lambda: all(is_formed(node) for node in nodes), "the cluster agrees")
        nodes[local].set({0: "codes:seq", 2: "{a}"}[local], 1)
        ids = [node.execute_command("CLUSTER MYID") for node in nodes]

        stats = await cluster_sampler.sample()

    addresses = [str(FIRST) if host == HOSTS[0] else f"{host}:{FIRST}" for host in hosts]
    assert [(shard.master_id, shard.master_address, shard.slots) for shard in stats.cluster.shards] == [
        (node_id, address, (slots,)) for node_id, address, slots in zip(ids, addresses, SLOTS, strict=True)
    ]
    assert [shard.keys for shard in stats.cluster.shards] == [1 if index == local else None for index in range(3)]
    assert [(node.port, node.id, node.slot_ranges) for node in stats.stats] == [(FIRST, ids[local], (SLOTS[local],))]
    assert (stats.cluster.state, stats.cluster.slots_ok, stats.cluster.keys) == ("ok", 16384, 1)
    cells = [text_map.shard_cells(number, shard)[2] for number, shard in enumerate(stats.cluster.shards, 1)]
    assert cells == addresses

"""The preview of a setup: the plan, the refusals of the setup itself, and nothing left behind."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from rediscluster.errors import ClusterStopped, NotOurs, OperationInProgress, PortTaken
from rediscluster.nodes import manifest, operation_lock, server
from rediscluster.nodes.manifest import FAILED, STOPPED
from rediscluster.operations import cluster, setup_preview
from rediscluster.operations.result import Shard
from rediscluster.operations.setup_preview import PlannedCluster
from rediscluster.topology.plan import BUS_OFFSET, make_plan
from tests.fixtures.cluster import BASE_PORT, FIFTH, FIRST, FOURTH, SECOND, SIXTH, THIRD, six_nodes, three_masters

SIX = (FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH)


@pytest.fixture(autouse=True)
def _program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A redis-server that needs not be installed."""
    program = server.Program(Path("/usr/bin/redis-server"), "8.0.0", "It is old.")
    monkeypatch.setattr(server, "find_program", lambda: program)


async def test_a_preview_has_the_shards_and_changes_nothing(cluster_folder: Path) -> None:
    preview = await cluster.preview(replace(six_nodes(), max_memory_bytes=1000, persistence="aof"))

    assert preview.plan == PlannedCluster(
        shards=(
            Shard(("0-5460",), FIRST, (FOURTH,)),
            Shard(("5461-10922",), SECOND, (FIFTH,)),
            Shard(("10923-16383",), THIRD, (SIXTH,)),
        ),
        ports=SIX, bus_ports=tuple(port + BUS_OFFSET for port in SIX), replicas=1, failover=True, max_memory=1000,
        total_memory=6000, persistence="aof",
    )  # fmt: skip
    assert (preview.success, preview.changed, preview.warnings) == (True, False, ("It is old.",))
    assert preview.message == f"A setup would start 6 nodes on {FIRST} to {SIXTH}: 3 masters with 1 replica each."
    assert list(cluster_folder.parent.iterdir()) == []  # neither files nor a lock


async def test_without_a_limit_the_memory_is_null_and_few_masters_are_a_warning(cluster_folder: Path) -> None:
    plan = make_plan(1, replicas=0, base_port=BASE_PORT, allow_no_failover=True, max_nodes=6)
    preview = await cluster.preview(plan)

    assert (preview.plan.max_memory, preview.plan.total_memory, preview.plan.failover) == (None, None, False)
    assert preview.warnings == ("It is old.", "With 1 master there is no automatic failover.")


async def test_a_preview_is_refused_where_the_setup_would_be(cluster_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", SECOND)), pytest.raises(PortTaken, match=f"Port {SECOND} is in use"):
        await cluster.preview(three_masters())

    data = cluster_folder / str(FIRST) / "nodes.conf"
    data.parent.mkdir(parents=True)
    data.touch()
    with pytest.raises(NotOurs, match="belongs to a cluster that this server did not set up"):
        await cluster.preview(three_masters())


async def test_a_preview_names_a_stopped_cluster_and_a_running_operation(cluster_folder: Path) -> None:
    cluster_folder.mkdir()
    recorded = manifest.new_manifest(three_masters(), Path("/usr/bin/redis-server"), "8.0.0")
    manifest.save(replace(recorded, state=STOPPED))
    with pytest.raises(ClusterStopped, match="There is a stopped cluster"):
        await cluster.preview(three_masters())

    with operation_lock.hold_lock("resume"), pytest.raises(OperationInProgress, match="resume"):
        await cluster.preview(three_masters())


async def test_leftovers_that_a_setup_would_clear_are_no_obstacle(cluster_folder: Path) -> None:
    data = cluster_folder / str(FIRST) / "nodes.conf"
    data.parent.mkdir(parents=True)
    data.touch()
    recorded = manifest.new_manifest(three_masters(), Path("/usr/bin/redis-server"), "8.0.0")
    manifest.save(replace(recorded, state=FAILED))

    preview = await cluster.preview(three_masters())

    assert preview.message.startswith("A setup would start 3 nodes")
    assert data.exists()
    assert (await asyncio.to_thread(manifest.load)) == replace(recorded, state=FAILED)


def test_replicas_are_with_their_masters() -> None:
    plan = make_plan(9, replicas=2, base_port=7000, max_nodes=9)

    shards = setup_preview.describe_plan(plan).shards
    assert [(shard.master_port, shard.replica_ports) for shard in shards] == [
        (7000, (7003, 7006)),
        (7001, (7004, 7007)),
        (7002, (7005, 7008)),
    ]

"""The operations on real redis-servers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from redis.cluster import RedisCluster

from rediscluster.errors import (
    ClusterAbsent,
    ClusterExists,
    ClusterStopped,
    KeysExist,
    OperationInProgress,
    PortTaken,
)
from rediscluster.nodes import manifest
from rediscluster.operations import cluster
from rediscluster.operations.result import Shard
from rediscluster.status import cluster_sampler, queries
from tests.fixtures.cluster import (
    BASE_PORT,
    FIFTH,
    FIRST,
    FOURTH,
    SECOND,
    SIXTH,
    THIRD,
    pids_in,
    six_nodes,
    three_masters,
)
from tests.fixtures.redis import redis_server

KEYS = 10_000


def connect() -> Any:
    return RedisCluster(host="127.0.0.1", port=BASE_PORT, decode_responses=True)


def write_keys(count: int) -> None:
    client = connect()
    with client.pipeline() as pipeline:
        for number in range(count):
            pipeline.set(f"key:{number}", number)
        pipeline.execute()
    client.close()


def read_keys(count: int) -> list[str | None]:
    client = connect()
    with client.pipeline() as pipeline:
        for number in range(count):
            pipeline.get(f"key:{number}")
        values: list[str | None] = pipeline.execute()
    client.close()
    return values


async def test_from_setup_to_clean(cluster_folder: Path) -> None:
    formed = await cluster.setup(six_nodes())

    assert formed.cluster
    assert formed.cluster.shards == (
        Shard(("0-5460",), FIRST, (FOURTH,)),
        Shard(("5461-10922",), SECOND, (FIFTH,)),
        Shard(("10923-16383",), THIRD, (SIXTH,)),
    )
    assert list(formed.phases) == ["check", "start", "form", "ready", "verify"]
    assert (formed.changed, formed.cluster.failover) == (True, True)
    again = await cluster.setup(six_nodes())
    assert (again.changed, again.message) == (False, "This cluster is already running: 3 masters with 1 replica each.")
    with pytest.raises(ClusterExists, match="Clean it first"):
        await cluster.setup(three_masters())

    await asyncio.to_thread(write_keys, KEYS)
    cluster_sampler.keep_connections_open()
    await cluster_sampler.sample()
    stopped = await cluster.stop()
    assert stopped.message.endswith("; 10,000 keys saved.")
    assert pids_in(cluster_folder) == []
    assert (await cluster.stop()).changed is False
    with pytest.raises(ClusterStopped, match="10,000 keys"):
        await cluster.setup(six_nodes())

    resumed = await cluster.resume()
    assert resumed.cluster
    assert resumed.cluster.shards == formed.cluster.shards
    stats = await cluster_sampler.sample()
    assert ([node.state for node in stats.stats], stats.cluster.keys) == (["up"] * 6, KEYS)
    assert await asyncio.to_thread(read_keys, KEYS) == [str(number) for number in range(KEYS)]
    assert (await cluster.resume()).changed is False

    with pytest.raises(KeysExist) as caught:
        await cluster.clean()
    assert caught.value.fields == {"keys": KEYS}
    assert "keys discarded" in (await cluster.stop(discard=True)).message
    assert (await queries.fetch_status()).state == "stopped"
    await cluster.resume()
    assert await asyncio.to_thread(read_keys, 100) == [None] * 100

    cleaned = await cluster.clean()
    assert (cleaned.left, cluster_folder.exists(), pids_in(cluster_folder)) == ((), False, [])
    assert (await cluster.clean()).message == "There is nothing to clean."


async def test_without_a_cluster(cluster_folder: Path) -> None:
    for operation in (cluster.stop, cluster.resume):
        with pytest.raises(ClusterAbsent, match="Set one up first"):
            await operation()
    assert not cluster_folder.exists()


async def test_one_of_twenty_concurrent_setups_succeeds(cluster_folder: Path) -> None:
    results = await asyncio.gather(*(cluster.setup(three_masters()) for _ in range(20)), return_exceptions=True)

    refused = [result for result in results if isinstance(result, OperationInProgress)]
    outcomes = [result for result in results if not isinstance(result, BaseException)]
    assert {str(error) for error in refused} == {
        "The cluster is busy: setup is in progress. Try again when it has finished."
    }
    assert (len(refused), [outcome.changed for outcome in outcomes]) == (19, [True])
    assert len(pids_in(cluster_folder)) == 3


@pytest.mark.parametrize("above", [2, 10_001])
async def test_a_port_in_use_fails_setup_before_anything_is_written(cluster_folder: Path, above: int) -> None:
    taken = BASE_PORT + above
    with redis_server(taken) as pid:
        with pytest.raises(PortTaken) as caught:
            await cluster.setup(three_masters())

        assert caught.value.fields == {"port": taken, "pid": pid}
        assert f"redis-server (pid {pid}), which this server did not start" in str(caught.value)
        assert not cluster_folder.exists()


async def test_two_masters_come_with_a_warning_about_failover(cluster_folder: Path) -> None:
    plan = six_nodes().__class__(2, 0, BASE_PORT, 0, "none")

    formed = await cluster.setup(plan)

    assert formed.warnings[-1] == "With 2 masters there is no automatic failover."
    assert "no automatic failover" in (await queries.fetch_status()).next_step


async def test_setup_finishes_though_its_caller_is_cancelled(cluster_folder: Path) -> None:
    call = asyncio.create_task(cluster.setup(three_masters()))
    while not cluster_folder.exists():
        await asyncio.sleep(0.01)
    call.cancel()
    await asyncio.gather(*cluster._running)

    saved = manifest.load()
    assert saved
    assert saved.state == manifest.RUNNING

"""The operations as the API and the command call them: each holds the lock, and runs to completion."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from rediscluster.nodes.operation_lock import hold_lock
from rediscluster.operations.clean import clean_cluster
from rediscluster.operations.failover import fail_over_shard
from rediscluster.operations.result import Cleaned, OperationResult, PhaseCallback, Phases, ignore_phase
from rediscluster.operations.resume import resume_cluster
from rediscluster.operations.setup import setup_cluster
from rediscluster.operations.stop import stop_cluster
from rediscluster.status import cluster_sampler
from rediscluster.topology.plan import Plan

T = TypeVar("T")
_running: set[asyncio.Task[object]] = set()


async def _run_exclusively(name: str, operation: Coroutine[object, object, T]) -> T:
    """Runs to completion even if the caller is cancelled. Raises OperationInProgress."""
    task = asyncio.create_task(_run_locked(name, operation))
    _running.add(task)
    task.add_done_callback(_running.discard)
    return await asyncio.shield(task)


async def _run_locked(name: str, operation: Coroutine[object, object, T]) -> T:
    try:
        with hold_lock(name):
            cluster_sampler.invalidate()
            return await operation
    finally:
        cluster_sampler.invalidate()
        operation.close()  # in case it was never awaited


async def setup(plan: Plan, on_phase: PhaseCallback = ignore_phase) -> OperationResult:
    """Forms the cluster, or confirms that it is already running. After a failure no node of it is left running."""
    return await _run_exclusively("setup", setup_cluster(plan, Phases(on_phase)))


async def stop(*, discard: bool = False, on_phase: PhaseCallback = ignore_phase) -> OperationResult:
    """Stops all nodes, after saving their keys to disk unless `discard`. Raises ClusterAbsent, SaveFailed."""
    return await _run_exclusively("stop", stop_cluster(discard, Phases(on_phase)))


async def resume(on_phase: PhaseCallback = ignore_phase) -> OperationResult:
    """Starts the nodes that are down, with their keys. Raises ClusterAbsent, NodesConfUnreadable, NotReady."""
    return await _run_exclusively("resume", resume_cluster(Phases(on_phase)))


async def clean(*, confirm: bool = False, on_phase: PhaseCallback = ignore_phase) -> Cleaned:
    """Stops the nodes and deletes the files that Redis and we write. Raises KeysExist without `confirm`, NotOurs."""
    return await _run_exclusively("clean", clean_cluster(confirm, Phases(on_phase)))


async def failover(port: int, on_phase: PhaseCallback = ignore_phase) -> OperationResult:
    """Promotes a replica to master of its shard: the replica on `port`, or one of the master on `port`."""
    return await _run_exclusively("failover", fail_over_shard(port, Phases(on_phase)))

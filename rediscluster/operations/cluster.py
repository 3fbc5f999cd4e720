"""The operations as the API and the command call them: each holds the lock, and runs to completion."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack
from typing import TypeVar

from rediscluster.errors import OperationCancelled
from rediscluster.nodes.operation_lock import hold_lock
from rediscluster.nodes.threads import run_to_end
from rediscluster.operations.clean import clean_cluster
from rediscluster.operations.failover import fail_over_shard
from rediscluster.operations.result import Cleaned, OperationResult, PhaseCallback, Phases, ignore_phase
from rediscluster.operations.resume import resume_cluster
from rediscluster.operations.setup import setup_cluster
from rediscluster.operations.setup_preview import SetupPreview, preview_setup
from rediscluster.operations.stop import stop_cluster
from rediscluster.status import cluster_sampler
from rediscluster.topology.plan import Plan
from system.lib.per_loop import PerLoop

T = TypeVar("T")
FINISH_S, UNDO_S = 1.5, 4.5  # at a shutdown, in which the whole server has less than 10 s
_running: set[asyncio.Task[object]] = set()
_is_shut_down: PerLoop[bool] = PerLoop()


async def _run_exclusively(name: str, operation: Coroutine[object, object, T]) -> T:
    """Runs to completion even if the caller is cancelled. Raises OperationInProgress, and OperationCancelled at a
    shutdown."""
    if _is_shut_down.get():
        operation.close()
        raise OperationCancelled(name)
    task = asyncio.create_task(_run_locked(name, operation), name=name)
    _running.add(task)
    task.add_done_callback(_running.discard)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if task.cancelled():  # the operation, not its caller
            raise OperationCancelled(name) from None
        raise


async def _run_locked(name: str, operation: Coroutine[object, object, T]) -> T:
    lock = ExitStack()
    try:
        await run_to_end(lock.enter_context, hold_lock(name))
        cluster_sampler.invalidate()
        return await operation
    finally:
        lock.close()
        cluster_sampler.invalidate()
        operation.close()  # in case it was never awaited


async def shut_down() -> None:
    """Ends the operation of this event loop, for a server that stops: returns within `FINISH_S` + `UNDO_S`.

    It may finish first. A setup that is cancelled undoes itself; a stop leaves nodes that are saving their keys to
    finish by themselves. Its caller gets OperationCancelled, as does any later one. What is left after that time is
    cleared by the next operation.
    """
    _is_shut_down.set(True)
    running = {task for task in _running if task.get_loop() is asyncio.get_running_loop()}
    if running:
        _finished, running = await asyncio.wait(running, timeout=FINISH_S)
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running, timeout=UNDO_S)


async def setup(plan: Plan, on_phase: PhaseCallback = ignore_phase) -> OperationResult:
    """Forms the cluster, or confirms that it is already running. After a failure no node of it is left running."""
    return await _run_exclusively("setup", setup_cluster(plan, Phases(on_phase)))


async def preview(plan: Plan) -> SetupPreview:
    """The cluster that `setup` would form, after its checks. Changes nothing."""
    return await preview_setup(plan)


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

"""The verbs: setup, stop, resume, clean, failover. Each answers after the fact, one at a time, to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from rediscluster.nodes.operation_lock import operation
from rediscluster.operations import (
    clean as clean_operation,
)
from rediscluster.operations import (
    failover as failover_operation,
)
from rediscluster.operations import (
    result,
)
from rediscluster.operations import (
    resume as resume_operation,
)
from rediscluster.operations import (
    setup as setup_operation,
)
from rediscluster.operations import (
    stop as stop_operation,
)
from rediscluster.operations.result import Cleaned, Outcome, Phases
from rediscluster.status import cluster_sampler
from rediscluster.topology.plan import Plan

T = TypeVar("T")
_unfinished: set[asyncio.Task[object]] = set()


async def _alone(verb: str, work: Coroutine[object, object, T]) -> T:
    """A caller who leaves does not stop an operation half way. Raises OperationInProgress."""
    task = asyncio.create_task(_holding(verb, work))
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
    return await asyncio.shield(task)


async def _holding(verb: str, work: Coroutine[object, object, T]) -> T:
    try:
        with operation(verb):
            cluster_sampler.changed()
            return await work
    finally:
        cluster_sampler.changed()
        work.close()  # when it could not begin


async def setup(plan: Plan, tell: result.Tell = result.silent) -> Outcome:
    """Form the cluster, or find it formed. Whatever goes wrong, nothing of it is left running."""
    return await _alone("setup", setup_operation.setup(plan, Phases(tell)))


async def stop(*, discard: bool = False, tell: result.Tell = result.silent) -> Outcome:
    """Stop all nodes; their keys are on disk, unless `discard`. Raises ClusterAbsent, SaveFailed."""
    return await _alone("stop", stop_operation.stop(discard, Phases(tell)))


async def resume(tell: result.Tell = result.silent) -> Outcome:
    """Start the nodes that do not run, with their keys. Raises ClusterAbsent, NodesConfUnreadable, NotReady."""
    return await _alone("resume", resume_operation.resume(Phases(tell)))


async def clean(*, confirm: bool = False, tell: result.Tell = result.silent) -> Cleaned:
    """Stop the nodes and delete what they and we wrote. Raises KeysExist without `confirm`, NotOurs."""
    return await _alone("clean", clean_operation.clean(confirm, Phases(tell)))


async def failover(port: int, tell: result.Tell = result.silent) -> Outcome:
    """Let a replica take over its shard: the one on `port`, or one of the master on `port`."""
    return await _alone("failover", failover_operation.failover(port, Phases(tell)))

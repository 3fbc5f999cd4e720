"""The verbs: setup, stop, resume, clean, failover. Each answers after the fact, one at a time, to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from rediscluster import cleaning, outcome, promoting, resuming, setting_up, stopping, watching
from rediscluster.exclusive import operation
from rediscluster.outcome import Cleaned, Outcome, Phases
from rediscluster.plan import Plan

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
            watching.changed()
            return await work
    finally:
        watching.changed()
        work.close()  # when it could not begin


async def setup(plan: Plan, tell: outcome.Tell = outcome.silent) -> Outcome:
    """Form the cluster, or find it formed. Whatever goes wrong, nothing of it is left running."""
    return await _alone("setup", setting_up.setup(plan, Phases(tell)))


async def stop(*, discard: bool = False, tell: outcome.Tell = outcome.silent) -> Outcome:
    """Stop all nodes; their keys are on disk, unless `discard`. Raises ClusterAbsent, SaveFailed."""
    return await _alone("stop", stopping.stop(discard, Phases(tell)))


async def resume(tell: outcome.Tell = outcome.silent) -> Outcome:
    """Start the nodes that do not run, with their keys. Raises ClusterAbsent, NodesConfUnreadable, NotReady."""
    return await _alone("resume", resuming.resume(Phases(tell)))


async def clean(*, confirm: bool = False, tell: outcome.Tell = outcome.silent) -> Cleaned:
    """Stop the nodes and delete what they and we wrote. Raises KeysExist without `confirm`, NotOurs."""
    return await _alone("clean", cleaning.clean(confirm, Phases(tell)))


async def failover(port: int, tell: outcome.Tell = outcome.silent) -> Outcome:
    """Let a replica take over its shard: the one on `port`, or one of the master on `port`."""
    return await _alone("failover", promoting.failover(port, Phases(tell)))

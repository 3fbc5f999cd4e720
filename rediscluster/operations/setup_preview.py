"""The preview of a setup: the shape of the cluster, after all checks that need nothing written or started."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from rediscluster.errors import OperationInProgress
from rediscluster.nodes import manifest, node_files, operation_lock
from rediscluster.operations import setup_checks
from rediscluster.operations.result import Phases, Shard, few_masters_warning
from rediscluster.topology.plan import BUS_OFFSET, Plan
from system.lib.quantities import format_ports, pluralize


@dataclass(frozen=True, slots=True)
class PlannedCluster:
    """The shards as a setup would form them. Memory is in bytes."""

    shards: tuple[Shard, ...]
    ports: tuple[int, ...]
    bus_ports: Annotated[tuple[int, ...], "Of the cluster bus, which are checked too"]
    replicas: Annotated[int, "Per master"]
    failover: Annotated[bool, "A lost master would be replaced automatically"]
    max_memory: Annotated[int | None, "Bytes per node; null: no limit"]
    total_memory: Annotated[int | None, "Bytes of all nodes together; null: no limit"]
    persistence: str


@dataclass(frozen=True, slots=True)
class SetupPreview:
    """`changed` is always false."""

    success: bool
    message: str
    plan: PlannedCluster
    changed: bool
    warnings: tuple[str, ...]
    timestamp: datetime


async def preview_setup(plan: Plan) -> SetupPreview:
    """Writes and starts nothing, and takes no lock. Raises what a setup raises before it does; OperationInProgress
    while another operation runs."""
    await asyncio.to_thread(node_files.check_cluster_folder)
    running = await asyncio.to_thread(operation_lock.current_operation)
    if running:
        raise OperationInProgress(running)
    existing = await asyncio.to_thread(manifest.load)
    if existing and not setup_checks.is_leftover(existing):
        confirmed = await setup_checks.confirm_existing(existing, plan, Phases())
        return _make_preview(confirmed.message, plan, confirmed.warnings)
    leftover = await setup_checks.check_leftovers(existing) if existing else None
    program = await asyncio.to_thread(setup_checks.check_preconditions, plan, leftover)
    message = f"A setup would start {pluralize(plan.node_count, 'node')} on {format_ports(plan.ports)}: {plan}."
    warnings = (program.warning, few_masters_warning(plan))
    return _make_preview(message, plan, tuple(warning for warning in warnings if warning))


def _make_preview(message: str, plan: Plan, warnings: tuple[str, ...]) -> SetupPreview:
    return SetupPreview(True, message, describe_plan(plan), False, warnings, datetime.now(UTC))


def describe_plan(plan: Plan) -> PlannedCluster:
    """The shards in the order of their slots, as `cluster` of a setup's result lists them."""
    shards = tuple(
        Shard(
            (str(node.slots),), node.port, tuple(other.port for other in plan.nodes if other.master_port == node.port)
        )
        for node in plan.nodes
        if node.slots
    )
    limit = plan.max_memory_bytes or None
    return PlannedCluster(
        shards=shards,
        ports=plan.ports,
        bus_ports=tuple(port + BUS_OFFSET for port in plan.ports),
        replicas=plan.replicas,
        failover=plan.has_failover,
        max_memory=limit,
        total_memory=limit and limit * plan.node_count,
        persistence=plan.persistence,
    )

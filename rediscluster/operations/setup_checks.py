"""What setup checks before it writes or starts anything; its preview checks the same and ends there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from rediscluster.errors import ClusterExists, ClusterStopped, NodeUnreachable, NotOurs, RedisClusterError
from rediscluster.nodes import client, node_files, server, survey
from rediscluster.nodes.manifest import CLEANING, CREATING, FAILED, STOPPED, Manifest
from rediscluster.nodes.server import Program
from rediscluster.operations import form_cluster, result
from rediscluster.operations.result import OperationResult, Phases
from rediscluster.topology.plan import Plan
from system.lib.quantities import format_ports, pluralize


def is_leftover(existing: Manifest) -> bool:
    """Whether it is of a setup or clean that did not finish, which a setup clears."""
    return existing.state in (CREATING, FAILED, CLEANING)


async def confirm_existing(existing: Manifest, plan: Plan, phases: Phases) -> OperationResult:
    """The outcome when this same cluster is already running. Raises ClusterExists, ClusterStopped."""
    if existing.state == STOPPED:
        raise ClusterStopped(
            f"There is a stopped cluster: {existing.plan}, {pluralize(existing.keys, 'key')}. Resume it or clean it."
        )
    if existing.plan != plan:
        description = f"{existing.plan}, on {format_ports(existing.ports)}, persistence {existing.plan.persistence}"
        raise ClusterExists(f"There is another cluster: {description}. Clean it first; a cluster cannot be resized.")
    async with client.open_connections(existing.ports) as nodes:
        try:
            reports = await form_cluster.wait_until_ready(nodes, None, within_s=0, aftermath="Resume it.")
        except RedisClusterError as error:
            raise ClusterExists(f"This cluster exists, but does not work. {error}") from error
    message = f"This cluster is already running: {plan}."
    return result.make_outcome(message, plan, phases, reports=reports, changed=False)


async def check_leftovers(leftover: Manifest) -> Manifest:
    """The leftovers with the processes that are running now. Raises NotOurs, also if a setup's nodes hold keys."""
    await asyncio.to_thread(node_files.check_node_folders, leftover.ports)
    await asyncio.to_thread(node_files.check_node_contents, leftover.ports)
    leftover = await asyncio.to_thread(server.adopt_processes, leftover)
    if leftover.state != CLEANING:  # a clean was meant to delete the keys
        await _refuse_if_keys_exist([node.port for node in leftover.nodes if node.process])
    return leftover


async def _refuse_if_keys_exist(ports: Sequence[int]) -> None:
    async with client.open_connections(ports) as nodes:
        for port, node in nodes.items():
            with suppress(NodeUnreachable):
                if keys := await survey.count_keys(node):
                    raise NotOurs(
                        f"The node on {port}, left by a setup that did not finish, holds {pluralize(keys, 'key')}. "
                        "It was left alone; clean with confirm: true deletes them."
                    )


def check_preconditions(plan: Plan, leftover: Manifest | None = None) -> Program:
    """`leftover`: what a setup would clear first. Raises PortTaken, NotOurs, BinaryMissing, ServerTooOld."""
    cleared = leftover.ports if leftover else ()
    freed = [node.port for node in leftover.nodes if node.process] if leftover else []
    server.check_ports(tuple(port for port in plan.ports if port not in freed))
    node_files.check_node_folders(plan.ports)
    node_files.check_node_contents(plan.ports)
    node_files.check_no_foreign_data(tuple(port for port in plan.ports if port not in cleared))
    return server.find_program()

"""Setup: forms a cluster that accepts writes, after clearing the leftovers of an unfinished setup or clean."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from rediscluster.errors import ClusterExists, ClusterStopped, NodeUnreachable, NotOurs, RedisClusterError
from rediscluster.nodes import client, manifest, node_files, server, survey
from rediscluster.nodes.manifest import CLEANING, CREATING, FAILED, RUNNING, STOPPED, Manifest
from rediscluster.nodes.server import Program
from rediscluster.nodes.threads import run_to_end
from rediscluster.operations import form_cluster, result
from rediscluster.operations.result import OperationResult, Phases
from rediscluster.topology.plan import Plan
from rediscluster.topology.ready_conditions import NodeReport
from system.lib.quantities import format_ports, pluralize

INTERRUPTED = "it was interrupted, and undone."


async def setup_cluster(plan: Plan, phases: Phases) -> OperationResult:
    """See `cluster.setup`; the caller holds the lock."""
    with phases("check"):
        existing = await asyncio.to_thread(manifest.load)
        if existing and existing.state not in (CREATING, FAILED, CLEANING):
            return await _confirm_existing(existing, plan, phases)
        if existing:
            await _clear_leftovers(existing)
        program = await asyncio.to_thread(_check_preconditions, plan)
    cluster = manifest.new_manifest(plan, program.path, program.version)
    try:
        with phases("start"):
            await run_to_end(_write_files, cluster)
            cluster = await server.start_nodes(cluster, cluster.ports)
        async with server.explaining_exits(cluster):
            reports = await _form_and_verify(cluster, phases)
        await run_to_end(manifest.save, replace(cluster, state=RUNNING))
    except BaseException as error:
        is_cancelled = isinstance(error, asyncio.CancelledError)
        await _roll_back(cluster, INTERRUPTED if is_cancelled else str(error) or type(error).__name__)
        raise
    message = f"Set up {plan.node_count} nodes in {phases.seconds:.2f} s: {plan}."
    return result.make_outcome(message, plan, phases, reports=reports, warnings=[program.warning])


async def _confirm_existing(existing: Manifest, plan: Plan, phases: Phases) -> OperationResult:
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


async def _clear_leftovers(leftover: Manifest) -> None:
    """Removes the nodes and files of a setup or clean that did not finish. Raises NotOurs if a setup's nodes hold
    keys."""
    await asyncio.to_thread(node_files.check_node_folders, leftover.ports)
    await asyncio.to_thread(node_files.check_node_contents, leftover.ports)
    leftover = await asyncio.to_thread(server.adopt_processes, leftover)
    running = {node.port: node.process for node in leftover.nodes if node.process}
    if leftover.state != CLEANING:  # a clean was meant to delete the keys
        await _refuse_if_keys_exist(tuple(running))
    await asyncio.gather(*(server.kill_node(port, process) for port, process in running.items()))
    await run_to_end(node_files.delete_node_files, leftover.ports)
    await run_to_end(manifest.remove)


async def _refuse_if_keys_exist(ports: Sequence[int]) -> None:
    async with client.open_connections(ports) as nodes:
        for port, node in nodes.items():
            with suppress(NodeUnreachable):
                if keys := await survey.count_keys(node):
                    raise NotOurs(
                        f"The node on {port}, left by a setup that did not finish, holds {pluralize(keys, 'key')}. "
                        "It was left alone; clean with confirm: true deletes them."
                    )


def _check_preconditions(plan: Plan) -> Program:
    """Checked before anything is written or started. Raises PortTaken, NotOurs, BinaryMissing, ServerTooOld."""
    server.check_ports(plan.ports)
    node_files.check_node_folders(plan.ports)
    node_files.check_node_contents(plan.ports)
    node_files.check_no_foreign_data(plan.ports)
    return server.find_program()


def _write_files(cluster: Manifest) -> None:
    node_files.create_cluster_folder()
    manifest.save(cluster)
    server.prepare_folders(cluster, cluster.ports)


async def _form_and_verify(cluster: Manifest, phases: Phases) -> list[NodeReport]:
    async with client.open_connections(cluster.ports) as nodes:
        with phases("form"):
            await form_cluster.form_cluster(nodes, cluster.plan)
        with phases("ready"):
            reports = await form_cluster.wait_until_ready(
                nodes,
                cluster.plan,
                within_s=form_cluster.ready_timeout_s(cluster.plan.node_count),
                aftermath="All nodes were stopped again; their logs are kept.",
                cluster=cluster,
            )
        with phases("verify"):
            await form_cluster.probe_shards(nodes, reports)
            await form_cluster.restore_node_timeout(nodes)
    return reports


async def _roll_back(cluster: Manifest, reason: str) -> None:
    """Kills the nodes that this setup started; redis.conf and logs are kept for diagnosis."""
    with suppress(RedisClusterError, OSError):
        cluster = await asyncio.to_thread(server.adopt_processes, cluster)
        await asyncio.gather(*(server.kill_node(node.port, node.process) for node in cluster.nodes if node.process))
        await run_to_end(manifest.save, replace(cluster, state=FAILED, error=reason))

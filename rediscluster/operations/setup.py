"""Setup: forms a cluster that accepts writes, after clearing the leftovers of an unfinished setup or clean."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from rediscluster.errors import RedisClusterError
from rediscluster.nodes import client, manifest, node_files, server
from rediscluster.nodes.manifest import FAILED, RUNNING, Manifest
from rediscluster.nodes.threads import run_to_end
from rediscluster.operations import form_cluster, result, setup_checks
from rediscluster.operations.result import OperationResult, Phases
from rediscluster.topology.plan import Plan
from rediscluster.topology.ready_conditions import NodeReport

INTERRUPTED = "it was interrupted, and undone."


async def setup_cluster(plan: Plan, phases: Phases) -> OperationResult:
    """See `cluster.setup`; the caller holds the lock."""
    with phases("check"):
        existing = await asyncio.to_thread(manifest.load)
        if existing and not setup_checks.is_leftover(existing):
            return await setup_checks.confirm_existing(existing, plan, phases)
        if existing:
            await _clear_leftovers(existing)
        program = await asyncio.to_thread(setup_checks.check_preconditions, plan)
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


async def _clear_leftovers(leftover: Manifest) -> None:
    """Removes the nodes and files of a setup or clean that did not finish. Raises NotOurs if a setup's nodes hold
    keys."""
    leftover = await setup_checks.check_leftovers(leftover)
    running = [(node.port, node.process) for node in leftover.nodes if node.process]
    await asyncio.gather(*(server.kill_node(port, process) for port, process in running))
    await run_to_end(node_files.delete_node_files, leftover.ports)
    await run_to_end(manifest.remove)


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

"""Resume: restarts the nodes that are down, with their keys and their place in the cluster."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from rediscluster.errors import ClusterStopped, NodesConfUnreadable, RedisClusterError
from rediscluster.nodes import client, manifest, node_files, server
from rediscluster.nodes.gather import gather_all
from rediscluster.nodes.manifest import CLEANING, CREATING, FAILED, RESUMING, RUNNING, STOPPED, Manifest
from rediscluster.nodes.threads import run_to_end
from rediscluster.operations import failover, form_cluster, result
from rediscluster.operations.result import OperationResult, Phases
from rediscluster.operations.stop import load_own_cluster, sum_keys
from rediscluster.topology.ready_conditions import NodeReport
from system.lib.quantities import pluralize


async def resume_cluster(phases: Phases) -> OperationResult:
    """See `cluster.resume`; the caller holds the lock."""
    with phases("check"):
        cluster = await load_own_cluster()
        if cluster.state in (CREATING, FAILED, CLEANING):
            raise ClusterStopped(
                "A setup or clean of this cluster did not finish. Set the cluster up again, or clean it."
            )
        down = tuple(node.port for node in cluster.nodes if node.process is None)
        await asyncio.to_thread(_check_startable, down)
        for node in cluster.nodes:
            if node.process:
                server.continue_node(node.process)
    if down:
        cluster = await _start_down_nodes(cluster, down, phases)
    async with server.explaining_exits(cluster):
        reports, keys = await _wait_until_whole(cluster, phases)
    await run_to_end(manifest.save, replace(cluster, state=RUNNING, keys=keys, error=None))
    if not down:
        message = "All nodes are already running."
        return result.make_outcome(message, cluster.plan, phases, reports=reports, changed=False)
    resumed = f"node {down[0]}" if len(down) == 1 else f"{len(down)} nodes"
    message = f"Resumed {resumed} in {phases.seconds:.2f} s: {pluralize(keys, 'key')}."
    return result.make_outcome(message, cluster.plan, phases, reports=reports)


def _check_startable(down: tuple[int, ...]) -> None:
    """Raises NodesConfUnreadable, PortTaken, before any node is started."""
    for port in down:
        if not node_files.has_nodes_conf(port):
            advice = "Restore it, or clean the cluster and set it up again."
            raise NodesConfUnreadable(port, "its nodes.conf is missing or empty", [], advice)
    server.check_ports(down)


async def _start_down_nodes(cluster: Manifest, down: tuple[int, ...], phases: Phases) -> Manifest:
    previous_state = cluster.state
    await run_to_end(manifest.save, replace(cluster, state=RESUMING))
    alive = tuple(port for port in cluster.ports if port not in down)
    if alive:
        with phases("promote"):
            await failover.promote_replicas_of_lost_masters(alive, down)
    try:
        with phases("start"):
            cluster = await asyncio.to_thread(_with_installed_program, cluster)
            await run_to_end(server.prepare_folders, cluster, down)
            return await server.start_nodes(cluster, down)
    except BaseException as error:
        await _roll_back(cluster, down, previous_state if alive else STOPPED, str(error))
        raise


def _with_installed_program(cluster: Manifest) -> Manifest:
    """Uses the redis-server of the setup, or another one if that has been removed since. Raises BinaryMissing."""
    if Path(cluster.program).exists():
        return cluster
    program = server.find_program()
    return replace(cluster, program=str(program.path), executable=str(program.path.resolve()), version=program.version)


async def _roll_back(cluster: Manifest, down: tuple[int, ...], state: str, reason: str) -> None:
    """Stops the nodes that were started, saving the keys that they had loaded."""
    cluster = await asyncio.to_thread(server.adopt_processes, cluster)
    started = {node.port: node.process for node in cluster.nodes if node.process and node.port in down}
    async with client.open_connections(tuple(started)) as nodes:
        try:
            await gather_all(server.stop_node(nodes[port], process, save=True) for port, process in started.items())
        except RedisClusterError as error:
            reason = f"{reason} {error}"
    for port in down:
        cluster = cluster.with_process(port, None)
    await run_to_end(manifest.save, replace(cluster, state=state, error=reason))


async def _wait_until_whole(cluster: Manifest, phases: Phases) -> tuple[list[NodeReport], int]:
    """Waits for all nodes and verifies each shard; returns the reports and the number of keys."""
    async with client.open_connections(cluster.ports) as nodes:
        with phases("ready"):
            reports = await form_cluster.wait_until_ready(
                nodes,
                None,
                within_s=form_cluster.ready_timeout_s(len(nodes)),
                aftermath="The nodes are still running; check the status.",
                cluster=cluster,
            )
        with phases("verify"):
            await form_cluster.probe_shards(nodes, reports)
            masters = [report.port for report in reports if report.replication.get("role") == "master"]
            return reports, await sum_keys(nodes, masters)

"""Stop: saves keys to disk, then shuts down replicas before their masters."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from rediscluster.errors import ClusterAbsent, RedisClusterError
from rediscluster.nodes import client, manifest, node_files, server, survey
from rediscluster.nodes.client import NodeConnection
from rediscluster.nodes.gather import gather_all
from rediscluster.nodes.manifest import STOPPED, STOPPING, Manifest
from rediscluster.nodes.threads import run_to_end
from rediscluster.operations import result
from rediscluster.operations.result import OperationResult, Phases
from system.lib.quantities import pluralize

REPORT_TIMEOUT_S = 1.0


async def stop_cluster(discard: bool, phases: Phases) -> OperationResult:
    """See `cluster.stop`; the caller holds the lock."""
    with phases("check"):
        cluster = await load_own_cluster()
    running = tuple(node.port for node in cluster.nodes if node.process)
    if not running and cluster.state == STOPPED and not discard:
        return result.make_outcome("The cluster is already stopped.", cluster.plan, phases, changed=False)
    keys = await stop_nodes(cluster, phases, save=not discard)
    if discard:
        await run_to_end(node_files.delete_node_files, cluster.ports, data_only=True)
    unsaved = await run_to_end(manifest.save_if_possible, _as_stopped(cluster, keys))
    keys_text = "keys discarded" if discard else f"{pluralize(keys, 'key')} saved"
    message = f"Stopped {pluralize(len(running), 'node')} in {phases.seconds:.2f} s; {keys_text}."
    return result.make_outcome(message, cluster.plan, phases, warnings=[unsaved])


async def load_own_cluster() -> Manifest:
    """Our cluster, with the processes that are running now. Raises ClusterAbsent, NotOurs."""
    cluster = await asyncio.to_thread(manifest.load)
    if cluster is None:
        raise ClusterAbsent
    await asyncio.to_thread(node_files.check_node_folders, cluster.ports)
    return await asyncio.to_thread(server.adopt_processes, cluster)


async def stop_nodes(cluster: Manifest, phases: Phases, *, save: bool) -> int:
    """Stops all running nodes. Returns the number of keys saved, 0 without `save`. Raises SaveFailed."""
    running = {node.port: node.process for node in cluster.nodes if node.process}
    for process in running.values():
        server.continue_node(process)
    async with client.open_connections(tuple(running)) as nodes:
        reports = await survey.fetch_reports(nodes.values(), timeout_s=REPORT_TIMEOUT_S)
        replicas = [report.port for report in reports if report.replication.get("role") == "slave"]
        masters = [port for port in running if port not in replicas]
        keys = await sum_keys(nodes, masters)
        if not running or cluster.state == STOPPING:  # an earlier stop counted the keys of the nodes that it stopped
            keys = max(keys, cluster.keys)
        keys = keys if save else 0
        await run_to_end(manifest.save_if_possible, replace(cluster, state=STOPPING, keys=keys))
        for phase, group in (("replicas", replicas), ("masters", masters)):
            if group:
                with phases(phase):
                    await gather_all(server.stop_node(nodes[port], running[port], save=save) for port in group)
    return keys


async def sum_keys(nodes: dict[int, NodeConnection], ports: list[int]) -> int:
    """The number of keys on these ports; nodes that do not respond are skipped."""
    counts = await asyncio.gather(*(_count_keys(nodes[port]) for port in ports))
    return sum(counts)


async def _count_keys(node: NodeConnection) -> int:
    try:
        return await survey.count_keys(node)
    except RedisClusterError:
        return 0


def _as_stopped(cluster: Manifest, keys: int) -> Manifest:
    for port in cluster.ports:
        cluster = cluster.with_process(port, None)
    return replace(cluster, state=STOPPED, keys=keys, error=None)

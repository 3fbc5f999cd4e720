"""Clean: kills the nodes and deletes, in our folder, only the files that Redis and we write."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from rediscluster.errors import ClusterAbsent, KeysExist
from rediscluster.nodes import client, manifest, node_files, server, survey
from rediscluster.nodes.manifest import CLEANING, STOPPED, Manifest
from rediscluster.nodes.threads import run_to_end
from rediscluster.operations.result import Cleaned, Phases
from rediscluster.operations.stop import REPORT_TIMEOUT_S, load_own_cluster, sum_keys
from system.lib.quantities import first_few


async def clean_cluster(confirm: bool, phases: Phases) -> Cleaned:
    """See `cluster.clean`; the caller holds the lock."""
    try:
        with phases("check"):
            cluster = await load_own_cluster()
            await asyncio.to_thread(node_files.check_node_contents, cluster.ports)
    except ClusterAbsent:
        await run_to_end(node_files.remove_cluster_folder)  # of a clean that was killed after its last file
        return Cleaned(True, "There is nothing to clean.", (), (), datetime.now(UTC))
    if not confirm and cluster.state != CLEANING:  # an interrupted clean was already confirmed
        await _refuse_if_keys_exist(cluster)
    await run_to_end(manifest.save_if_possible, replace(cluster, state=CLEANING))
    with phases("stop"):
        await asyncio.gather(*(server.kill_node(node.port, node.process) for node in cluster.nodes if node.process))
    with phases("delete"):
        deletion = await run_to_end(node_files.delete_node_files, cluster.ports)
        await run_to_end(manifest.remove)
        entries = await run_to_end(node_files.remove_cluster_folder)
    left = (*deletion.left, *(name for name in entries if name not in map(str, cluster.ports)))
    message = f"Deleted the cluster: {len(cluster.ports)} nodes, {len(deletion.deleted)} files."
    if left:
        message += f" Left alone, because not ours: {first_few(left)}."
    return Cleaned(True, message, deletion.deleted, left, datetime.now(UTC))


async def _refuse_if_keys_exist(cluster: Manifest) -> None:
    """Raises KeysExist, also when there may be keys that cannot be counted."""
    running = tuple(node.port for node in cluster.nodes if node.process)
    async with client.open_connections(running) as nodes:
        reports = await survey.fetch_reports(nodes.values(), timeout_s=REPORT_TIMEOUT_S)
        masters = [report.port for report in reports if report.replication.get("role") == "master"]
        keys = await sum_keys(nodes, masters)
    silent_count = len(cluster.ports) - sum(report.view is not None for report in reports)
    if silent_count:
        keys = max(keys, cluster.keys)
    if keys:
        raise KeysExist(keys)
    if silent_count and cluster.state != STOPPED and await asyncio.to_thread(node_files.may_hold_keys, cluster):
        raise KeysExist(None)

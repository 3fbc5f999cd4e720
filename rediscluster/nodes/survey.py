"""Fetches every node's report on the cluster, from all nodes at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from rediscluster.errors import NodeUnreachable
from rediscluster.nodes import client
from rediscluster.nodes.client import NodeConnection
from rediscluster.topology import node_view
from rediscluster.topology.ready_conditions import NodeReport

REPORT_COMMANDS = (("CLUSTER", "NODES"), ("CLUSTER", "INFO"), ("INFO", "replication"))
REPLY_TIMEOUT_S = 0.5


async def fetch_report(node: NodeConnection, timeout_s: float = REPLY_TIMEOUT_S) -> NodeReport:
    """A report without a view for a node that does not respond, or rejects a command (it is not in cluster mode)."""
    try:
        nodes, cluster, replication = await node.execute_pipeline(REPORT_COMMANDS, timeout_s=timeout_s)
    except NodeUnreachable:
        return NodeReport(node.port, None, {}, {})
    if not (isinstance(nodes, str) and isinstance(cluster, str) and isinstance(replication, str)):
        return NodeReport(node.port, None, {}, {})
    view = node_view.parse_cluster_nodes(nodes)
    return NodeReport(node.port, view, client.parse_info(cluster), client.parse_info(replication))


async def fetch_reports(nodes: Iterable[NodeConnection], timeout_s: float = REPLY_TIMEOUT_S) -> list[NodeReport]:
    return list(await asyncio.gather(*(fetch_report(node, timeout_s) for node in nodes)))


async def count_keys(node: NodeConnection) -> int:
    """Raises NodeUnreachable, CommandRefused."""
    return int(await node.execute("DBSIZE"))

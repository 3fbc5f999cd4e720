"""Fetches every node's report on the cluster, from all nodes at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from rediscluster.errors import NodeUnreachable, ReplyNotUnderstood
from rediscluster.nodes.client import NodeConnection
from rediscluster.nodes.resp import ErrorReply, require_integer, require_text
from rediscluster.topology import node_view
from rediscluster.topology.info import parse_info
from rediscluster.topology.ready_conditions import NodeReport

REPORT_COMMANDS = (("CLUSTER", "NODES"), ("CLUSTER", "INFO"), ("INFO", "replication"))
REPLY_TIMEOUT_S = 0.5


async def fetch_report(node: NodeConnection, timeout_s: float = REPLY_TIMEOUT_S) -> NodeReport:
    """A report without a view for a node that does not respond, rejects a command (it is not in cluster mode) or
    replies in another way than Redis does."""
    try:
        replies = await node.execute_pipeline(REPORT_COMMANDS, timeout_s=timeout_s)
    except NodeUnreachable:
        return NodeReport(node.port, None, {}, {})
    if any(isinstance(reply, ErrorReply) for reply in replies):
        return NodeReport(node.port, None, {}, {})
    try:
        nodes, cluster, replication = map(require_text, REPORT_COMMANDS, replies)
        view = node_view.parse_cluster_nodes(nodes)
        return NodeReport(node.port, view, parse_info(cluster, "CLUSTER INFO"), parse_info(replication))
    except ReplyNotUnderstood as error:
        return NodeReport(node.port, None, {}, {}, error.reason)


async def fetch_reports(nodes: Iterable[NodeConnection], timeout_s: float = REPLY_TIMEOUT_S) -> list[NodeReport]:
    return list(await asyncio.gather(*(fetch_report(node, timeout_s) for node in nodes)))


async def count_keys(node: NodeConnection) -> int:
    """Raises NodeUnreachable, CommandRefused, ReplyNotUnderstood."""
    return require_integer(("DBSIZE",), await node.execute("DBSIZE"))

"""Turns the replies of one node to the commands of a sample into its reading. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rediscluster.errors import ReplyNotUnderstood
from rediscluster.nodes.resp import Command, ErrorReply, Reply, require_text
from rediscluster.status.node_stats import Reading
from rediscluster.topology import node_view
from rediscluster.topology.info import parse_info

INFO, CLUSTER_INFO, CLUSTER_NODES = ("INFO",), ("CLUSTER", "INFO"), ("CLUSTER", "NODES")


def add_replies(reading: Reading, replies: Mapping[Command, Reply]) -> Reading:
    """The reading with what can be understood of the replies; otherwise with the reason.

    A missing CLUSTER NODES leaves the view as it is. A server that is not in cluster mode refuses CLUSTER.
    """
    try:
        if isinstance(refusal := replies[INFO], ErrorReply):
            return replace(reading, reason=_describe_refusal(refusal), view=None)
        reading = replace(reading, info=parse_info(require_text(INFO, replies[INFO])))
        if CLUSTER_INFO in replies and not isinstance(cluster := replies[CLUSTER_INFO], ErrorReply):
            reading = replace(reading, cluster=parse_info(require_text(CLUSTER_INFO, cluster), "CLUSTER INFO"))
        if CLUSTER_NODES in replies and not isinstance(nodes := replies[CLUSTER_NODES], ErrorReply):
            reading = replace(reading, view=node_view.parse_cluster_nodes(require_text(CLUSTER_NODES, nodes)))
    except ReplyNotUnderstood as error:
        return replace(reading, reason=error.reason, view=None)
    return reading


def _describe_refusal(refusal: ErrorReply) -> str:
    return "it requires a password" if refusal.code == "NOAUTH" else refusal.text

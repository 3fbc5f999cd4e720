"""What every node says of the cluster at this moment, asked at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from rediscluster.errors import NodeUnreachable
from rediscluster.nodes import client
from rediscluster.nodes.client import Node
from rediscluster.topology import node_view
from rediscluster.topology.readiness import Account

QUESTIONS = (("CLUSTER", "NODES"), ("CLUSTER", "INFO"), ("INFO", "replication"))
ANSWER_S = 0.5


async def ask(node: Node, timeout_s: float = ANSWER_S) -> Account:
    """An account without a view for a node that does not answer, or that is no node of a cluster."""
    try:
        nodes, cluster, replication = await node.ask_all(QUESTIONS, timeout_s=timeout_s)
    except NodeUnreachable:
        return Account(node.port, None, {}, {})
    if not isinstance(nodes, str):
        return Account(node.port, None, {}, {})
    return Account(node.port, node_view.parse(nodes), client.fields(cluster), client.fields(replication))


async def ask_each(nodes: Iterable[Node], timeout_s: float = ANSWER_S) -> list[Account]:
    return list(await asyncio.gather(*(ask(node, timeout_s) for node in nodes)))


async def count_keys(node: Node) -> int:
    """Raises NodeUnreachable, CommandRefused."""
    return int(await node.ask("DBSIZE"))

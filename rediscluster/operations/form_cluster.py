"""Forms a cluster from single nodes: assigns slots, introduces nodes, attaches replicas, probes each shard."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from rediscluster.errors import CommandRefused, DiskFull, NodeUnreachable, NotOurs, NotReady, ProbeFailed
from rediscluster.nodes import client, redis_conf, resp, server, survey
from rediscluster.nodes.client import NodeConnection
from rediscluster.nodes.gather import gather_all
from rediscluster.nodes.manifest import Manifest
from rediscluster.nodes.resp import Command, ErrorReply, Reply
from rediscluster.topology import node_view, ready_conditions, slots
from rediscluster.topology.info import parse_info
from rediscluster.topology.node_view import ClusterView
from rediscluster.topology.plan import Plan, PlannedNode
from rediscluster.topology.ready_conditions import NodeReport

POLL_S = 0.03
MEET_INTERVAL_S = 0.5  # Redis forgets a handshake that is older than a second
TIMEOUT_SETTING, FORMING_TIMEOUT_MS = "cluster-node-timeout", 500
FULL_MESH_NODES = 12
READY_TIMEOUT_S, READY_TIMEOUT_PER_NODE_S = 15.0, 0.3
PROBE_PREFIX = "pm2site:probe:"
ADDRESS = client.HOST

Connections = Mapping[int, NodeConnection]


def ready_timeout_s(node_count: int) -> float:
    """How long a cluster of this size may take to become ready."""
    return READY_TIMEOUT_S + READY_TIMEOUT_PER_NODE_S * node_count


async def form_cluster(nodes: Connections, plan: Plan) -> None:
    """Joins empty nodes into one cluster, without waiting for it (`wait_until_ready`). Raises NotOurs for a node that
    is not empty.

    A master that gets its slots within 2 s of its start (CLUSTER_WRITABLE_DELAY) is writable at 2.0 s; a later one
    waits another cluster-node-timeout. Nodes ping each other after half that timeout, and pings carry the slot map:
    hence a short timeout while the cluster forms.
    """
    await gather_all(_assign_slots(nodes[planned.port], planned) for planned in plan.nodes)
    await gather_all(_meet(nodes[port], others) for port, others in _plan_meetings(plan.ports))


async def _assign_slots(node: NodeConnection, planned: PlannedNode) -> None:
    keys, info = await _execute_all(node, [("DBSIZE",), ("CLUSTER", "INFO")])
    known = parse_info(resp.require_text(("CLUSTER", "INFO"), info), "CLUSTER INFO").get("cluster_known_nodes")
    if keys or known != "1":
        raise NotOurs(f"The node on {node.port} is not empty: it holds {keys} keys and knows {known} nodes.")
    commands: list[Command] = [
        ("CLUSTER", "SET-CONFIG-EPOCH", planned.epoch),
        ("CONFIG", "SET", TIMEOUT_SETTING, FORMING_TIMEOUT_MS),
    ]
    if planned.slots:
        commands.append(("CLUSTER", "ADDSLOTSRANGE", planned.slots.first, planned.slots.last))
    await _execute_all(node, commands)


async def _execute_all(node: NodeConnection, commands: Sequence[Command]) -> list[Reply]:
    """The replies. Raises CommandRefused for the first that is an error."""
    replies = await node.execute_pipeline(commands)
    for reply, command in zip(replies, commands, strict=True):
        if isinstance(reply, ErrorReply):
            raise CommandRefused(node.port, resp.command_name(command), reply.text.rstrip("."))
    return replies


async def restore_node_timeout(nodes: Connections) -> None:
    """Sets cluster-node-timeout back to the value of redis.conf once the cluster is formed."""
    command = ("CONFIG", "SET", TIMEOUT_SETTING, redis_conf.NODE_TIMEOUT_MS)
    await gather_all(node.execute(*command) for node in nodes.values())


def _plan_meetings(ports: Sequence[int]) -> list[tuple[int, Sequence[int]]]:
    """For each node the nodes that it meets. Gossip alone would take seconds to introduce all of them."""
    if len(ports) <= FULL_MESH_NODES:
        return [(port, ports[index + 1 :]) for index, port in enumerate(ports)]
    return [(ports[0], ports[1:]), *((port, ports[:1]) for port in ports[1:])]


async def _meet(node: NodeConnection, others: Sequence[int]) -> None:
    if others:
        await node.execute_pipeline([("CLUSTER", "MEET", ADDRESS, port) for port in others])


async def wait_until_ready(
    nodes: Connections, plan: Plan | None, *, within_s: float, aftermath: str, cluster: Manifest | None = None
) -> list[NodeReport]:
    """Polls until all nodes are ready; with a `plan`, attaches replicas and repeats CLUSTER MEET. Raises NotReady.

    `cluster`: with its processes; the first that has exited ends the wait, with an error of `diagnosis`.
    `aftermath`: the sentence of NotReady on the state in which the cluster is left.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    meet_again_at = loop.time() + MEET_INTERVAL_S
    while True:
        reports = await survey.fetch_reports(nodes.values())
        unmet = ready_conditions.unmet_conditions(reports, len(nodes), plan)
        if not unmet:
            return reports
        if cluster:
            await server.check_alive(cluster, [report.port for report in reports if report.view is None])
        if loop.time() > deadline:
            raise NotReady(within_s, unmet[:5], aftermath)
        if plan:
            await _attach_replicas(nodes, plan, reports)
            if loop.time() > meet_again_at:
                meet_again_at = loop.time() + MEET_INTERVAL_S
                await gather_all(_meet(nodes[report.port], _unknown_ports(report, plan)) for report in reports)
        await asyncio.sleep(POLL_S)


def _unknown_ports(report: NodeReport, plan: Plan) -> list[int]:
    """The nodes that this node has not met yet."""
    if report.view is None:
        return []
    known = {member.port for member in report.view.members if "handshake" not in member.flags}
    return [port for port in plan.ports if port not in known]


async def _attach_replicas(nodes: Connections, plan: Plan, reports: Sequence[NodeReport]) -> None:
    views = {report.port: report.view for report in reports if report.view}
    commands = []
    for planned in plan.nodes:
        view = views.get(planned.port)
        if planned.master_port is None or view is None or not view.myself.is_master:
            continue
        master = view.by_port(planned.master_port)
        if master and "handshake" not in master.flags:
            commands.append(nodes[planned.port].execute_pipeline([("CLUSTER", "REPLICATE", master.id)]))
    # An error means that the replica does not know its master yet; the next round tries again.
    await asyncio.gather(*commands, return_exceptions=True)


async def probe_shards(nodes: Connections, reports: Sequence[NodeReport]) -> None:
    """Write, read back and delete one key in each shard of a ready cluster. Raises ProbeFailed, DiskFull."""
    view = agreed_view(reports)
    await gather_all(_probe_shard(nodes[master.port], master) for master in view.masters)


def agreed_view(reports: Sequence[NodeReport]) -> ClusterView:
    """The view shared by the nodes of a ready cluster."""
    return next(report.view for report in reports if report.view)


async def _probe_shard(node: NodeConnection, master: node_view.Member) -> None:
    key = slots.find_key_in(master.slots[0], PROBE_PREFIX)
    try:
        await node.execute("SET", key, master.id, "PX", 60_000)
        value = await node.execute("GET", key)
        await node.execute("DEL", key)
    except (CommandRefused, NodeUnreachable) as error:
        if "No space left on device" in error.reason:  # with an append-only file, each write goes to disk
            raise DiskFull(f"the node on {node.port} does not accept writes") from error
        raise ProbeFailed(node.port, error.reason) from error
    if value != master.id:
        raise ProbeFailed(node.port, f"it returned {value!r}")

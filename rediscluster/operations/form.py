"""From single nodes to one cluster: slots at once, everybody meets, replicas linked, a write in each shard."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from rediscluster.errors import CommandRefused, DiskFull, NodeUnreachable, NotOurs, NotReady, ProbeFailed
from rediscluster.nodes import client, redis_conf, survey
from rediscluster.nodes.client import Command, Node
from rediscluster.nodes.gather import all_of
from rediscluster.topology import node_view, readiness, slots
from rediscluster.topology.node_view import View
from rediscluster.topology.plan import Plan, PlannedNode
from rediscluster.topology.readiness import Account

POLL_S = 0.03
MEET_AGAIN_S = 0.5  # Redis forgets a handshake that is older than a second
TIMEOUT_SETTING, FORMING_TIMEOUT_MS = "cluster-node-timeout", 500
FULL_MESH_NODES = 12
READY_S, READY_PER_NODE_S = 15.0, 0.3
PROBE = "pm2site:probe:"
ADDRESS = client.HOST

Nodes = Mapping[int, Node]


def deadline_s(node_count: int) -> float:
    """How long a cluster of that size may take."""
    return READY_S + READY_PER_NODE_S * node_count


async def form(nodes: Nodes, plan: Plan) -> None:
    """Make fresh nodes one cluster; `until_ready` sees it through. Raises NotOurs for a node that is not fresh.

    A master that has its slots within 2 s of its start (CLUSTER_WRITABLE_DELAY) is writable at 2.0 s; a later one
    waits another cluster-node-timeout. Nodes ping each other when half that timeout has passed, and what a node knows
    of slots travels with the pings: hence a short one for a while.
    """
    await all_of(_assign(nodes[planned.port], planned) for planned in plan.nodes)
    await all_of(_meet(nodes[port], others) for port, others in _introductions(plan.ports))


async def _assign(node: Node, planned: PlannedNode) -> None:
    keys, told = await node.ask_all([("DBSIZE",), ("CLUSTER", "INFO")])
    known = client.fields(told).get("cluster_known_nodes")
    if keys or known != "1":
        raise NotOurs(f"The node on {node.port} is not fresh: it holds {keys} keys and knows {known} nodes.")
    commands: list[Command] = [
        ("CLUSTER", "SET-CONFIG-EPOCH", planned.epoch),
        ("CONFIG", "SET", TIMEOUT_SETTING, FORMING_TIMEOUT_MS),
    ]
    if planned.slots:
        commands.append(("CLUSTER", "ADDSLOTSRANGE", planned.slots.first, planned.slots.last))
    for reply, command in zip(await node.ask_all(commands), commands, strict=True):
        if client.is_refusal(reply):
            raise CommandRefused(node.port, f"{command[0]} {command[1]}", str(reply))


async def settle(nodes: Nodes) -> None:
    """The formed cluster pings and fails over at the pace that redis.conf says."""
    command = ("CONFIG", "SET", TIMEOUT_SETTING, redis_conf.NODE_TIMEOUT_MS)
    await all_of(node.ask(*command) for node in nodes.values())


def _introductions(ports: Sequence[int]) -> list[tuple[int, Sequence[int]]]:
    """Who meets whom. Gossip alone would need seconds to spread the names."""
    if len(ports) <= FULL_MESH_NODES:
        return [(port, ports[index + 1 :]) for index, port in enumerate(ports)]
    return [(ports[0], ports[1:]), *((port, ports[:1]) for port in ports[1:])]


async def _meet(node: Node, others: Sequence[int]) -> None:
    if others:
        await node.ask_all([("CLUSTER", "MEET", ADDRESS, port) for port in others])


async def until_ready(nodes: Nodes, plan: Plan | None, *, within_s: float, aftermath: str) -> list[Account]:
    """All nodes ready, asked again and again. With a `plan`, what is late is helped along. Raises NotReady."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + within_s
    meet_again = loop.time() + MEET_AGAIN_S
    while True:
        accounts = await survey.ask_each(nodes.values())
        waits_for = readiness.missing(accounts, len(nodes))
        if not waits_for:
            return accounts
        if loop.time() > ends:
            raise NotReady(within_s, waits_for[:5], aftermath)
        if plan:
            await _attach_replicas(nodes, plan, accounts)
            if loop.time() > meet_again:
                meet_again = loop.time() + MEET_AGAIN_S
                await all_of(_meet(nodes[each.port], _unknown_to(each, plan)) for each in accounts)
        await asyncio.sleep(POLL_S)


def _unknown_to(account: Account, plan: Plan) -> list[int]:
    if account.view is None:
        return []
    known = {each.port for each in account.view.members if "handshake" not in each.flags}
    return [port for port in plan.ports if port not in known]


async def _attach_replicas(nodes: Nodes, plan: Plan, accounts: Sequence[Account]) -> None:
    views = {account.port: account.view for account in accounts if account.view}
    todo = []
    for planned in plan.nodes:
        view = views.get(planned.port)
        if planned.master_port is None or view is None or not view.me.is_master:
            continue
        master = view.at(planned.master_port)
        if master and "handshake" not in master.flags:
            todo.append(nodes[planned.port].ask_all([("CLUSTER", "REPLICATE", master.id)]))
    # A refusal means that the replica has not heard of its master yet; the next round asks again.
    await asyncio.gather(*todo, return_exceptions=True)


async def probe(nodes: Nodes, accounts: Sequence[Account]) -> None:
    """Write, read back and delete one key in each shard of a ready cluster. Raises ProbeFailed, DiskFull."""
    view = view_of(accounts)
    await all_of(_probe(nodes[master.port], master) for master in view.masters)


def view_of(accounts: Sequence[Account]) -> View:
    """What the nodes of a ready cluster agree on."""
    return next(account.view for account in accounts if account.view)


async def _probe(node: Node, master: node_view.Member) -> None:
    key = slots.key_in(master.slots[0], PROBE)
    try:
        await node.ask("SET", key, master.id, "PX", 60_000)
        read = await node.ask("GET", key)
        await node.ask("DEL", key)
    except (CommandRefused, NodeUnreachable) as error:
        if "No space left on device" in error.reason:  # with an append-only file, each write goes to the disk
            raise DiskFull(f"the node on {node.port} takes no writes") from error
        raise ProbeFailed(node.port, error.reason) from error
    if read != master.id:
        raise ProbeFailed(node.port, f"{read!r} came back")

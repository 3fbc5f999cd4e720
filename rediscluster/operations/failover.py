"""Replicas that take over: by request, or before a lost master comes back empty."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rediscluster.errors import CommandRefused, FailoverRefused, UnknownNode
from rediscluster.nodes import client, redis_conf, survey
from rediscluster.nodes.client import Node
from rediscluster.operations import form, result
from rediscluster.operations.result import Outcome, Phases
from rediscluster.operations.stop import ours
from rediscluster.topology.readiness import Account

POLL_S = 0.05
PROMOTED_S = 10.0
# A master counts as failed after one to one and a half timeouts; the vote takes up to a second and a half more.
ELECTION_S = 1.5 * redis_conf.NODE_TIMEOUT_MS / 1000 + 2.5


async def failover(port: int, phases: Phases) -> Outcome:
    """See `cluster.failover`; the caller holds the lock."""
    with phases("check"):
        made = await ours()
        if port not in made.ports:
            raise UnknownNode(port, made.ports)
    async with client.connected([each.port for each in made.nodes if each.process]) as nodes:
        accounts = [each for each in await survey.ask_each(nodes.values()) if each.view]
        replica, master_is_down = _chosen(port, accounts)
        with phases("promote"):
            await _promote(nodes[replica], "FORCE" if master_is_down else None)
        if master_is_down:
            return result.done(f"{replica} has taken over its shard. Resume starts the lost node.", made.plan, phases)
        with phases("ready"):
            accounts = await form.until_ready(
                nodes, None, within_s=PROMOTED_S, aftermath="The nodes go on running; look at the status."
            )
    said = f"{replica} has taken over its shard in {phases.seconds:.2f} s."
    return result.done(said, made.plan, phases, accounts=accounts)


def _chosen(port: int, accounts: Sequence[Account]) -> tuple[int, bool]:
    """The replica to promote, and whether its master is down. Raises FailoverRefused."""
    view = form.view_of(accounts) if accounts else None
    member = view.at(port) if view else None
    if view is None or member is None:
        raise FailoverRefused("No node of the cluster answers. Resume it first.")
    alive = {each.port for each in accounts}
    candidates = [member] if member.master_id else [each for each in view.replicas_of(member) if each.port in alive]
    if not candidates or candidates[0].port not in alive:
        raise FailoverRefused(f"The shard of {port} has no replica that could take over.")
    master = view.named(candidates[0].master_id)
    return candidates[0].port, master is None or master.port not in alive


async def _promote(node: Node, how: str | None) -> None:
    try:
        await node.ask("CLUSTER", "FAILOVER", *([how] if how else []))
    except CommandRefused as error:
        raise FailoverRefused(f"{node.port} cannot take over: {error.reason}.") from error
    ends = asyncio.get_running_loop().time() + PROMOTED_S
    while (await survey.ask(node)).replication.get("role") != "master":
        if asyncio.get_running_loop().time() > ends:
            raise FailoverRefused(f"{node.port} did not become master within {PROMOTED_S:g} s; the shard is as before.")
        await asyncio.sleep(POLL_S)


async def secure_shards(alive: Sequence[int], down: Sequence[int]) -> None:
    """Promote the live replicas of masters that are down, before those are started.

    A master that saved nothing comes back empty, and its replicas would follow it there. With a majority of masters
    the election happens by itself; without one, one replica of each lost shard is told to take over.
    """
    async with client.connected(alive) as nodes:
        ends = asyncio.get_running_loop().time() + ELECTION_S
        while orphans := _orphans(await survey.ask_each(nodes.values()), down):
            if asyncio.get_running_loop().time() > ends:
                for port in orphans:
                    await _promote(nodes[port], "TAKEOVER")
                return
            await asyncio.sleep(POLL_S)


def _orphans(accounts: Sequence[Account], down: Sequence[int]) -> list[int]:
    """One live replica for each master that is down and still counts as the master of its shard."""
    found: dict[str, int] = {}
    for account in accounts:
        master = account.view.named(account.view.me.master_id) if account.view else None
        if master and master.port in down:
            found.setdefault(master.id, account.port)
    return list(found.values())

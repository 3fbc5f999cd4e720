"""Promotes replicas: on request, or before a lost master restarts without its keys."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rediscluster.errors import CommandRefused, FailoverRefused, UnknownNode
from rediscluster.nodes import client, redis_conf, survey
from rediscluster.nodes.client import NodeConnection
from rediscluster.operations import form_cluster, result
from rediscluster.operations.result import OperationResult, Phases
from rediscluster.operations.stop import load_own_cluster
from rediscluster.topology.ready_conditions import NodeReport

POLL_S = 0.05
PROMOTION_TIMEOUT_S = 10.0
# A master is marked as failed after 1 to 1.5 node timeouts; the election takes up to 1.5 s more.
ELECTION_TIMEOUT_S = 1.5 * redis_conf.NODE_TIMEOUT_MS / 1000 + 2.5


async def fail_over_shard(port: int, phases: Phases) -> OperationResult:
    """See `cluster.failover`; the caller holds the lock."""
    with phases("check"):
        cluster = await load_own_cluster()
        if port not in cluster.ports:
            raise UnknownNode(port, cluster.ports)
    async with client.open_connections([node.port for node in cluster.nodes if node.process]) as nodes:
        reports = [report for report in await survey.fetch_reports(nodes.values()) if report.view]
        replica, master_is_down = _select_replica(port, reports)
        with phases("promote"):
            await _promote(nodes[replica], "FORCE" if master_is_down else None)
        if master_is_down:
            message = f"{replica} has taken over its shard. Resume starts the lost node."
            return result.make_outcome(message, cluster.plan, phases)
        with phases("ready"):
            reports = await form_cluster.wait_until_ready(
                nodes, None, within_s=PROMOTION_TIMEOUT_S, aftermath="The nodes are still running; check the status."
            )
    message = f"{replica} has taken over its shard in {phases.seconds:.2f} s."
    return result.make_outcome(message, cluster.plan, phases, reports=reports)


def _select_replica(port: int, reports: Sequence[NodeReport]) -> tuple[int, bool]:
    """The replica to promote, and whether its master is down. Raises FailoverRefused."""
    if not reports:
        raise FailoverRefused("No node of the cluster responds. Resume it first.")
    # A node that came back without the cluster map has a view of its own.
    views = sorted((report.view for report in reports if report.view), key=lambda view: -len(view.members))
    known = next(((view, member) for view in views if (member := view.by_port(port))), None)
    if known is None:
        raise FailoverRefused(f"The nodes that respond do not know a node on {port}. Resume it first.")
    view, member = known
    alive = {report.port for report in reports}
    candidates = (
        [member] if member.master_id else [replica for replica in view.replicas_of(member) if replica.port in alive]
    )
    if not candidates or candidates[0].port not in alive:
        raise FailoverRefused(f"The shard of {port} has no replica that could take over.")
    master = view.by_id(candidates[0].master_id)
    return candidates[0].port, master is None or master.port not in alive


async def _promote(node: NodeConnection, option: str | None) -> None:
    """CLUSTER FAILOVER, optionally with FORCE or TAKEOVER. Raises FailoverRefused."""
    try:
        await node.execute("CLUSTER", "FAILOVER", *([option] if option else []))
    except CommandRefused as error:
        raise FailoverRefused(f"{node.port} cannot take over: {error.reason}.") from error
    deadline = asyncio.get_running_loop().time() + PROMOTION_TIMEOUT_S
    while (await survey.fetch_report(node)).replication.get("role") != "master":
        if asyncio.get_running_loop().time() > deadline:
            raise FailoverRefused(
                f"{node.port} did not become master within {PROMOTION_TIMEOUT_S:g} s; the shard is unchanged."
            )
        await asyncio.sleep(POLL_S)


async def promote_replicas_of_lost_masters(alive: Sequence[int], down: Sequence[int]) -> None:
    """Promotes the live replicas of masters that are down, before those masters are restarted.

    A master that saved nothing restarts empty, and its replicas would resync to the empty data set. With a majority of
    masters the election happens by itself; otherwise one replica of each lost shard gets CLUSTER FAILOVER TAKEOVER.
    """
    async with client.open_connections(alive) as nodes:
        deadline = asyncio.get_running_loop().time() + ELECTION_TIMEOUT_S
        while orphans := _orphaned_replicas(await survey.fetch_reports(nodes.values()), down):
            if asyncio.get_running_loop().time() > deadline:
                for port in orphans:
                    await _promote(nodes[port], "TAKEOVER")
                return
            await asyncio.sleep(POLL_S)


def _orphaned_replicas(reports: Sequence[NodeReport], down: Sequence[int]) -> list[int]:
    """One live replica for each master that is down and still recorded as master of its shard."""
    replica_by_master: dict[str, int] = {}
    for report in reports:
        master = report.view.by_id(report.view.myself.master_id) if report.view else None
        if master and master.port in down:
            replica_by_master.setdefault(master.id, report.port)
    return list(replica_by_master.values())

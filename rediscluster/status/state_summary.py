"""Decides the state of the cluster, `running`, `degraded` and so on, and says why and what to do next. [pure]

Redis's own state, `ok` or `fail`, comes from `cluster_stats` as `RedisStats.cluster.state`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from rediscluster.errors import ManifestUnreadable
from rediscluster.status.cluster_stats import RedisStats
from rediscluster.status.node_stats import OTHER, OURS, UP, NodeStats
from rediscluster.topology.open_slots import OpenSlot
from system.lib import installation
from system.lib.quantities import first_few, format_ports, pluralize

ABSENT, CREATING, RUNNING, DEGRADED, STOPPED, FAILED = (
    "absent", "creating", "running", "degraded", "stopped", "failed",
)  # fmt: skip
SET_UP = f"Set one up: POST /api/redis/setup, or: {installation.COMMAND} rediscluster setup -n 6."
RESUME = f"Resume it: POST /api/redis/resume, or: {installation.COMMAND} rediscluster resume."
RESUME_OR_CLEAN = RESUME + " Clean it if it is no longer needed."
SET_UP_AGAIN = "Set it up again; its leftovers are removed first. Or clean it."
SET_UP_ANEW = "Restore its nodes.conf, stop and resume the cluster. Or clean it and set it up again."
NOT_OURS = "Frameworks use it. It is shown but never changed; set REDIS_BASE_PORT to set up another one next to it."
IN_THE_WAY = "Stop it, or set REDIS_BASE_PORT to set up a cluster on other ports."
WAIT = "Wait until it has finished."


@dataclass(frozen=True, slots=True)
class ManifestSummary:
    """The manifest without processes and paths."""

    cluster_id: str
    state: str
    node_count: int
    replicas: int
    base_port: int
    max_memory_bytes: int
    persistence: str
    version: Annotated[str, "Of redis-server"]
    keys: Annotated[int, "When it was stopped"]
    error: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """`GET /api/redis/status` on the wire. `running`: all slots are served, though nodes may be missing (see `message`
    and `next_step`); `degraded`: some are not, or a foreign Redis is on a port of ours. `operation`: the one in
    progress."""

    state: Annotated[str, ("absent", "creating", "running", "degraded", "stopped", "failed")]
    owner: Annotated[str | None, ("ours", "other")]
    message: str
    next_step: str
    operation: Annotated[str | None, "The operation in progress"]
    manifest: ManifestSummary | None
    warnings: tuple[str, ...]
    timestamp: datetime


def summarize(
    manifest: ManifestSummary | None, stats: RedisStats, operation: str | None, warnings: Sequence[str] = ()
) -> Status:
    """Decides the status from the manifest, the nodes, and the operation in progress."""
    own_nodes = [node for node in stats.stats if node.owner == OURS]
    if operation == "setup":
        state, message, next_step = CREATING, "The cluster is being set up.", WAIT
    elif manifest is None:
        state, message, next_step = _decide_foreign_state(stats)
    else:
        state, message, next_step = _decide_own_state(manifest, own_nodes, stats)
        if operation:
            message, next_step = f"{message} {operation.capitalize()} is in progress.", WAIT
    owner = OURS if manifest else stats.cluster.owner
    warned = (*warnings, *_warn_of_open_slots(stats.cluster.open_slots))
    return Status(state, owner, message, next_step, operation, manifest, warned, stats.timestamp)


def summarize_unreadable(error: ManifestUnreadable, stats: RedisStats, operation: str | None) -> Status:
    """The status while cluster.json cannot be read: whether there is a cluster of ours is not known."""
    owner = stats.cluster.owner
    return Status(FAILED, owner, error.problem, error.advice, operation, None, (), stats.timestamp)


def _warn_of_open_slots(open_slots: Sequence[OpenSlot]) -> tuple[str, ...]:
    if not open_slots:
        return ()
    count, some = pluralize(len(open_slots), "open slot"), first_few(list(map(str, open_slots)))
    return (f"{count}: {some}. If no reshard is running: redis-cli --cluster fix {_with_host(open_slots[0].source)}.",)


def _with_host(address: str) -> str:
    return f"127.0.0.1:{address}" if address.isdecimal() else address


def _decide_foreign_state(stats: RedisStats) -> tuple[str, str, str]:
    foreign = [node for node in stats.stats if node.owner == OTHER]
    if not foreign:
        return ABSENT, "There is no cluster.", SET_UP
    kind = "Redis Cluster" if stats.cluster.shards else "Redis server"
    unreadable = [_describe_unreadable(node) for node in foreign if node.reason]
    if readable := [node.port for node in foreign if not node.reason]:
        is_working = stats.cluster.state == "ok"
        verdict = "is working" if is_working else "does not accept all keys"
        message = f"A {kind} on {format_ports(readable)} that this server did not start {verdict}."
        return RUNNING if is_working else DEGRADED, " ".join([message, *unreadable]), NOT_OURS
    return DEGRADED, " ".join(unreadable), IN_THE_WAY


def _describe_unreadable(node: NodeStats) -> str:
    reason = (node.reason or "").rstrip(".")
    if reason.startswith("not understood"):
        return f"The program on {node.port} is {reason}."
    return f"A Redis server on {node.port} that this server did not start cannot be inspected: {reason}."


def _decide_own_state(
    manifest: ManifestSummary, own_nodes: Sequence[NodeStats], stats: RedisStats
) -> tuple[str, str, str]:
    if manifest.state in ("creating", "failed"):
        reason = f"The setup failed: {manifest.error}" if manifest.error else "The setup did not finish."
        return FAILED, reason, SET_UP_AGAIN
    if manifest.state == "cleaning":
        return FAILED, "A clean of the cluster did not finish.", "Clean it again."
    up = [node for node in own_nodes if node.state == UP]
    if manifest.state == "stopped" and not up:
        return STOPPED, f"The cluster is stopped; it holds {pluralize(manifest.keys, 'key')}.", RESUME_OR_CLEAN
    if not up:
        return (
            STOPPED,
            "No node is running, though none was stopped. The machine may have restarted.",
            RESUME_OR_CLEAN,
        )
    problems, next_step = _problems(manifest, own_nodes, stats)
    if problems:
        is_serving = stats.cluster.state == "ok" and not _foreign_nodes(manifest, stats)
        return RUNNING if is_serving else DEGRADED, f"{problems[0].upper()}{problems[1:]}.", next_step
    keys = pluralize(stats.cluster.keys or 0, "key")
    message = f"The cluster is working: {len(up)} of {manifest.node_count} nodes, {keys}."
    if stats.cluster.agreement is False:
        message += " The nodes do not agree on the map yet."
    return RUNNING, message, _advice_when_running(manifest)


def _problems(manifest: ManifestSummary, own_nodes: Sequence[NodeStats], stats: RedisStats) -> tuple[str, str]:
    """The problems and the next step; both empty for a healthy cluster."""
    not_up = [node for node in own_nodes if node.state != UP]
    foreign = _foreign_nodes(manifest, stats)
    alone = [node for node in own_nodes if node.known_nodes == 1 and manifest.node_count > 1]
    if not not_up and not foreign and not alone and stats.cluster.state == "ok":
        return "", ""
    problems = [f"node {node.port} is {node.state} ({node.reason})" for node in not_up]
    problems += [f"node {node.port} came back without the cluster map" for node in alone]
    problems += [f"{_describe_foreign(node)} was not started by this server" for node in foreign]
    if stats.cluster.lost:
        problems.append(f"slots {', '.join(stats.cluster.lost)} have no master, and their keys are unavailable")
    elif stats.cluster.state == "ok":
        problems.append("all slots are served")
    else:
        problems.append("the nodes report cluster_state:fail")
    if foreign:
        next_step = f"Stop the other Redis on {format_ports([node.port for node in foreign])}. Then: {RESUME}"
    elif alone and not not_up:
        next_step = SET_UP_ANEW
    else:
        next_step = RESUME if not_up else "Wait a few seconds; nodes are joining."
    return "; ".join(problems), next_step


def _describe_foreign(node: NodeStats) -> str:
    if node.pid:
        return f"a Redis on {node.port} (pid {node.pid})"
    return f"the program on {node.port}{f' ({node.reason})' if node.reason else ''}"


def _foreign_nodes(manifest: ManifestSummary, stats: RedisStats) -> list[NodeStats]:
    """Foreign nodes on the ports of our nodes."""
    own_ports = range(manifest.base_port, manifest.base_port + manifest.node_count)
    return [node for node in stats.stats if node.owner == OTHER and node.port in own_ports]


def _advice_when_running(manifest: ManifestSummary) -> str:
    masters = manifest.node_count // (1 + manifest.replicas)
    if masters < 3:
        return f"Nothing to do. With {pluralize(masters, 'master')} there is no automatic failover."
    if not manifest.replicas:
        return "Nothing to do. Without replicas, the keys of a lost master are lost."
    return "Nothing to do."

"""The state of the cluster in one word, one sentence, and the next step. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rediscluster.status.cluster_stats import Stats
from rediscluster.status.node_stats import OTHER, OURS, UP, Node
from system.lib.quantities import ports, several

ABSENT, CREATING, RUNNING, DEGRADED, STOPPED, FAILED = (
    "absent", "creating", "running", "degraded", "stopped", "failed",
)  # fmt: skip
SET_UP = "Set one up: POST /api/redis/setup, or: manage.py rediscluster setup -n 6."
RESUME = "Resume it: POST /api/redis/resume, or: manage.py rediscluster resume."
RESUME_OR_CLEAN = RESUME + " Clean it, if it is not needed any more."
SET_UP_AGAIN = "Set it up again; what is left of it is cleared away first. Or clean it."
NOT_OURS = "Frameworks use it. It is shown and never acted upon; set REDIS_BASE_PORT to make one beside it."
WAIT = "Wait until it is done."


@dataclass(frozen=True, slots=True)
class Record:
    """What the manifest says, without processes and paths."""

    cluster_id: str
    state: str
    node_count: int
    replicas: int
    base_port: int
    max_memory_bytes: int
    persistence: str
    version: str
    keys: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """The wire's `GET /api/redis/status`. `running`: all slots are served, though nodes may be missing, which `message`
    and `next_step` say; `degraded`: some are not, or somebody else stands in a node's place. `operation`: what is
    under way just now."""

    state: str
    owner: str | None
    message: str
    next_step: str
    operation: str | None
    manifest: Record | None
    warnings: tuple[str, ...]
    timestamp: datetime


def assess(record: Record | None, stats: Stats, operation: str | None, warnings: Sequence[str] = ()) -> Status:
    """From what was made, what answers, and what is under way."""
    ours = [node for node in stats.stats if node.owner == OURS]
    if operation == "setup":
        state, message, next_step = CREATING, "The cluster is being set up.", WAIT
    elif record is None:
        state, message, next_step = _of_others(stats)
    else:
        state, message, next_step = _of_ours(record, ours, stats)
        if operation:
            message, next_step = f"{message} {operation.capitalize()} is under way.", WAIT
    owner = OURS if record else stats.cluster.owner
    return Status(state, owner, message, next_step, operation, record, tuple(warnings), stats.timestamp)


def _of_others(stats: Stats) -> tuple[str, str, str]:
    there = [node.port for node in stats.stats if node.owner == OTHER]
    if not there:
        return ABSENT, "There is no cluster.", SET_UP
    kind = "A Redis Cluster" if stats.cluster.shards else "A Redis server"
    kind = f"{kind} that this server did not start"
    if stats.cluster.state == "ok":
        return RUNNING, f"{kind} works on {ports(there)}.", NOT_OURS
    if closed := next((node for node in stats.stats if node.state == UP and node.reason), None):
        return DEGRADED, f"{kind} cannot be looked into on {ports(there)}: {closed.reason}", NOT_OURS
    return DEGRADED, f"{kind} does not take all keys on {ports(there)}.", NOT_OURS


def _of_ours(record: Record, ours: Sequence[Node], stats: Stats) -> tuple[str, str, str]:
    if record.state in ("creating", "failed"):
        why = f"The setup failed: {record.error}" if record.error else "The setup did not come to its end."
        return FAILED, why, SET_UP_AGAIN
    if record.state == "cleaning":
        return FAILED, "A clean of the cluster did not come to its end.", "Clean it again."
    up = [node for node in ours if node.state == UP]
    if record.state == "stopped" and not up:
        return STOPPED, f"The cluster is stopped; it holds {several(record.keys, 'key')}.", RESUME_OR_CLEAN
    if not up:
        return STOPPED, "No node runs, though none was stopped here. Perhaps the machine restarted.", RESUME_OR_CLEAN
    wrong, next_step = _whats_wrong(record, ours, stats)
    if wrong:
        serves = stats.cluster.state == "ok" and not _foreigners(record, stats)
        return RUNNING if serves else DEGRADED, f"{wrong[0].upper()}{wrong[1:]}.", next_step
    works = f"The cluster works: {len(up)} of {record.node_count} nodes, {several(stats.cluster.keys or 0, 'key')}."
    agree = "" if stats.cluster.agreement is not False else " The nodes do not agree on the map yet."
    return RUNNING, works + agree, _when_running(record)


def _whats_wrong(record: Record, ours: Sequence[Node], stats: Stats) -> tuple[str, str]:
    """What is amiss, and what helps; both empty for a cluster that is whole."""
    silent = [node for node in ours if node.state != UP]
    taken = _foreigners(record, stats)
    if not silent and not taken and stats.cluster.state == "ok":
        return "", ""
    said = [f"node {node.port} is {node.state} ({node.reason})" for node in silent]
    said += [f"on {node.port} runs a Redis (pid {node.pid}) that this server did not start" for node in taken]
    if stats.cluster.lost:
        said.append(f"slots {', '.join(stats.cluster.lost)} have no master, and their keys cannot be reached")
    elif stats.cluster.state == "ok":
        said.append("all slots are served")
    else:
        said.append("the nodes say cluster_state:fail")
    if taken:
        return "; ".join(said), f"Stop the other Redis on {ports([node.port for node in taken])}. Then: {RESUME}"
    return "; ".join(said), RESUME if silent else "Wait a few seconds; nodes are joining."


def _foreigners(record: Record, stats: Stats) -> list[Node]:
    """What listens in the places of our nodes, and is not ours."""
    places = range(record.base_port, record.base_port + record.node_count)
    return [node for node in stats.stats if node.owner == OTHER and node.port in places]


def _when_running(record: Record) -> str:
    masters = record.node_count // (1 + record.replicas)
    if masters < 3:
        return f"Nothing to do. With {several(masters, 'master')} there is no automatic failover."
    if not record.replicas:
        return "Nothing to do. Without replicas, a lost master takes its keys along."
    return "Nothing to do."

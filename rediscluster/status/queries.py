"""Queries: the cluster's status and nodes, one node's INFO and slow log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rediscluster.errors import ManifestUnreadable, NotOurs, ReplyNotUnderstood, UnknownNode
from rediscluster.nodes import client, manifest, node_files, operation_lock, resp
from rediscluster.nodes.manifest import Manifest
from rediscluster.nodes.resp import Command, Reply
from rediscluster.status import cluster_sampler, state_summary
from rediscluster.status.cluster_stats import RedisStats
from rediscluster.status.node_stats import NodeStats
from rediscluster.status.state_summary import ManifestSummary, Status
from rediscluster.topology.info import parse_integer, parse_sections

MAX_COMMAND_LENGTH = 500
LAST_SECOND = 253_402_300_799  # of the year 9999
LOW_DISK_BYTES = 200 * 2**20


@dataclass(frozen=True, slots=True)
class NodeList:
    """`GET /api/redis/nodes` on the wire: the ports, and the statistics of each node."""

    nodes: tuple[int, ...]
    count: int
    details: tuple[NodeStats, ...]
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """A node's INFO: section → name → value."""

    port: int
    sections: dict[str, dict[str, str]]
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class SlowCommand:
    """An entry of the slow log. `command` includes its arguments, cut at `MAX_COMMAND_LENGTH` characters."""

    id: int
    at: datetime
    duration_ms: float
    command: str
    client: str
    client_name: str


@dataclass(frozen=True, slots=True)
class SlowLog:
    """Newest first. `threshold_ms`: slower commands are logged."""

    port: int
    entries: tuple[SlowCommand, ...]
    threshold_ms: float | None
    timestamp: datetime


async def fetch_nodes() -> NodeList:
    """Our nodes, including stopped ones, and foreign nodes in our port range."""
    stats = await cluster_sampler.sample()
    return NodeList(tuple(node.port for node in stats.stats), len(stats.stats), stats.stats, stats.timestamp)


async def fetch_status() -> Status:
    """The cluster's state, from the manifest and a sample."""
    stats = await cluster_sampler.sample()
    return await asyncio.to_thread(_make_status, stats)


def _make_status(stats: RedisStats) -> Status:
    operation = operation_lock.current_operation()
    try:
        cluster = manifest.load()
    except ManifestUnreadable as error:
        return state_summary.summarize_unreadable(error, stats, operation)
    return state_summary.summarize(
        _summarize_manifest(cluster) if cluster else None, stats, operation, _warnings(cluster)
    )


def _warnings(cluster: Manifest | None) -> list[str]:
    warnings = []
    try:
        node_files.check_cluster_folder()
    except NotOurs as error:
        warnings.append(str(error))
    if cluster and (free_bytes := node_files.free_disk_bytes()) < LOW_DISK_BYTES:
        warnings.append(f"{free_bytes / 2**20:,.0f} MB left on disk: a node that cannot write its nodes.conf exits.")
    return warnings


def _summarize_manifest(cluster: Manifest) -> ManifestSummary:
    plan = cluster.plan
    return ManifestSummary(
        cluster.cluster_id, cluster.state, plan.node_count, plan.replicas, plan.base_port, plan.max_memory_bytes,
        plan.persistence, cluster.version, cluster.keys, cluster.error,
    )  # fmt: skip


async def fetch_node_info(port: int) -> NodeInfo:
    """Raises UnknownNode, NodeUnreachable, ReplyNotUnderstood."""
    [text] = await _execute(port, ("INFO", "everything"))
    return NodeInfo(port, parse_sections(resp.require_text(("INFO",), text)), datetime.now(UTC))


async def fetch_slow_log(port: int, limit: int) -> SlowLog:
    """Raises UnknownNode, NodeUnreachable, ReplyNotUnderstood."""
    entries, setting = await _execute(port, ("SLOWLOG", "GET", limit), ("CONFIG", "GET", "slowlog-log-slower-than"))
    if not isinstance(entries, list):
        raise ReplyNotUnderstood("SLOWLOG GET", entries)
    return SlowLog(port, tuple(map(_parse_slow_command, entries)), _parse_threshold(setting), datetime.now(UTC))


def _parse_threshold(setting: Reply) -> float | None:
    """Milliseconds, from `slowlog-log-slower-than` in microseconds."""
    text = setting[1] if isinstance(setting, list) and len(setting) == 2 else None
    threshold_us = parse_integer(text) if isinstance(text, str) else None
    return None if threshold_us is None else threshold_us / 1000


async def _execute(port: int, *commands: Command) -> Sequence[Reply]:
    known_ports = [node.port for node in (await cluster_sampler.sample()).stats]
    if port not in known_ports:
        raise UnknownNode(port, known_ports)
    async with client.open_connections([port]) as nodes:
        return [await nodes[port].execute(*command) for command in commands]


def _parse_slow_command(entry: Reply) -> SlowCommand:
    match entry:
        case [int(entry_id), int(at_s), int(duration_us), list(words), *rest] if 0 <= at_s <= LAST_SECOND:
            address, name = (*map(str, rest), "", "")[:2]
        case _:
            raise ReplyNotUnderstood("SLOWLOG GET", entry)
    command = " ".join(map(str, words))
    if len(command) > MAX_COMMAND_LENGTH:
        command = command[: MAX_COMMAND_LENGTH - 1] + "…"
    return SlowCommand(entry_id, datetime.fromtimestamp(at_s, UTC), duration_us / 1000, command, address, name)

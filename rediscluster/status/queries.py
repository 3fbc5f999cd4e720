"""Queries: the cluster's status and nodes, one node's INFO and slow log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rediscluster.errors import UnknownNode
from rediscluster.nodes import client, manifest, node_files, operation_lock
from rediscluster.nodes.manifest import Manifest
from rediscluster.status import cluster_sampler, state_summary
from rediscluster.status.cluster_stats import RedisStats
from rediscluster.status.node_stats import NodeStats
from rediscluster.status.state_summary import ManifestSummary, Status

MAX_COMMAND_LENGTH = 500
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
    cluster = manifest.load()
    warnings = []
    if cluster and (free_bytes := node_files.free_disk_bytes()) < LOW_DISK_BYTES:
        warnings.append(f"{free_bytes / 2**20:,.0f} MB left on disk: a node that cannot write its nodes.conf exits.")
    return state_summary.summarize(
        _summarize_manifest(cluster) if cluster else None, stats, operation_lock.current_operation(), warnings
    )


def _summarize_manifest(cluster: Manifest) -> ManifestSummary:
    plan = cluster.plan
    return ManifestSummary(
        cluster.cluster_id, cluster.state, plan.node_count, plan.replicas, plan.base_port, plan.max_memory_bytes,
        plan.persistence, cluster.version, cluster.keys, cluster.error,
    )  # fmt: skip


async def fetch_node_info(port: int) -> NodeInfo:
    """Raises UnknownNode, NodeUnreachable."""
    [text] = await _execute(port, ("INFO", "everything"))
    return NodeInfo(port, parse_sections(text), datetime.now(UTC))


async def fetch_slow_log(port: int, limit: int) -> SlowLog:
    """Raises UnknownNode, NodeUnreachable."""
    entries, setting = await _execute(port, ("SLOWLOG", "GET", limit), ("CONFIG", "GET", "slowlog-log-slower-than"))
    threshold = int(setting[1]) / 1000 if isinstance(setting, list) and len(setting) == 2 else None
    return SlowLog(port, tuple(_parse_slow_command(entry) for entry in entries), threshold, datetime.now(UTC))


async def _execute(port: int, *commands: client.Command) -> Sequence[Any]:
    known_ports = [node.port for node in (await cluster_sampler.sample()).stats]
    if port not in known_ports:
        raise UnknownNode(port, known_ports)
    async with client.open_connections([port]) as nodes:
        return [await nodes[port].execute(*command) for command in commands]


def parse_sections(text: str) -> dict[str, dict[str, str]]:
    """Parses INFO: `# Server` starts a section; its lines are `name:value`."""
    sections: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            section = sections.setdefault(line[2:].strip().lower(), {})
        elif ":" in line:
            name, _, value = line.partition(":")
            section[name] = value
    return sections


def _parse_slow_command(entry: Sequence[Any]) -> SlowCommand:
    entry_id, at_s, duration_us, arguments, address, client_name = entry[:6]
    command = " ".join(map(str, arguments))
    if len(command) > MAX_COMMAND_LENGTH:
        command = command[: MAX_COMMAND_LENGTH - 1] + "…"
    return SlowCommand(entry_id, datetime.fromtimestamp(at_s, UTC), duration_us / 1000, command, address, client_name)

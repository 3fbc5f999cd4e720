"""Looking closer: the state in words, one node's INFO, its slow log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rediscluster.errors import UnknownNode
from rediscluster.nodes import client, files, manifest, operation_lock
from rediscluster.nodes.manifest import Manifest
from rediscluster.status import cluster_sampler, summary
from rediscluster.status.cluster_stats import Stats
from rediscluster.status.node_stats import Node
from rediscluster.status.summary import Record, Status

COMMAND_LENGTH = 500
SCARCE_BYTES = 200 * 2**20


@dataclass(frozen=True, slots=True)
class Nodes:
    """The wire's `GET /api/redis/nodes`: ports, and each with what is known of it."""

    nodes: tuple[int, ...]
    count: int
    details: tuple[Node, ...]
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """INFO as the node tells it: section → name → value."""

    port: int
    sections: dict[str, dict[str, str]]
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class SlowCommand:
    """An entry of the slow log. `command` with its arguments, cut at `COMMAND_LENGTH` characters."""

    id: int
    at: datetime
    duration_ms: float
    command: str
    client: str
    client_name: str


@dataclass(frozen=True, slots=True)
class SlowLog:
    """Newest first. `threshold_ms`: commands that took longer are kept."""

    port: int
    entries: tuple[SlowCommand, ...]
    threshold_ms: float | None
    timestamp: datetime


async def nodes() -> Nodes:
    """Ours, stopped ones included, and those of others on our range of ports."""
    stats = await cluster_sampler.sample()
    return Nodes(tuple(node.port for node in stats.stats), len(stats.stats), stats.stats, stats.timestamp)


async def status() -> Status:
    """The state in words, from what was made and what answers."""
    stats = await cluster_sampler.sample()
    return await asyncio.to_thread(_status, stats)


def _status(stats: Stats) -> Status:
    made = manifest.load()
    warnings = []
    if made and (free := files.free_bytes()) < SCARCE_BYTES:
        warnings.append(f"{free / 2**20:,.0f} MB left on the disk: a node that cannot write its nodes.conf ends.")
    return summary.assess(_record(made) if made else None, stats, operation_lock.under_way(), warnings)


def _record(made: Manifest) -> Record:
    plan = made.plan
    return Record(
        made.cluster_id, made.state, plan.node_count, plan.replicas, plan.base_port, plan.max_memory_bytes,
        plan.persistence, made.version, made.keys, made.error,
    )  # fmt: skip


async def info(port: int) -> NodeInfo:
    """Raises UnknownNode, NodeUnreachable."""
    [told] = await _ask(port, ("INFO", "everything"))
    return NodeInfo(port, sections(told), datetime.now(UTC))


async def slow_log(port: int, limit: int) -> SlowLog:
    """Raises UnknownNode, NodeUnreachable."""
    entries, setting = await _ask(port, ("SLOWLOG", "GET", limit), ("CONFIG", "GET", "slowlog-log-slower-than"))
    threshold = int(setting[1]) / 1000 if isinstance(setting, list) and len(setting) == 2 else None
    return SlowLog(port, tuple(_slow(entry) for entry in entries), threshold, datetime.now(UTC))


async def _ask(port: int, *questions: client.Command) -> Sequence[Any]:
    known = (await cluster_sampler.sample()).stats
    if port not in [node.port for node in known]:
        raise UnknownNode(port, [node.port for node in known])
    async with client.connected([port]) as there:
        return [await there[port].ask(*question) for question in questions]


def sections(told: str) -> dict[str, dict[str, str]]:
    """`# Server` begins a section; the lines below are `name:value`."""
    found: dict[str, dict[str, str]] = {}
    for line in told.splitlines():
        if line.startswith("# "):
            section = found.setdefault(line[2:].strip().lower(), {})
        elif ":" in line:
            name, _, value = line.partition(":")
            section[name] = value
    return found


def _slow(entry: Sequence[Any]) -> SlowCommand:
    number, at_s, micros, words, address, name = entry[:6]
    command = " ".join(map(str, words))
    cut = command if len(command) <= COMMAND_LENGTH else command[: COMMAND_LENGTH - 1] + "…"
    return SlowCommand(number, datetime.fromtimestamp(at_s, UTC), micros / 1000, cut, address, name)

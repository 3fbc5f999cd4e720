"""Samples the cluster: one pipeline per node and tick, where an unresponsive node delays no other."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from rediscluster.errors import NodeUnreachable
from rediscluster.nodes import client, manifest, node_files, redis_conf
from rediscluster.nodes.client import Command, NodeConnection
from rediscluster.nodes.manifest import Manifest
from rediscluster.status import cluster_stats, node_stats
from rediscluster.status.cluster_stats import RedisStats
from rediscluster.status.node_stats import DOWN, OTHER, OURS, STOPPED, UP, OwnTraffic, Reading
from rediscluster.topology import node_view
from rediscluster.topology.node_view import ClusterView, Member
from rediscluster.topology.slots import key_slot
from system.host import ports
from system.lib.per_loop import PerLoop

CACHE_S = 0.2  # calls within this time share a sample
REPLY_TIMEOUT_S = 0.5
VIEW_EVERY_TICKS = 5  # CLUSTER NODES grows with the square of the nodes, so it is sent at every fifth tick only
FOREIGN_SCAN_INTERVAL_S = 5.0
MAX_BASELINE_AGE_S = 60.0  # an older reading is no baseline for a rate
CODES_KEY = "codes:seq"  # the counter of the frameworks under test
MAX_READINGS = 1000


@dataclass(slots=True)
class LoopConnections:
    """The connections of one event loop. `keep_open`: between samples."""

    nodes: dict[int, NodeConnection] = field(default_factory=dict)
    keep_open: bool = False
    in_flight: asyncio.Task[RedisStats] | None = None
    sample_started_s: float = float("-inf")

    def connection_to(self, port: int) -> NodeConnection:
        return self.nodes.setdefault(port, NodeConnection(port))

    async def close_except(self, kept_ports: Sequence[int]) -> None:
        for port in [port for port in self.nodes if port not in kept_ports]:
            await self.nodes.pop(port).close()


@dataclass(slots=True)
class SamplerState:
    """What the sampler keeps between samples, shared by all event loops."""

    readings: OrderedDict[int, Reading] = field(default_factory=OrderedDict)
    views: dict[int, ClusterView] = field(default_factory=dict)
    roles: dict[int, str] = field(default_factory=dict)
    tick: int = 0
    failovers: int = 0
    own_traffic: dict[int, OwnTraffic] = field(default_factory=dict)
    foreign_ports: tuple[int, ...] = ()
    scanned_at_s: float = float("-inf")
    last_stats: RedisStats | None = None
    last_stats_at_s: float = float("-inf")
    invalidated_at_s: float = float("-inf")


_connections: PerLoop[LoopConnections] = PerLoop()
_state = SamplerState()


def keep_connections_open() -> None:
    """Keeps this loop's connections open between samples; for a loop that lives as long as the server."""
    _loop_connections().keep_open = True


def invalidate() -> None:
    """Drops cached results: an operation of ours starts or ends."""
    _state.last_stats = None
    _state.invalidated_at_s = time.monotonic()
    _state.views.clear()


def reset() -> None:
    """Starts with an empty state, as after a server start."""
    global _state
    _state = SamplerState()


def _loop_connections() -> LoopConnections:
    return _connections.get() or _connections.set(LoopConnections())


async def sample() -> RedisStats:
    """All nodes now, ours and foreign ones; concurrent callers share one sample. Raises ManifestUnreadable."""
    connections = _loop_connections()
    if _state.last_stats and time.monotonic() - _state.last_stats_at_s < CACHE_S:
        return _state.last_stats
    if (
        connections.in_flight is None
        or connections.in_flight.done()
        or connections.sample_started_s < _state.invalidated_at_s
    ):
        connections.sample_started_s = time.monotonic()
        connections.in_flight = asyncio.create_task(_sample(connections), name="redis sample")
    return await asyncio.shield(connections.in_flight)


async def _sample(connections: LoopConnections) -> RedisStats:
    started_s = time.monotonic()
    cluster = await asyncio.to_thread(manifest.load)
    own_ports = cluster.ports if cluster else ()
    await _scan_for_foreign_nodes(own_ports)
    sampled_ports = (*own_ports, *_state.foreign_ports)
    _state.tick += 1
    try:
        await connections.close_except(sampled_ports)
        readings = await asyncio.gather(*(_take_reading(connections.connection_to(port)) for port in sampled_ports))
        codes = await _read_codes(connections, readings)
    finally:
        if not connections.keep_open:
            await connections.close_except(())
    # On foreign ports any program may be listening: it is a node only if it replies in Redis's protocol.
    nodes = [reading for reading in readings if reading.port in own_ports or reading.latency_ms is not None]
    stats = _build_stats(cluster, nodes, codes)
    if started_s > _state.invalidated_at_s:
        _state.last_stats, _state.last_stats_at_s = stats, time.monotonic()
    return stats


async def _scan_for_foreign_nodes(own_ports: Sequence[int]) -> None:
    """Looks for listening ports in the configured range that are not ours."""
    if time.monotonic() - _state.scanned_at_s < FOREIGN_SCAN_INTERVAL_S:
        _state.foreign_ports = tuple(port for port in _state.foreign_ports if port not in own_ports)
        return
    first = settings.REDIS_BASE_PORT
    candidates = [port for port in range(first, first + settings.REDIS_MAX_NODES) if port not in own_ports]
    _state.foreign_ports = await asyncio.to_thread(ports.select_listening, candidates)
    _state.scanned_at_s = time.monotonic()


async def _take_reading(node: NodeConnection) -> Reading:
    view, commands = _state.views.get(node.port), _commands_for(node.port)
    started_s, own_traffic = time.monotonic(), _state.own_traffic.get(node.port, OwnTraffic())
    _state.own_traffic[node.port] = replace(own_traffic, commands=own_traffic.commands + len(commands))
    try:
        info, *cluster_replies = await _execute_with_retry(node, commands)
    except NodeUnreachable as error:
        return Reading(node.port, started_s, error.state, error.reason, {}, {}, None, None)
    latency_ms = round(1000 * (time.monotonic() - started_s), 2)
    if not isinstance(info, str):  # it requires a password
        return Reading(node.port, started_s, UP, str(info), {}, {}, None, latency_ms)
    if len(cluster_replies) > 1 and isinstance(cluster_replies[1], str):
        view = _state.views[node.port] = node_view.parse_cluster_nodes(cluster_replies[1])
    cluster_info = cluster_replies[0] if cluster_replies and isinstance(cluster_replies[0], str) else ""
    return Reading(
        node.port,
        started_s,
        UP,
        None,
        client.parse_info(info),
        client.parse_info(cluster_info),
        view,
        latency_ms,
        own_traffic,
    )


async def _execute_with_retry(node: NodeConnection, commands: Sequence[Command]) -> list[Any]:
    """Retried once when the connection breaks: its process may have been replaced since the last sample."""
    try:
        return await node.execute_pipeline(commands, timeout_s=REPLY_TIMEOUT_S)
    except NodeUnreachable as error:
        if error.state != DOWN:
            raise
        return await node.execute_pipeline(commands, timeout_s=REPLY_TIMEOUT_S)


def _commands_for(port: int) -> list[Command]:
    """One pipeline. A standalone server gets no CLUSTER commands again: it would count an error for each."""
    previous = _state.readings.get(port)
    if previous and previous.info.get("cluster_enabled") == "0":
        return [("INFO",)]
    in_trouble = previous is not None and previous.cluster.get("cluster_state") != "ok"
    with_view = port not in _state.views or in_trouble or _state.tick % VIEW_EVERY_TICKS == 0
    return [("INFO",), ("CLUSTER", "INFO"), *([("CLUSTER", "NODES")] if with_view else [])]


async def _read_codes(connections: LoopConnections, readings: Sequence[Reading]) -> int | None:
    """The frameworks' counter, from the master that stores it; None when it is unreadable or missing."""
    port = _codes_port(readings)
    if port is None:
        return None
    try:
        [value] = await connections.connection_to(port).execute_pipeline(
            [("GET", CODES_KEY)], timeout_s=REPLY_TIMEOUT_S
        )
    except NodeUnreachable:
        return None
    own_traffic = _state.own_traffic[port]
    hits = int(isinstance(value, str))
    _state.own_traffic[port] = OwnTraffic(
        own_traffic.commands + 1, own_traffic.hits + hits, own_traffic.misses + 1 - hits
    )
    return int(value) if isinstance(value, str) and value.isdigit() else None


def _codes_port(readings: Sequence[Reading]) -> int | None:
    """The port of the node that stores `codes:seq`: a standalone server, or the master of its slot."""
    slot = key_slot(CODES_KEY)
    for reading in readings:
        if reading.info.get("cluster_enabled") == "0":
            return reading.port
        own_slots = reading.view.myself.slots if reading.view and reading.info.get("role") == "master" else ()
        if any(slot in slot_range for slot_range in own_slots):
            return reading.port
    return None


def _build_stats(cluster: Manifest | None, readings: Sequence[Reading], codes: int | None) -> RedisStats:
    members = _members_by_port(readings)
    own_ports = cluster.ports if cluster else ()
    info_by_port = {reading.port: reading.info for reading in readings}
    nodes = []
    for reading in readings:
        owner, member = _owner_of(reading, own_ports), members.get(reading.port)
        if not reading.info:
            nodes.append(_unreachable(reading, cluster, owner, member, members))
            continue
        node = node_stats.responding_node(reading, _baseline(reading), owner, member)
        nodes.append(node_stats.with_replication_lag(node, reading.info, info_by_port.get(node.master_port or 0)))
        _remember(reading, node.role)
    # A foreign cluster next to ours is shown, but not counted in the totals.
    counted_readings = [
        reading
        for reading in readings
        if not own_ports or (reading.port in own_ports and _owner_of(reading, own_ports) == OURS)
    ]
    views = [reading.view for reading in counted_readings if reading.view]
    cluster_infos = [reading.cluster for reading in counted_readings if reading.cluster]
    counted_nodes = [node for node in nodes if not own_ports or node.owner == OURS]
    totals = cluster_stats.make_cluster_stats(
        counted_nodes, views, cluster_infos, codes=codes, failovers=_state.failovers
    )
    return RedisStats(tuple(nodes), totals, datetime.now(UTC))


def _owner_of(reading: Reading, own_ports: Sequence[int]) -> str:
    """A responding node is ours if it runs with our redis.conf; a silent one if it is on one of our ports."""
    if reading.port in own_ports and reading.info:
        own_conf = str(node_files.node_folder(reading.port) / redis_conf.CONF_FILE)
        return OURS if reading.info.get("config_file") == own_conf else OTHER
    return OURS if reading.port in own_ports else OTHER


def _members_by_port(readings: Sequence[Reading]) -> dict[int, Member]:
    """Each responding node from its own view; the others from the views of those."""
    views = [(reading.port, reading.view) for reading in readings if reading.view]
    members = {member.port: member for _port, view in views for member in view.members}
    return members | {port: view.myself for port, view in views}


def _unreachable(
    reading: Reading, cluster: Manifest | None, owner: str, member: Member | None, members: dict[int, Member]
) -> node_stats.NodeStats:
    is_stopped = owner == OURS and reading.state == DOWN and cluster is not None and cluster.state == manifest.STOPPED
    master_id = member.master_id if member else None
    master_port = next((other.port for other in members.values() if member and other.id == master_id), None)
    state, reason = (STOPPED, None) if is_stopped else (reading.state, reading.reason)
    return node_stats.unreachable_node(reading.port, state, reason, owner, member, master_port)


def _baseline(reading: Reading) -> Reading | None:
    """The node's previous reading, unless it is too old."""
    previous = _state.readings.get(reading.port)
    return previous if previous and reading.at_s - previous.at_s < MAX_BASELINE_AGE_S else None


def _remember(reading: Reading, role: str | None) -> None:
    _state.readings[reading.port] = reading
    _state.readings.move_to_end(reading.port)
    while len(_state.readings) > MAX_READINGS:
        _state.readings.popitem(last=False)
    if role == "master" and _state.roles.get(reading.port) == "replica":
        _state.failovers += 1
        _state.views.clear()  # views are fetched again at the next tick
    if role:
        _state.roles[reading.port] = role

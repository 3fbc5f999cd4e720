"""Samples the cluster: one pipeline per node and tick, where an unresponsive node delays no other."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from django.conf import settings

from rediscluster.errors import ManifestUnreadable, NodeUnreachable
from rediscluster.nodes import manifest, node_files, redis_conf
from rediscluster.nodes.client import NodeConnection
from rediscluster.nodes.manifest import Manifest
from rediscluster.nodes.resp import Command, Reply
from rediscluster.status import cluster_stats, node_replies, node_stats
from rediscluster.status.cluster_stats import NodeReport, RedisStats
from rediscluster.status.members import find_members
from rediscluster.status.node_replies import CLUSTER_INFO, CLUSTER_NODES, INFO
from rediscluster.status.node_stats import DOWN, LOADING, OTHER, OURS, STOPPED, UNRESPONSIVE, UP, OwnTraffic, Reading
from rediscluster.topology.info import parse_integer
from rediscluster.topology.node_view import ClusterView, Member
from rediscluster.topology.slots import key_slot
from system.host import child_processes, ports
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
    """All nodes now, ours and foreign ones; concurrent callers share one sample."""
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
    cluster = await asyncio.to_thread(_load_manifest)
    own_ports = cluster.ports if cluster else ()
    await _scan_for_foreign_nodes(own_ports)
    sampled_ports = (*own_ports, *_state.foreign_ports)
    _state.tick += 1
    try:
        await connections.close_except(sampled_ports)
        readings = await asyncio.gather(*(_take_reading(connections.connection_to(port)) for port in sampled_ports))
        codes = await _read_codes(
            connections, [reading for reading in readings if reading.port in (own_ports or sampled_ports)]
        )
    finally:
        if not connections.keep_open:
            await connections.close_except(())
    # On foreign ports any program may be listening: it is a node only if it replies in Redis's protocol.
    nodes = [reading for reading in readings if reading.port in own_ports or _is_redis(reading)]
    _state.foreign_ports = tuple(reading.port for reading in nodes if reading.port not in own_ports)
    stats = _build_stats(cluster, nodes, codes)
    if started_s > _state.invalidated_at_s:
        _state.last_stats, _state.last_stats_at_s = stats, time.monotonic()
    return stats


def _load_manifest() -> Manifest | None:
    """Without a readable one, the nodes in the configured range are shown as they are found."""
    try:
        return manifest.load()
    except ManifestUnreadable:
        return None


def _is_redis(reading: Reading) -> bool:
    """Whether it replied in Redis's protocol, now or before it became unresponsive."""
    return reading.state in (UP, LOADING) or (reading.state == UNRESPONSIVE and reading.port in _state.readings)


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
        replies = await _execute_with_retry(node, commands)
    except NodeUnreachable as error:
        return Reading(node.port, started_s, error.state, error.reason, {}, {}, None, None)
    latency_ms = round(1000 * (time.monotonic() - started_s), 2)
    reading = Reading(node.port, started_s, UP, None, {}, {}, view, latency_ms, own_traffic)
    reading = node_replies.add_replies(reading, dict(zip(commands, replies, strict=True)))
    if reading.view:
        _state.views[node.port] = reading.view
    else:
        _state.views.pop(node.port, None)
    return reading


async def _execute_with_retry(node: NodeConnection, commands: Sequence[Command]) -> list[Reply]:
    """Retried once when the connection breaks: its process may have been replaced since the last sample."""
    try:
        return await node.execute_pipeline(commands, timeout_s=REPLY_TIMEOUT_S)
    except NodeUnreachable as error:
        if error.state != DOWN:
            raise
        return await node.execute_pipeline(commands, timeout_s=REPLY_TIMEOUT_S)


def _commands_for(port: int) -> list[tuple[str, ...]]:
    """One pipeline. A standalone server gets no CLUSTER commands again: it would count an error for each."""
    previous = _state.readings.get(port)
    if previous and previous.info.get("cluster_enabled") == "0":
        return [INFO]
    in_trouble = previous is not None and previous.cluster.get("cluster_state") != "ok"
    view = _state.views.get(port)
    with_view = view is None or in_trouble or view.is_changing or _state.tick % VIEW_EVERY_TICKS == 0
    return [INFO, CLUSTER_INFO, *([CLUSTER_NODES] if with_view else [])]


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
    text = value if isinstance(value, str) else None
    hits = int(text is not None)
    _state.own_traffic[port] = OwnTraffic(
        own_traffic.commands + 1, own_traffic.hits + hits, own_traffic.misses + 1 - hits
    )
    return parse_integer(text) if text else None


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
    members, member_by_id = find_members(readings)
    own_ports = cluster.ports if cluster else ()
    info_by_id = {reading.view.myself.id: reading.info for reading in readings if reading.view}
    nodes = []
    for reading in readings:
        owner, member = _owner_of(reading, cluster), members.get(reading.port)
        if not reading.info:
            nodes.append(_unreachable(reading, cluster, owner, member, member_by_id))
            continue
        node = node_stats.responding_node(reading, _baseline(reading), owner, member)
        master_info = info_by_id.get(member.master_id) if member and member.master_id else None
        nodes.append(node_stats.with_replication_lag(node, reading.info, master_info))
        _remember(reading, node.role)
    # A foreign cluster next to ours is shown, but not counted in the totals.
    counted_readings = [
        reading
        for reading in readings
        if not own_ports or (reading.port in own_ports and _owner_of(reading, cluster) == OURS)
    ]
    views = [reading.view for reading in counted_readings if reading.view]
    cluster_infos = [reading.cluster for reading in counted_readings if reading.cluster]
    counted_nodes = [node for node in nodes if not own_ports or node.owner == OURS]
    totals = cluster_stats.make_cluster_stats(
        counted_nodes, views, cluster_infos, codes=codes, failovers=_state.failovers
    )
    reports = {reading.port: NodeReport(reading.info, reading.cluster) for reading in readings if reading.info}
    return RedisStats(tuple(nodes), totals, datetime.now(UTC), reports=reports)


def _owner_of(reading: Reading, cluster: Manifest | None) -> str:
    """A node with INFO is ours if it runs with our redis.conf; one that replies otherwise, if our process is alive; a
    silent one, if it is on a port of ours."""
    if reading.info:
        own_conf = str(node_files.node_folder(reading.port) / redis_conf.CONF_FILE)
        return OURS if reading.info.get("config_file") == own_conf else OTHER
    process = next((node.process for node in cluster.nodes if node.port == reading.port), None) if cluster else None
    if reading.state in (UP, LOADING):
        return OURS if process and child_processes.is_alive(process) else OTHER
    return OURS if cluster and reading.port in cluster.ports else OTHER


def _unreachable(
    reading: Reading, cluster: Manifest | None, owner: str, member: Member | None, member_by_id: dict[str, Member]
) -> node_stats.NodeStats:
    is_stopped = owner == OURS and reading.state == DOWN and cluster is not None and cluster.state == manifest.STOPPED
    master = member_by_id.get(member.master_id) if member and member.master_id else None
    state, reason = (STOPPED, None) if is_stopped else (reading.state, reading.reason)
    return node_stats.unreachable_node(reading.port, state, reason, owner, member, master.port if master else None)


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

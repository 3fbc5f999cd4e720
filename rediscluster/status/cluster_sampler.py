"""The sampler: one pipeline per node and tick, and a node that hangs holds up no other."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings

from rediscluster.errors import NodeUnreachable
from rediscluster.nodes import client, files, manifest, redis_conf
from rediscluster.nodes.client import Command, Node
from rediscluster.nodes.manifest import Manifest
from rediscluster.status import cluster_stats, node_stats
from rediscluster.status.cluster_stats import Stats
from rediscluster.status.node_stats import DOWN, OTHER, OURS, STOPPED, UP, Own, Reading
from rediscluster.topology import node_view
from rediscluster.topology.node_view import Member, View
from rediscluster.topology.slots import slot_of
from system.host import ports

FRESH_S = 0.2  # pollers that come closer together than this share a sample
ANSWER_S = 0.5
VIEW_EVERY = 5  # CLUSTER NODES grows with the square of the nodes: all ask for it at every fifth tick only
LOOK_AROUND_S = 5.0  # how often somebody else's nodes are looked for
OLDEST_S = 60.0  # a reading older than this is no base for a rate
CODES_KEY = "codes:seq"  # the counter of the frameworks under test
READINGS = 1000


@dataclass(slots=True)
class Watch:
    """The connections of one event loop. `held`: they stay open between samples."""

    nodes: dict[int, Node] = field(default_factory=dict)
    held: bool = False
    flight: asyncio.Task[Stats] | None = None
    flown_at_s: float = float("-inf")

    def node(self, port: int) -> Node:
        return self.nodes.setdefault(port, Node(port))

    async def keep_only(self, wanted: Sequence[int]) -> None:
        for port in [port for port in self.nodes if port not in wanted]:
            await self.nodes.pop(port).close()


@dataclass(slots=True)
class Memory:
    """What is known from earlier samples, whichever loop took them."""

    readings: OrderedDict[int, Reading] = field(default_factory=OrderedDict)
    views: dict[int, View] = field(default_factory=dict)
    roles: dict[int, str] = field(default_factory=dict)
    tick: int = 0
    failovers: int = 0
    own: dict[int, Own] = field(default_factory=dict)
    strangers: tuple[int, ...] = ()
    looked_at_s: float = float("-inf")
    last: Stats | None = None
    last_at_s: float = float("-inf")
    changed_at_s: float = float("-inf")


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = WeakKeyDictionary()
_memory = Memory()


def hold() -> None:
    """Keep this loop's connections open between samples; for a loop that lives as long as the server."""
    _watch().held = True


def changed() -> None:
    """An operation of ours begins or ends: what was seen before does not hold any more."""
    _memory.last = None
    _memory.changed_at_s = time.monotonic()
    _memory.views.clear()


def forget() -> None:
    """Begin anew, as after a start."""
    global _memory
    _memory = Memory()


def _watch() -> Watch:
    return _watches.setdefault(asyncio.get_running_loop(), Watch())


async def sample() -> Stats:
    """All nodes now, ours and others; callers at the same moment share one look. Raises ManifestUnreadable."""
    watch = _watch()
    if _memory.last and time.monotonic() - _memory.last_at_s < FRESH_S:
        return _memory.last
    if watch.flight is None or watch.flight.done() or watch.flown_at_s < _memory.changed_at_s:
        watch.flown_at_s = time.monotonic()
        watch.flight = asyncio.create_task(_sample(watch), name="redis sample")
    return await asyncio.shield(watch.flight)


async def _sample(watch: Watch) -> Stats:
    begun_at_s = time.monotonic()
    made = await asyncio.to_thread(manifest.load)
    mine = made.ports if made else ()
    await _look_around(mine)
    wanted = (*mine, *_memory.strangers)
    _memory.tick += 1
    try:
        await watch.keep_only(wanted)
        readings = await asyncio.gather(*(_read(watch.node(port)) for port in wanted))
        codes = await _codes(watch, readings)
    finally:
        if not watch.held:
            await watch.keep_only(())
    # On ports that are not ours many a program may listen: only what speaks Redis's protocol is a node.
    stats = _described(made, [each for each in readings if each.port in mine or each.latency_ms is not None], codes)
    if begun_at_s > _memory.changed_at_s:
        _memory.last, _memory.last_at_s = stats, time.monotonic()
    return stats


async def _look_around(mine: Sequence[int]) -> None:
    """Somebody else's nodes on the ports where clusters are expected."""
    if time.monotonic() - _memory.looked_at_s < LOOK_AROUND_S:
        _memory.strangers = tuple(port for port in _memory.strangers if port not in mine)
        return
    first = settings.REDIS_BASE_PORT
    expected = [port for port in range(first, first + settings.REDIS_MAX_NODES) if port not in mine]
    _memory.strangers = await asyncio.to_thread(ports.listening_among, expected)
    _memory.looked_at_s = time.monotonic()


async def _read(node: Node) -> Reading:
    view, questions = _memory.views.get(node.port), _questions(node.port)
    begun, own = time.monotonic(), _memory.own.get(node.port, Own())
    _memory.own[node.port] = replace(own, commands=own.commands + len(questions))
    try:
        info, *others = await _answers(node, questions)
    except NodeUnreachable as error:
        return Reading(node.port, begun, error.state, error.reason, {}, {}, None, None)
    latency_ms = round(1000 * (time.monotonic() - begun), 2)
    if not isinstance(info, str):  # it wants a password
        return Reading(node.port, begun, UP, str(info), {}, {}, None, latency_ms)
    if len(others) > 1 and isinstance(others[1], str):
        view = _memory.views[node.port] = node_view.parse(others[1])
    told = client.fields(others[0]) if others and isinstance(others[0], str) else {}
    return Reading(node.port, begun, UP, None, client.fields(info), told, view, latency_ms, own)


async def _answers(node: Node, questions: Sequence[Command]) -> list[Any]:
    """Asked once more when the connection breaks: it may have led to a process that has been replaced since."""
    try:
        return await node.ask_all(questions, timeout_s=ANSWER_S)
    except NodeUnreachable as error:
        if error.state != DOWN:
            raise
        return await node.ask_all(questions, timeout_s=ANSWER_S)


def _questions(port: int) -> list[Command]:
    """One pipeline. A single server is not asked for its cluster again: it would count an error each time."""
    before = _memory.readings.get(port)
    if before and before.info.get("cluster_enabled") == "0":
        return [("INFO",)]
    in_trouble = before is not None and before.cluster.get("cluster_state") != "ok"
    is_full = port not in _memory.views or in_trouble or _memory.tick % VIEW_EVERY == 0
    return [("INFO",), ("CLUSTER", "INFO"), *([("CLUSTER", "NODES")] if is_full else [])]


async def _codes(watch: Watch, readings: Sequence[Reading]) -> int | None:
    """The frameworks' counter, from the master that has it; None when it cannot be read or is not there."""
    port = _keeper(readings)
    if port is None:
        return None
    try:
        [value] = await watch.node(port).ask_all([("GET", CODES_KEY)], timeout_s=ANSWER_S)
    except NodeUnreachable:
        return None
    own = _memory.own[port]
    hits = int(isinstance(value, str))
    _memory.own[port] = Own(own.commands + 1, own.hits + hits, own.misses + 1 - hits)
    return int(value) if isinstance(value, str) and value.isdigit() else None


def _keeper(readings: Sequence[Reading]) -> int | None:
    wanted = slot_of(CODES_KEY)
    for each in readings:
        if each.info.get("cluster_enabled") == "0":
            return each.port
        if each.view and each.info.get("role") == "master" and any(wanted in held for held in each.view.me.slots):
            return each.port
    return None


def _described(made: Manifest | None, readings: Sequence[Reading], codes: int | None) -> Stats:
    members = _members(readings)
    mine = made.ports if made else ()
    masters = {each.port: each.info for each in readings}
    nodes = []
    for now in readings:
        owner, member = _owner(now, mine), members.get(now.port)
        if not now.info:
            nodes.append(_silent(now, made, owner, member, members))
            continue
        node = node_stats.measured(now, _before(now), owner, member)
        nodes.append(node_stats.lagging(node, now.info, masters.get(node.master_port or 0)))
        _remember(now, node.role)
    # Beside a cluster of ours there may be one of others: shown, but not mixed into the whole.
    told = [each for each in readings if not mine or (each.port in mine and _owner(each, mine) == OURS)]
    views = [each.view for each in told if each.view]
    infos = [each.cluster for each in told if each.cluster]
    counted = [node for node in nodes if not mine or node.owner == OURS]
    whole = cluster_stats.cluster(counted, views, infos, codes=codes, failovers=_memory.failovers)
    return Stats(tuple(nodes), whole, datetime.now(UTC))


def _owner(now: Reading, mine: Sequence[int]) -> str:
    """A node that answers is ours when it runs with our redis.conf; on a port of ours, silence is ours too."""
    if now.port in mine and now.info:
        return OURS if now.info.get("config_file") == str(files.of_node(now.port) / redis_conf.CONF) else OTHER
    return OURS if now.port in mine else OTHER


def _members(readings: Sequence[Reading]) -> dict[int, Member]:
    """Each node by its own word; those that do not answer by the word of the others."""
    told = {member.port: member for each in readings if each.view for member in each.view.members}
    return told | {each.port: each.view.me for each in readings if each.view}


def _silent(
    now: Reading, made: Manifest | None, owner: str, member: Member | None, members: dict[int, Member]
) -> node_stats.Node:
    is_stopped = owner == OURS and now.state == DOWN and made is not None and made.state == manifest.STOPPED
    master = next((each.port for each in members.values() if member and each.id == member.master_id), None)
    state, reason = (STOPPED, None) if is_stopped else (now.state, now.reason)
    return node_stats.absent(now.port, state, reason, owner, member, master)


def _before(now: Reading) -> Reading | None:
    before = _memory.readings.get(now.port)
    return before if before and now.at_s - before.at_s < OLDEST_S else None


def _remember(now: Reading, role: str | None) -> None:
    _memory.readings[now.port] = now
    _memory.readings.move_to_end(now.port)
    while len(_memory.readings) > READINGS:
        _memory.readings.popitem(last=False)
    if role == "master" and _memory.roles.get(now.port) == "replica":
        _memory.failovers += 1
        _memory.views.clear()  # the map is drawn anew at the next tick
    if role:
        _memory.roles[now.port] = role

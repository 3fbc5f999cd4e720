"""All nodes together: the state of the cluster, its shards, and the next step in words. [pure]"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rediscluster.status.node_stats import DOWN, OTHER, OURS, STOPPED, UP, Node
from rediscluster.topology import slots
from rediscluster.topology.node_view import Member, View
from rediscluster.topology.slots import SLOTS


@dataclass(frozen=True, slots=True)
class ShardReplica:
    port: int
    state: str
    link_up: bool | None
    lag_bytes: int | None
    lag_seconds: float | None


@dataclass(frozen=True, slots=True)
class ShardPicture:
    """Slots, who serves them, who stands behind. `master_state` other than up: its slots answer nobody."""

    slots: tuple[str, ...]
    slot_count: int
    master_port: int
    master_state: str
    keys: int | None
    memory_bytes: int | None
    ops_per_second: float | None
    hit_rate_percent: float | None
    replicas: tuple[ShardReplica, ...]


@dataclass(frozen=True, slots=True)
class ClusterPicture:
    """`state`: Redis's ok or fail; absent without nodes, stopped when all are. Sums are over the masters that answer.

    `agreement`: all nodes tell the same map. `lost`: slots without a living master. `failovers`: promotions seen
    since this server watches. `codes`: the counter that the frameworks keep in `codes:seq`.
    """

    state: str
    owner: str | None
    agreement: bool | None
    slots_ok: int
    size: int
    known_nodes: int
    epoch: int | None
    ops_per_second: float | None
    keys: int | None
    memory_bytes: int | None
    codes: int | None
    lost: tuple[str, ...]
    failovers: int
    shards: tuple[ShardPicture, ...]


@dataclass(frozen=True, slots=True)
class Stats:
    """The wire's `GET /api/redis/stats` and stream `redis:stats`."""

    stats: tuple[Node, ...]
    cluster: ClusterPicture
    timestamp: datetime


def cluster(
    nodes: Sequence[Node],
    views: Sequence[View],
    infos: Sequence[Mapping[str, str]],
    *,
    codes: int | None,
    failovers: int,
) -> ClusterPicture:
    """`infos`: CLUSTER INFO of each node that answers; `views`: the newest of those in a cluster."""
    view = max(views, key=lambda each: len(each.masters)) if views else None
    epochs = [int(each["cluster_current_epoch"]) for each in infos if "cluster_current_epoch" in each]
    masters = [node for node in nodes if node.state == UP and node.role in ("master", "standalone")]
    dead = {node.port for node in nodes if node.state != UP}
    alive = [each for each in (view.masters if view else ()) if "fail" not in each.flags and each.port not in dead]
    lost = slots.missing(each for member in alive for each in member.slots) if view else ()
    owners = {node.owner for node in nodes}
    signatures = {each.signature for each in views}
    return ClusterPicture(
        state=_state(nodes, [each.get("cluster_state", "ok") for each in infos], bool(lost)),
        owner=OURS if OURS in owners else OTHER if owners else None,
        agreement=len(signatures) == 1 if views else None,
        slots_ok=SLOTS - slots.count(lost) if view else 0,
        size=len(view.masters) if view else 0,
        known_nodes=len(view.members) if view else 0,
        epoch=max(epochs, default=None),
        ops_per_second=_sum(node.ops_per_second for node in masters),
        keys=_sum(node.keys for node in masters),
        memory_bytes=_sum(node.memory_bytes for node in masters),
        codes=codes,
        lost=tuple(str(each) for each in lost),
        failovers=failovers,
        shards=_shards(nodes, view) if view else (),
    )


def _state(nodes: Sequence[Node], states: Sequence[str], has_lost: bool) -> str:
    if not nodes:
        return "absent"
    if all(node.state == STOPPED for node in nodes):
        return "stopped"
    if not states:
        return "ok" if all(node.role == "standalone" for node in nodes) else "fail"
    return "ok" if all(state == "ok" for state in states) and not has_lost else "fail"


def _sum(values: Iterable[float | int | None]) -> Any:
    """Null when nothing is known: a sum of unknowns is no zero."""
    known = [value for value in values if value is not None]
    return round(sum(known), 2) if known else None


def _shards(nodes: Sequence[Node], view: View) -> tuple[ShardPicture, ...]:
    at = {node.port: node for node in nodes}
    return tuple(_shard(master, view, at) for master in view.masters)


def _shard(master: Member, view: View, at: Mapping[int, Node]) -> ShardPicture:
    node = at.get(master.port)
    return ShardPicture(
        slots=tuple(str(each) for each in sorted(master.slots)),
        slot_count=slots.count(master.slots),
        master_port=master.port,
        master_state=node.state if node else DOWN if "fail" in master.flags else UP,
        keys=node.keys if node else None,
        memory_bytes=node.memory_bytes if node else None,
        ops_per_second=node.ops_per_second if node else None,
        hit_rate_percent=node.hit_rate_percent if node else None,
        replicas=tuple(_replica(each, at.get(each.port)) for each in view.replicas_of(master)),
    )


def _replica(member: Member, node: Node | None) -> ShardReplica:
    if node is None:
        return ShardReplica(member.port, DOWN if "fail" in member.flags else UP, None, None, None)
    return ShardReplica(member.port, node.state, node.link_up, node.replication_lag_bytes, node.replication_lag_seconds)

"""Combines the nodes' statistics into those of the cluster and of its shards. [pure]

The `state` here is what Redis reports, `ok` or `fail`. Whether the cluster is `running` or `degraded` is decided by
`state_summary.summarize`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any

from rediscluster.status.node_stats import DOWN, OTHER, OURS, STOPPED, UP, NodeStats
from rediscluster.topology import slots
from rediscluster.topology.info import Info, to_int
from rediscluster.topology.node_view import ClusterView, Member, unreachable_ids
from rediscluster.topology.open_slots import OpenSlot, find_open_slots
from rediscluster.topology.slots import SLOT_COUNT
from system.lib.wire import STAYS_INSIDE


@dataclass(frozen=True, slots=True)
class ShardReplica:
    port: int
    state: str
    link_up: bool | None
    lag_bytes: int | None
    lag_seconds: float | None
    id: str | None = None
    address: Annotated[str | None, "Null when the cluster has lost it"] = None


@dataclass(frozen=True, slots=True)
class ShardStats:
    """Slots with their master and replicas. They are served only when `master_state` is up."""

    slots: tuple[str, ...]
    slot_count: int
    master_port: int
    master_state: str
    keys: int | None
    memory_bytes: int | None
    ops_per_second: float | None
    hit_rate_percent: float | None
    replicas: tuple[ShardReplica, ...]
    master_id: str | None = None
    master_address: Annotated[str | None, "Null when the cluster has lost it"] = None


@dataclass(frozen=True, slots=True)
class ClusterStats:
    """`state`: Redis's ok or fail; absent without nodes, stopped when all nodes are. Sums cover responding masters.

    `agreement`: all nodes have the same map. `lost`: slots without a live master. `failovers`: promotions seen since
    this server started. `codes`: the counter that the frameworks keep in `codes:seq`.
    """

    state: Annotated[str, ("ok", "fail", "absent", "stopped")]
    owner: Annotated[str | None, ("ours", "other")]
    agreement: Annotated[bool | None, "All nodes have the same map"]
    slots_ok: int
    size: Annotated[int, "Masters with slots"]
    known_nodes: int
    epoch: int | None
    ops_per_second: float | None
    keys: int | None
    memory_bytes: int | None
    codes: Annotated[int | None, "The counter `codes:seq` of the frameworks"]
    lost: Annotated[tuple[str, ...], "Slots without a live master"]
    failovers: Annotated[int, "Promotions seen since this server started"]
    shards: tuple[ShardStats, ...]
    open_slots: Annotated[tuple[OpenSlot, ...], "On the move, or left so by a reshard that broke off"] = ()


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What a node reported: the fields of INFO and CLUSTER INFO; the latter is empty outside a cluster."""

    info: Info
    cluster: Info


@dataclass(frozen=True, slots=True)
class RedisStats:
    """`GET /api/redis/stats` and the stream `redis:stats` on the wire. `reports`: by port, of the nodes that responded;
    they are not sent."""

    stats: tuple[NodeStats, ...]
    cluster: ClusterStats
    timestamp: datetime
    reports: Mapping[int, NodeReport] = field(default_factory=dict, kw_only=True, metadata=STAYS_INSIDE)


def make_cluster_stats(
    nodes: Sequence[NodeStats],
    views: Sequence[ClusterView],
    infos: Sequence[Mapping[str, str]],
    *,
    codes: int | None,
    failovers: int,
) -> ClusterStats:
    """`infos`: CLUSTER INFO of each responding node; `views`: the latest view of each node in cluster mode."""
    view = max(views, key=lambda view: len(view.masters)) if views else None
    epochs = [epoch for info in infos if (epoch := to_int(info, "cluster_current_epoch")) is not None]
    masters = [node for node in nodes if node.state == UP and node.role in ("master", "standalone")]
    unreachable = unreachable_ids(views) | {node.id for node in nodes if node.id and node.state != UP}
    alive = [master for master in (view.masters if view else ()) if master.id not in unreachable]
    lost = slots.missing_slots(slot_range for master in alive for slot_range in master.slots) if view else ()
    owners = {node.owner for node in nodes}
    signatures = {view.signature for view in views}
    return ClusterStats(
        state=_redis_state(nodes, [info.get("cluster_state", "ok") for info in infos], bool(lost)),
        owner=OURS if OURS in owners else OTHER if owners else None,
        agreement=len(signatures) == 1 if views else None,
        slots_ok=SLOT_COUNT - slots.count_slots(lost) if view else 0,
        size=len(view.masters) if view else 0,
        known_nodes=len(view.members) if view else 0,
        epoch=max(epochs, default=None),
        ops_per_second=_sum(node.ops_per_second for node in masters),
        keys=_sum(node.keys for node in masters),
        memory_bytes=_sum(node.memory_bytes for node in masters),
        codes=codes,
        lost=tuple(map(str, lost)),
        failovers=failovers,
        shards=_shards(nodes, view, unreachable) if view else (),
        open_slots=find_open_slots(views),
    )


def _redis_state(nodes: Sequence[NodeStats], reported_states: Sequence[str], has_lost: bool) -> str:
    """`ok` or `fail`; `absent` without nodes, `stopped` when all are. `reported_states`: `cluster_state` of each node
    that responds in cluster mode."""
    if not nodes:
        return "absent"
    if all(node.state == STOPPED for node in nodes):
        return "stopped"
    if not reported_states:
        return "ok" if {node.role for node in nodes if not node.reason} == {"standalone"} else "fail"
    return "ok" if all(state == "ok" for state in reported_states) and not has_lost else "fail"


def _sum(values: Iterable[float | int | None]) -> Any:
    """None when no value is known, instead of zero."""
    known = [value for value in values if value is not None]
    return round(sum(known), 2) if known else None


def _shards(nodes: Sequence[NodeStats], view: ClusterView, unreachable: Collection[str]) -> tuple[ShardStats, ...]:
    node_by_id = {node.id: node for node in nodes if node.id}
    return tuple(_shard(master, view, node_by_id, unreachable) for master in view.masters)


def _shard(
    master: Member, view: ClusterView, node_by_id: Mapping[str, NodeStats], unreachable: Collection[str]
) -> ShardStats:
    node = node_by_id.get(master.id)
    return ShardStats(
        slots=tuple(map(str, sorted(master.slots))),
        slot_count=slots.count_slots(master.slots),
        master_port=master.port,
        master_state=_state_of(master, node, unreachable),
        keys=node.keys if node else None,
        memory_bytes=node.memory_bytes if node else None,
        ops_per_second=node.ops_per_second if node else None,
        hit_rate_percent=node.hit_rate_percent if node else None,
        replicas=tuple(_replica(member, node_by_id.get(member.id), unreachable) for member in view.replicas_of(master)),
        master_id=master.id,
        master_address=master.address,
    )


def _replica(member: Member, node: NodeStats | None, unreachable: Collection[str]) -> ShardReplica:
    state = _state_of(member, node, unreachable)
    replica = ShardReplica(member.port, state, None, None, None, member.id, member.address)
    if node is None:
        return replica
    return replace(
        replica,
        link_up=node.link_up,
        lag_bytes=node.replication_lag_bytes,
        lag_seconds=node.replication_lag_seconds,
    )


def _state_of(member: Member, node: NodeStats | None, unreachable: Collection[str]) -> str:
    """A node that replies to us and that the other nodes cannot reach is down to the cluster."""
    if node and node.state != UP:
        return node.state
    return DOWN if member.id in unreachable else UP

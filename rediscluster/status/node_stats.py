"""Computes a node's statistics: rates from two readings, lag from its master, null where unknown. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from rediscluster.topology.node_view import ClusterView, Member
from rediscluster.topology.slots import count_slots

UP, DOWN, STOPPED = "up", "down", "stopped"
OURS, OTHER = "ours", "other"
Info = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OwnTraffic:
    """Our own commands, which are included in the node's counters."""

    commands: int = 0
    hits: int = 0
    misses: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """One sample of a node. `info` and `cluster` are empty when it did not respond; `reason` is why.

    `own_traffic`: our commands before this sample, to be subtracted from the node's counters.
    """

    port: int
    at_s: float
    state: str
    reason: str | None
    info: Info
    cluster: Info
    view: ClusterView | None
    latency_ms: float | None
    own_traffic: OwnTraffic = OwnTraffic()


@dataclass(frozen=True, slots=True)
class Persistence:
    """`ok`: the last writes to disk succeeded. Without `aof`, a kill of the node loses `changes_since_save`."""

    ok: bool
    aof: bool
    changes_since_save: int | None


@dataclass(frozen=True, slots=True)
class NodeStats:
    """A node on the wire. Null means unknown: the node does not respond, or this is its first reading."""

    port: int
    pid: int | None
    owner: Annotated[str, ("ours", "other")]
    role: Annotated[str | None, ("master", "replica", "standalone")]
    master_port: int | None
    state: Annotated[str, ("up", "loading", "unresponsive", "down", "stopped")]
    reason: Annotated[str | None, "Why it is not up, or cannot be read"]
    slots: Annotated[int, "Number of slots"]
    slot_ranges: Annotated[tuple[str, ...], "e.g. `0-5460`"]
    ops_per_second: float | None = None
    memory_bytes: int | None = None
    max_memory_bytes: Annotated[int | None, "0 means no limit"] = None
    connections: Annotated[int | None, "Without this server's own"] = None
    keys: int | None = None
    hit_rate_percent: Annotated[float | None, "Since the previous sample; null without reads"] = None
    evicted_per_second: float | None = None
    expired_per_second: float | None = None
    errors_per_second: float | None = None
    network_in_bytes_per_second: float | None = None
    network_out_bytes_per_second: float | None = None
    cpu_percent: Annotated[float | None, "Of one core"] = None
    replication_lag_bytes: int | None = None
    replication_lag_seconds: float | None = None
    link_up: bool | None = None
    latency_ms: Annotated[float | None, "Of this server's own commands"] = None
    memory_peak_bytes: int | None = None
    blocked_connections: int | None = None
    rejected_connections: int | None = None
    persistence: Persistence | None = None
    uptime_seconds: int | None = None
    version: str | None = None


def unreachable_node(
    port: int, state: str, reason: str | None, owner: str, member: Member | None, master_port: int | None
) -> NodeStats:
    """A node that does not respond. `member`: the node as the other nodes see it."""
    role = None if member is None else "master" if member.is_master else "replica"
    slots = member.slots if member else ()
    ranges = tuple(map(str, sorted(slots)))
    return NodeStats(port, None, owner, role, master_port, state, reason, count_slots(slots), ranges)


def responding_node(now: Reading, previous: Reading | None, owner: str, member: Member | None) -> NodeStats:
    """A node that responds. Rates need a `previous` reading of the same process."""
    info = now.info
    role = "replica" if info.get("role") == "slave" else "master"
    slots = sorted(member.slots) if member else []
    node = NodeStats(
        port=now.port,
        pid=_to_int(info, "process_id"),
        owner=owner,
        role=role if info.get("cluster_enabled") == "1" else "standalone",
        master_port=_to_int(info, "master_port") if role == "replica" else None,
        state=now.state,
        reason=now.reason,
        slots=count_slots(slots),
        slot_ranges=tuple(map(str, slots)),
        memory_bytes=_to_int(info, "used_memory"),
        max_memory_bytes=_to_int(info, "maxmemory"),
        connections=max(0, (_to_int(info, "connected_clients") or 0) - 1),  # without our own
        keys=count_keys(info),
        link_up=info.get("master_link_status") == "up" if role == "replica" else None,
        latency_ms=now.latency_ms,
        memory_peak_bytes=_to_int(info, "used_memory_peak"),
        blocked_connections=_to_int(info, "blocked_clients"),
        rejected_connections=_to_int(info, "rejected_connections"),
        persistence=_persistence(info),
        uptime_seconds=_to_int(info, "uptime_in_seconds"),
        version=info.get("valkey_version") or info.get("redis_version"),
    )
    if previous is None or previous.info.get("run_id") != info.get("run_id") or now.at_s <= previous.at_s:
        return replace(node, ops_per_second=_to_float(info, "instantaneous_ops_per_sec"))
    return _with_rates(node, now, previous)


def _with_rates(node: NodeStats, now: Reading, previous: Reading) -> NodeStats:
    seconds = now.at_s - previous.at_s

    def rate(name: str, own_count: int = 0) -> float | None:
        newer, older = _to_float(now.info, name), _to_float(previous.info, name)
        return None if newer is None or older is None else round(max(0.0, newer - older - own_count) / seconds, 2)

    hits = rate("keyspace_hits", now.own_traffic.hits - previous.own_traffic.hits) or 0.0
    misses = rate("keyspace_misses", now.own_traffic.misses - previous.own_traffic.misses) or 0.0
    system, user = rate("used_cpu_sys"), rate("used_cpu_user")
    return replace(
        node,
        ops_per_second=rate("total_commands_processed", now.own_traffic.commands - previous.own_traffic.commands),
        hit_rate_percent=round(100 * hits / (hits + misses), 2) if hits + misses else None,
        evicted_per_second=rate("evicted_keys"),
        expired_per_second=rate("expired_keys"),
        errors_per_second=rate("total_error_replies"),
        network_in_bytes_per_second=rate("total_net_input_bytes"),
        network_out_bytes_per_second=rate("total_net_output_bytes"),
        cpu_percent=None if system is None or user is None else round(100 * (system + user), 1),
    )


def with_replication_lag(node: NodeStats, info: Info, master: Info | None) -> NodeStats:
    """Adds a replica's lag: bytes behind its master's offset, and seconds since its last acknowledgement."""
    if node.role != "replica":
        return node
    if not node.link_up:
        return replace(node, replication_lag_seconds=_to_float(info, "master_link_down_since_seconds"))
    master_offset = _to_int(master, "master_repl_offset") if master else None
    replica_offset = _to_int(info, "slave_repl_offset")
    lag_bytes = None if master_offset is None or replica_offset is None else max(0, master_offset - replica_offset)
    return replace(node, replication_lag_bytes=lag_bytes, replication_lag_seconds=_lag_seconds(node.port, master or {}))


def _lag_seconds(port: int, master: Info) -> float | None:
    """From the master's `slave0:ip=…,port=7003,state=online,offset=…,lag=0`."""
    for index in range(_to_int(master, "connected_slaves") or 0):
        replica = dict(field.partition("=")[::2] for field in master.get(f"slave{index}", "").split(","))
        if replica.get("port") == str(port):
            return _to_float(replica, "lag")
    return None


def count_keys(info: Info) -> int:
    """From `db0:keys=3,expires=0,avg_ttl=0`; a cluster has only that database, a standalone server may have more."""
    databases = (value for name, value in info.items() if name.startswith("db") and value.startswith("keys="))
    return sum(int(value.partition("=")[2].partition(",")[0]) for value in databases)


def _persistence(info: Info) -> Persistence:
    ok = info.get("rdb_last_bgsave_status", "ok") == "ok" and info.get("aof_last_write_status", "ok") == "ok"
    return Persistence(ok, info.get("aof_enabled") == "1", _to_int(info, "rdb_changes_since_last_save"))


def _to_float(info: Info, name: str) -> float | None:
    try:
        return float(info[name])
    except (KeyError, ValueError):
        return None


def _to_int(info: Info, name: str) -> int | None:
    try:
        return int(info[name])
    except (KeyError, ValueError):
        return None

"""Computes a node's statistics: rates from two readings, lag from its master, null where unknown. [pure]"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from rediscluster.topology.info import Info, count_keys, replicas_of, to_float, to_int
from rediscluster.topology.node_view import ClusterView, Member
from rediscluster.topology.slots import count_slots
from system.lib.text import printable

UP, LOADING, UNRESPONSIVE, DOWN, STOPPED = "up", "loading", "unresponsive", "down", "stopped"
OURS, OTHER = "ours", "other"
MAX_VERSION_LENGTH = 40


@dataclass(frozen=True, slots=True)
class OwnTraffic:
    """Our own commands, which are included in the node's counters."""

    commands: int = 0
    hits: int = 0
    misses: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """One sample of a node. `info` and `cluster` are empty when it did not respond, or not as Redis does;
    `reason` is why.

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
    id: Annotated[str | None, "In the cluster"] = None
    address: Annotated[str | None, "As the cluster has it; the port alone on this machine"] = None
    known_nodes: Annotated[int | None, "Nodes of the cluster that it knows, itself included"] = None


def unreachable_node(
    port: int, state: str, reason: str | None, owner: str, member: Member | None, master_port: int | None
) -> NodeStats:
    """A node that does not respond. `member`: the node as the other nodes see it."""
    role = None if member is None else "master" if member.is_master else "replica"
    slots = member.slots if member else ()
    ranges = tuple(map(str, sorted(slots)))
    node = NodeStats(port, None, owner, role, master_port, state, reason, count_slots(slots), ranges)
    return replace(node, id=member.id, address=member.address) if member else node


def responding_node(now: Reading, previous: Reading | None, owner: str, member: Member | None) -> NodeStats:
    """A node that responds. Rates need a `previous` reading of the same process."""
    info = now.info
    role = _role(info)
    slots = sorted(member.slots) if member else []
    clients = to_int(info, "connected_clients")
    node = NodeStats(
        port=now.port,
        pid=to_int(info, "process_id"),
        owner=owner,
        role=role,
        master_port=to_int(info, "master_port") if role == "replica" else None,
        state=now.state,
        reason=now.reason,
        slots=count_slots(slots),
        slot_ranges=tuple(map(str, slots)),
        memory_bytes=to_int(info, "used_memory"),
        max_memory_bytes=to_int(info, "maxmemory"),
        connections=None if clients is None else max(0, clients - 1),  # without our own
        keys=count_keys(info),
        link_up=info.get("master_link_status") == "up" if role == "replica" else None,
        latency_ms=now.latency_ms,
        memory_peak_bytes=to_int(info, "used_memory_peak"),
        blocked_connections=to_int(info, "blocked_clients"),
        rejected_connections=to_int(info, "rejected_connections"),
        persistence=_persistence(info),
        uptime_seconds=to_int(info, "uptime_in_seconds"),
        version=_version(info),
        id=member.id if member else None,
        address=member.address if member else None,
        known_nodes=len(now.view.members) if now.view else None,
    )
    if previous is None or previous.info.get("run_id") != info.get("run_id") or now.at_s <= previous.at_s:
        return replace(node, ops_per_second=to_float(info, "instantaneous_ops_per_sec"))
    return _with_rates(node, now, previous)


def _role(info: Info) -> str | None:
    """None for a server whose INFO does not tell."""
    if info.get("cluster_enabled") == "1":
        return "replica" if info.get("role") == "slave" else "master"
    return "standalone" if "cluster_enabled" in info or "role" in info else None


def _version(info: Info) -> str | None:
    version = info.get("valkey_version") or info.get("redis_version")
    return printable(version[:MAX_VERSION_LENGTH]) if version else None


def _with_rates(node: NodeStats, now: Reading, previous: Reading) -> NodeStats:
    seconds = now.at_s - previous.at_s

    def rate(name: str, own_count: int = 0) -> float | None:
        newer, older = to_float(now.info, name), to_float(previous.info, name)
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
        return replace(node, replication_lag_seconds=to_float(info, "master_link_down_since_seconds"))
    master_offset = to_int(master, "master_repl_offset") if master else None
    replica_offset = to_int(info, "slave_repl_offset")
    lag_bytes = None if master_offset is None or replica_offset is None else max(0, master_offset - replica_offset)
    return replace(node, replication_lag_bytes=lag_bytes, replication_lag_seconds=_lag_seconds(node.port, master or {}))


def _lag_seconds(port: int, master: Info) -> float | None:
    """From the master's `slave0:ip=…,port=7003,state=online,offset=…,lag=0`."""
    replica = next((replica for replica in replicas_of(master) if replica.get("port") == str(port)), None)
    return to_float(replica, "lag") if replica else None


def _persistence(info: Info) -> Persistence | None:
    if "rdb_last_bgsave_status" not in info and "aof_enabled" not in info:
        return None
    ok = info.get("rdb_last_bgsave_status", "ok") == "ok" and info.get("aof_last_write_status", "ok") == "ok"
    return Persistence(ok, info.get("aof_enabled") == "1", to_int(info, "rdb_changes_since_last_save"))

"""What a node shows: rates from two readings, lags from a node and its master, and never a zero for silence. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rediscluster.topology.node_view import Member, View
from rediscluster.topology.slots import count

UP, DOWN, STOPPED = "up", "down", "stopped"
OURS, OTHER = "ours", "other"
Info = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Own:
    """Commands of ours that a node has counted."""

    commands: int = 0
    hits: int = 0
    misses: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at a node. `info` and `cluster` are empty when it did not answer; `reason` says why.

    `own`: what we had asked of the node before, to be taken off its own counts.
    """

    port: int
    at_s: float
    state: str
    reason: str | None
    info: Info
    cluster: Info
    view: View | None
    latency_ms: float | None
    own: Own = Own()


@dataclass(frozen=True, slots=True)
class Persistence:
    """`ok`: the last writes to disk worked. `changes_since_save` are lost when the node is killed, without `aof`."""

    ok: bool
    aof: bool
    changes_since_save: int | None


@dataclass(frozen=True, slots=True)
class Node:
    """The wire's node. Null is what is not known: of a node that does not answer, or of a first reading."""

    port: int
    pid: int | None
    owner: str
    role: str | None
    master_port: int | None
    state: str
    reason: str | None
    slots: int
    slot_ranges: tuple[str, ...]
    ops_per_second: float | None = None
    memory_bytes: int | None = None
    max_memory_bytes: int | None = None
    connections: int | None = None
    keys: int | None = None
    hit_rate_percent: float | None = None
    evicted_per_second: float | None = None
    expired_per_second: float | None = None
    errors_per_second: float | None = None
    network_in_bytes_per_second: float | None = None
    network_out_bytes_per_second: float | None = None
    cpu_percent: float | None = None
    replication_lag_bytes: int | None = None
    replication_lag_seconds: float | None = None
    link_up: bool | None = None
    latency_ms: float | None = None
    memory_peak_bytes: int | None = None
    blocked_connections: int | None = None
    rejected_connections: int | None = None
    persistence: Persistence | None = None
    uptime_seconds: int | None = None
    version: str | None = None


def absent(
    port: int, state: str, reason: str | None, owner: str, member: Member | None, master_port: int | None
) -> Node:
    """A node that does not answer, with what the others know of it."""
    role = None if member is None else "master" if member.is_master else "replica"
    held = member.slots if member else ()
    ranges = tuple(str(each) for each in sorted(held))
    return Node(port, None, owner, role, master_port, state, reason, count(held), ranges)


def measured(now: Reading, before: Reading | None, owner: str, member: Member | None) -> Node:
    """A node that answers. Rates need the reading `before`, of the same process."""
    info = now.info
    role = "replica" if info.get("role") == "slave" else "master"
    held = sorted(member.slots) if member else []
    node = Node(
        port=now.port,
        pid=_whole(info, "process_id"),
        owner=owner,
        role=role if info.get("cluster_enabled") == "1" else "standalone",
        master_port=_whole(info, "master_port") if role == "replica" else None,
        state=now.state,
        reason=now.reason,
        slots=count(held),
        slot_ranges=tuple(str(each) for each in held),
        memory_bytes=_whole(info, "used_memory"),
        max_memory_bytes=_whole(info, "maxmemory"),
        connections=max(0, (_whole(info, "connected_clients") or 0) - 1),  # the one less is ours
        keys=keys(info),
        link_up=info.get("master_link_status") == "up" if role == "replica" else None,
        latency_ms=now.latency_ms,
        memory_peak_bytes=_whole(info, "used_memory_peak"),
        blocked_connections=_whole(info, "blocked_clients"),
        rejected_connections=_whole(info, "rejected_connections"),
        persistence=_persistence(info),
        uptime_seconds=_whole(info, "uptime_in_seconds"),
        version=info.get("valkey_version") or info.get("redis_version"),
    )
    if before is None or before.info.get("run_id") != info.get("run_id") or now.at_s <= before.at_s:
        return replace(node, ops_per_second=_number(info, "instantaneous_ops_per_sec"))
    return _with_rates(node, now, before)


def _with_rates(node: Node, now: Reading, before: Reading) -> Node:
    seconds = now.at_s - before.at_s

    def rate(name: str, own: int = 0) -> float | None:
        newer, older = _number(now.info, name), _number(before.info, name)
        return None if newer is None or older is None else round(max(0.0, newer - older - own) / seconds, 2)

    hits = rate("keyspace_hits", now.own.hits - before.own.hits) or 0.0
    misses = rate("keyspace_misses", now.own.misses - before.own.misses) or 0.0
    system, user = rate("used_cpu_sys"), rate("used_cpu_user")
    return replace(
        node,
        ops_per_second=rate("total_commands_processed", now.own.commands - before.own.commands),
        hit_rate_percent=round(100 * hits / (hits + misses), 2) if hits + misses else None,
        evicted_per_second=rate("evicted_keys"),
        expired_per_second=rate("expired_keys"),
        errors_per_second=rate("total_error_replies"),
        network_in_bytes_per_second=rate("total_net_input_bytes"),
        network_out_bytes_per_second=rate("total_net_output_bytes"),
        cpu_percent=None if system is None or user is None else round(100 * (system + user), 1),
    )


def lagging(node: Node, info: Info, master: Info | None) -> Node:
    """A replica with its lag: bytes behind the master's offset, seconds since its last acknowledgement."""
    if node.role != "replica":
        return node
    if not node.link_up:
        return replace(node, replication_lag_seconds=_number(info, "master_link_down_since_seconds"))
    ahead, behind = (_whole(master, "master_repl_offset") if master else None), _whole(info, "slave_repl_offset")
    distance = None if ahead is None or behind is None else max(0, ahead - behind)
    return replace(
        node, replication_lag_bytes=distance, replication_lag_seconds=_seconds_behind(node.port, master or {})
    )


def _seconds_behind(port: int, master: Info) -> float | None:
    """From the master's `slave0:ip=…,port=7003,state=online,offset=…,lag=0`."""
    for index in range(_whole(master, "connected_slaves") or 0):
        told = dict(part.partition("=")[::2] for part in master.get(f"slave{index}", "").split(","))
        if told.get("port") == str(port):
            return _number(told, "lag")
    return None


def keys(info: Info) -> int:
    """From `db0:keys=3,expires=0,avg_ttl=0`; a cluster has only that database, a single server may have more."""
    databases = (value for name, value in info.items() if name.startswith("db") and value.startswith("keys="))
    return sum(int(value.partition("=")[2].partition(",")[0]) for value in databases)


def _persistence(info: Info) -> Persistence:
    ok = info.get("rdb_last_bgsave_status", "ok") == "ok" and info.get("aof_last_write_status", "ok") == "ok"
    return Persistence(ok, info.get("aof_enabled") == "1", _whole(info, "rdb_changes_since_last_save"))


def _number(info: Info, name: str) -> float | None:
    try:
        return float(info[name])
    except (KeyError, ValueError):
        return None


def _whole(info: Info, name: str) -> int | None:
    try:
        return int(info[name])
    except (KeyError, ValueError):
        return None

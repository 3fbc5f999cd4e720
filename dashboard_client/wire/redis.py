"""Types for the Redis Cluster. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Persistence:
    """`ok`: the last writes to disk succeeded. Without `aof`, `changes_since_save` are lost if the node is killed."""

    ok: bool = True
    aof: bool = False
    changes_since_save: int | None = None


@dataclass(frozen=True, slots=True)
class RedisNode:
    """`owner`: ours or other; `state`: up, loading, unresponsive, down, stopped; `slots`: number of slots."""

    port: int
    pid: int | None = None
    owner: str = "other"
    role: str | None = None
    master_port: int | None = None
    state: str = "up"
    reason: str | None = None
    slots: int = 0
    slot_ranges: tuple[str, ...] = ()
    ops_per_second: float | None = None
    memory_bytes: int | None = None
    memory_peak_bytes: int | None = None
    max_memory_bytes: int | None = None
    connections: int | None = None
    blocked_connections: int | None = None
    rejected_connections: int | None = None
    keys: int | None = None
    hit_rate_percent: float | None = None
    evicted_per_second: float | None = None
    expired_per_second: float | None = None
    errors_per_second: float | None = None
    replication_lag_bytes: int | None = None
    replication_lag_seconds: float | None = None
    link_up: bool | None = None
    latency_ms: float | None = None
    cpu_percent: float | None = None
    uptime_seconds: float | None = None
    version: str | None = None
    persistence: Persistence | None = None


@dataclass(frozen=True, slots=True)
class ShardReplica:
    port: int
    state: str = "up"
    link_up: bool | None = None
    lag_bytes: int | None = None
    lag_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Shard:
    master_port: int
    slots: tuple[str, ...] = ()
    slot_count: int = 0
    master_state: str = "up"
    keys: int | None = None
    memory_bytes: int | None = None
    ops_per_second: float | None = None
    hit_rate_percent: float | None = None
    replicas: tuple[ShardReplica, ...] = ()


@dataclass(frozen=True, slots=True)
class Cluster:
    """`state`: ok, fail, absent or stopped; `size`: masters with slots; `codes`: the frameworks' shared counter."""

    state: str = "absent"
    owner: str | None = None
    agreement: bool | None = None
    slots_ok: int = 0
    size: int = 0
    known_nodes: int = 0
    epoch: int | None = None
    ops_per_second: float | None = None
    keys: int | None = None
    memory_bytes: int | None = None
    codes: int | None = None
    lost: tuple[str, ...] = ()
    failovers: int = 0
    shards: tuple[Shard, ...] = ()


@dataclass(frozen=True, slots=True)
class RedisStats:
    stats: tuple[RedisNode, ...]
    cluster: Cluster = Cluster()
    timestamp: datetime | None = None


@dataclass(frozen=True, slots=True)
class RedisStatus:
    """`state`: absent, creating, running, degraded, stopped or failed; `operation`: the one in progress."""

    state: str
    message: str = ""
    next_step: str = ""
    owner: str | None = None
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """INFO: section → name → value, as sent by the node."""

    port: int
    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SlowCommand:
    at: datetime | None = None
    duration_ms: float = 0.0
    command: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class SlowLog:
    """Newest first. `threshold_ms`: slower commands are logged; None if logging is off."""

    port: int
    entries: tuple[SlowCommand, ...] = ()
    threshold_ms: float | None = None

"""Results of operations: a message, the shards, and the duration of each phase."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from rediscluster.topology.info import to_int
from rediscluster.topology.node_view import ClusterView
from rediscluster.topology.plan import MIN_MASTERS, Plan
from rediscluster.topology.ready_conditions import NodeReport
from system.lib.quantities import pluralize

PhaseCallback = Callable[[str, float | None], None]


@dataclass(frozen=True, slots=True)
class Shard:
    """A master with its slots, and its replicas."""

    slots: tuple[str, ...]
    master_port: int
    replica_ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FormedCluster:
    """A running cluster. `failover`: whether a lost master is replaced automatically."""

    state: str
    agreement: bool
    slots_ok: int
    size: int
    known_nodes: int
    epoch: int
    failover: Annotated[bool, "A lost master is replaced automatically"]
    shards: tuple[Shard, ...]


@dataclass(frozen=True, slots=True)
class OperationResult:
    """`phases`: milliseconds by name, in order. `changed`: false when there was nothing to do."""

    success: bool
    message: str
    nodes: tuple[int, ...]
    cluster: Annotated[FormedCluster | None, "Null when it is not running afterwards"]
    phases: Annotated[dict[str, float], "Milliseconds by phase, in order"]
    changed: bool
    warnings: tuple[str, ...]
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`deleted` and `left`: paths relative to the cluster's folder."""

    success: bool
    message: str
    deleted: tuple[str, ...]
    left: Annotated[tuple[str, ...], "Not ours"]
    timestamp: datetime


def ignore_phase(_phase: str, _ms: float | None) -> None:
    pass


@dataclass(slots=True)
class Phases:
    """Times the phases of an operation; calls `on_phase` at the start of each with None, at the end with its ms."""

    on_phase: PhaseCallback = ignore_phase
    ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        started_s = time.perf_counter()
        self.on_phase(name, None)
        yield
        self.ms[name] = round(1000 * (time.perf_counter() - started_s), 1)
        self.on_phase(name, self.ms[name])

    @property
    def seconds(self) -> float:
        return sum(self.ms.values()) / 1000


def list_shards(view: ClusterView) -> tuple[Shard, ...]:
    """In the order of their slots."""
    return tuple(
        Shard(
            tuple(map(str, master.slots)),
            master.port,
            tuple(replica.port for replica in view.replicas_of(master)),
        )
        for master in view.masters
    )


def describe_cluster(reports: Sequence[NodeReport], plan: Plan) -> FormedCluster:
    """A ready cluster, whose nodes agree."""
    info = reports[0].cluster
    view = next(report.view for report in reports if report.view)
    return FormedCluster(
        "running", True, to_int(info, "cluster_slots_ok") or 0, to_int(info, "cluster_size") or 0,
        to_int(info, "cluster_known_nodes") or 0,
        max(to_int(report.cluster, "cluster_current_epoch") or 0 for report in reports),
        plan.has_failover, list_shards(view),
    )  # fmt: skip


def few_masters_warning(plan: Plan) -> str | None:
    """A sentence if the plan has too few masters to elect one; else None."""
    if plan.masters >= MIN_MASTERS:
        return None
    return f"With {pluralize(plan.masters, 'master')} there is no automatic failover."


def make_outcome(
    message: str,
    plan: Plan,
    phases: Phases,
    *,
    reports: Sequence[NodeReport] = (),
    changed: bool = True,
    warnings: Sequence[str | None] = (),
) -> OperationResult:
    """`reports` of a running cluster; without them the outcome describes no cluster."""
    warning_texts = [warning for warning in warnings if warning]
    few_masters = few_masters_warning(plan)
    if reports and few_masters:
        warning_texts.append(few_masters)
    cluster = describe_cluster(reports, plan) if reports else None
    warned = tuple(warning_texts)
    return OperationResult(True, message, plan.ports, cluster, phases.ms, changed, warned, datetime.now(UTC))

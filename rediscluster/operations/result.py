"""What an operation answers: the fact, the shards, and how long each phase took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rediscluster.topology.node_view import View
from rediscluster.topology.plan import MIN_MASTERS, Plan
from rediscluster.topology.readiness import Account
from system.lib.quantities import several

Tell = Callable[[str, float | None], None]


@dataclass(frozen=True, slots=True)
class Shard:
    """A master with its slots, and the replicas behind it."""

    slots: tuple[str, ...]
    master_port: int
    replica_ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Formed:
    """A cluster that stands. `failover`: whether a lost master is replaced by itself."""

    state: str
    agreement: bool
    slots_ok: int
    size: int
    known_nodes: int
    epoch: int
    failover: bool
    shards: tuple[Shard, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`phases` in milliseconds, in their order. `changed`: false when it was so already."""

    success: bool
    message: str
    nodes: tuple[int, ...]
    cluster: Formed | None
    phases: dict[str, float]
    changed: bool
    warnings: tuple[str, ...]
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`deleted` and `left`: paths relative to the cluster's folder."""

    success: bool
    message: str
    deleted: tuple[str, ...]
    left: tuple[str, ...]
    timestamp: datetime


def silent(_phase: str, _ms: float | None) -> None:
    """Tells nobody."""


@dataclass(slots=True)
class Phases:
    """Times the steps of an operation, and tells whoever listens: at the begin with None, at the end with the ms."""

    tell: Tell = silent
    ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        self.tell(name, None)
        yield
        self.ms[name] = round(1000 * (time.perf_counter() - begun), 1)
        self.tell(name, self.ms[name])

    @property
    def seconds(self) -> float:
        return sum(self.ms.values()) / 1000


def shards(view: View) -> tuple[Shard, ...]:
    """In the order of their slots."""
    return tuple(
        Shard(
            tuple(str(each) for each in master.slots),
            master.port,
            tuple(each.port for each in view.replicas_of(master)),
        )
        for master in view.masters
    )


def formed(accounts: Sequence[Account], plan: Plan) -> Formed:
    """A ready cluster, as its nodes agree that it is."""
    told = accounts[0].cluster
    view = next(each.view for each in accounts if each.view)
    return Formed(
        "running", True, int(told["cluster_slots_ok"]), int(told["cluster_size"]), int(told["cluster_known_nodes"]),
        max(int(each.cluster["cluster_current_epoch"]) for each in accounts), plan.has_failover, shards(view),
    )  # fmt: skip


def done(
    message: str,
    plan: Plan,
    phases: Phases,
    *,
    accounts: Sequence[Account] = (),
    changed: bool = True,
    warnings: Sequence[str | None] = (),
) -> Outcome:
    """With `accounts` the cluster runs, and is described."""
    said = [each for each in warnings if each]
    if accounts and plan.masters < MIN_MASTERS:
        said.append(f"With {several(plan.masters, 'master')} there is no automatic failover.")
    cluster = formed(accounts, plan) if accounts else None
    return Outcome(True, message, plan.ports, cluster, phases.ms, changed, tuple(said), datetime.now(UTC))

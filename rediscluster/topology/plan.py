"""Plans a cluster: the number of nodes, their roles and their slots. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

from rediscluster.errors import InvalidPlan, TooFewMasters
from rediscluster.topology.slots import SlotRange, partition
from system.lib.quantities import pluralize

MIN_MASTERS = 3
BUS_OFFSET = 10_000  # a node's cluster bus listens on its port plus this
HIGHEST_PORT = 65_535 - BUS_OFFSET
PERSISTENCE = ("none", "rdb", "aof")


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """A master has `slots` and no `master_port`, a replica the reverse. `epoch` is unique per node."""

    port: int
    master_port: int | None
    slots: SlotRange | None
    epoch: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A valid shape. Equal plans describe the same cluster."""

    node_count: int
    replicas: int
    base_port: int
    max_memory_bytes: int
    persistence: str

    @property
    def masters(self) -> int:
        return self.node_count // (1 + self.replicas)

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(range(self.base_port, self.base_port + self.node_count))

    @property
    def has_failover(self) -> bool:
        return self.masters >= MIN_MASTERS and self.replicas > 0

    @property
    def nodes(self) -> tuple[PlannedNode, ...]:
        """Masters first, then the first replica of each, then the second of each."""
        ranges = partition(self.masters)
        return tuple(
            PlannedNode(
                port,
                master_port=None if index < self.masters else self.base_port + index % self.masters,
                slots=ranges[index] if index < self.masters else None,
                epoch=index + 1,
            )
            for index, port in enumerate(self.ports)
        )

    def __str__(self) -> str:
        masters = pluralize(self.masters, "master")
        if not self.replicas:
            return f"{masters} without replicas"
        return f"{masters} with {pluralize(self.replicas, 'replica')} each"


def default_replicas(node_count: int) -> int:
    if node_count >= 6 and node_count % 2 == 0:
        return 1
    return 2 if node_count >= 9 and node_count % 3 == 0 else 0


def nearest_node_counts(node_count: int, replicas: int, max_nodes: int) -> list[int]:
    """The valid numbers of nodes just below (or equal) and just above `node_count`."""
    size = 1 + replicas
    valid = list(range(size * MIN_MASTERS, max_nodes + 1, size))
    below = [count for count in valid if count <= node_count][-1:]
    above = [count for count in valid if count > node_count][:1]
    return below + above


def make_plan(
    node_count: int,
    *,
    replicas: int | None,
    base_port: int,
    max_memory_bytes: int = 0,
    persistence: str = "none",
    allow_no_failover: bool = False,
    max_nodes: int,
) -> Plan:
    """Raises InvalidPlan, TooFewMasters; both name possible alternatives."""
    if node_count > max_nodes:
        raise InvalidPlan(
            f"{node_count} nodes exceed the limit of {max_nodes} (REDIS_MAX_NODES).",
            nodeCount=[f"At most {max_nodes}."],
        )
    per_master = default_replicas(node_count) if replicas is None else replicas
    _check_shape(node_count, per_master, allow_no_failover, max_nodes)
    if base_port + node_count - 1 > HIGHEST_PORT:
        raise InvalidPlan(
            f"{node_count} nodes from port {base_port} end above {HIGHEST_PORT}: a node's bus port is "
            f"its port + {BUS_OFFSET}.",
            basePort=[f"At most {HIGHEST_PORT - node_count + 1} for {node_count} nodes."],
        )
    return Plan(node_count, per_master, base_port, max_memory_bytes, persistence)


def _check_shape(node_count: int, replicas: int, allow_no_failover: bool, max_nodes: int) -> None:
    nearest = nearest_node_counts(node_count, replicas, max_nodes)
    alternatives = f" Possible with {replicas} per master: {' or '.join(map(str, nearest))} nodes." if nearest else ""
    masters, remainder = divmod(node_count, 1 + replicas)
    replicas_text = pluralize(replicas, "replica")
    if remainder:
        raise InvalidPlan(
            f"{node_count} nodes cannot be divided into masters with {replicas_text} each.{alternatives}",
            nodeCount=[f"A multiple of {1 + replicas}."],
            nearest=nearest,
        )
    if masters < MIN_MASTERS and not allow_no_failover:
        raise TooFewMasters(
            f"{node_count} nodes with {replicas_text} per master make {pluralize(masters, 'master')}; failover needs "
            f"at least {MIN_MASTERS}.{alternatives} Or allow it (allowNoFailover: true).",
            nodeCount=[f"At least {MIN_MASTERS * (1 + replicas)}."],
            nearest=nearest,
        )

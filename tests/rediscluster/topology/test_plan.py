from __future__ import annotations

from typing import Any

import pytest

from rediscluster.errors import InvalidPlan, TooFewMasters
from rediscluster.topology import plan
from rediscluster.topology.plan import PlannedNode
from rediscluster.topology.slots import SlotRange


def make(node_count: int, replicas: int | None = None, **options: Any) -> plan.Plan:
    return plan.make_plan(node_count, **{"replicas": replicas, "base_port": 7000, "max_nodes": 30, **options})


@pytest.mark.parametrize(
    ("nodes", "replicas"), [(3, 0), (4, 0), (5, 0), (6, 1), (7, 0), (8, 1), (9, 2), (12, 1), (15, 2), (30, 1)]
)
def test_the_default_number_of_replicas(nodes: int, replicas: int) -> None:
    assert make(nodes).replicas == replicas


def test_six_nodes_are_three_masters_with_a_replica_each() -> None:
    six = make(6)

    assert six.nodes == (
        PlannedNode(7000, None, SlotRange(0, 5460), 1),
        PlannedNode(7001, None, SlotRange(5461, 10922), 2),
        PlannedNode(7002, None, SlotRange(10923, 16383), 3),
        PlannedNode(7003, 7000, None, 4),
        PlannedNode(7004, 7001, None, 5),
        PlannedNode(7005, 7002, None, 6),
    )
    assert (str(six), six.has_failover) == ("3 masters with 1 replica each", True)


def test_too_few_masters_are_refused_with_an_alternative() -> None:
    with pytest.raises(TooFewMasters) as caught:
        make(4, 1)

    assert str(caught.value) == (
        "4 nodes with 1 replica per master make 2 masters; failover needs at least 3. "
        "Possible with 1 per master: 6 nodes. Or allow it (allowNoFailover: true)."
    )
    assert caught.value.fields == {"nodeCount": ["At least 6."], "nearest": [6]}


@pytest.mark.parametrize("nodes", [1, 2])
def test_one_or_two_masters_when_allowed(nodes: int) -> None:
    small = make(nodes, allow_no_failover=True)

    assert (small.masters, small.has_failover) == (nodes, False)


@pytest.mark.parametrize(
    ("nodes", "replicas", "options", "nearest"),
    [(7, 1, {}, [6, 8]), (31, None, {}, None), (6, None, {"base_port": 55531}, None), (10, 2, {}, [9, 12])],
)
def test_an_impossible_shape(
    nodes: int, replicas: int | None, options: dict[str, Any], nearest: list[int] | None
) -> None:
    with pytest.raises(InvalidPlan) as caught:
        make(nodes, replicas, **options)

    assert caught.value.fields
    assert caught.value.fields.get("nearest") == nearest


def test_the_highest_port_leaves_room_for_the_bus() -> None:
    assert make(6, base_port=55530).ports[-1] == 55535

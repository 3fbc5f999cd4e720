from __future__ import annotations

from rediscluster.topology.node_view import parse_cluster_nodes
from rediscluster.topology.open_slots import OpenSlot, find_open_slots

A, B = "a" * 40, "b" * 40
FIRST = f"{A} 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-8191 [93->-{B}]\n{B} 10.0.0.2:7001@17001 master - 0 1 2 connected\n"
SECOND = f"{A} 127.0.0.1:7000@17000 master - 0 0 1 connected 0-8191\n{B} :7001@17001 myself,master - 0 1 2 connected [93-<-{A}] [95-<-{'c' * 40}]\n"  # fmt: skip


def test_the_ends_of_all_nodes_are_put_together() -> None:
    views = [parse_cluster_nodes(FIRST), parse_cluster_nodes(SECOND)]

    assert find_open_slots(views) == (
        OpenSlot(93, "7000", "7001", True, True),
        OpenSlot(95, "c" * 40, "7001", False, True),
    )
    assert find_open_slots(views[:1]) == (OpenSlot(93, "7000", "10.0.0.2:7001", True, False),)


def test_an_open_slot_names_the_end_that_has_it_as_open() -> None:
    ends = [(True, True), (True, False), (False, True)]

    assert [str(OpenSlot(93, "7000", "7001", *open_at)) for open_at in ends] == [
        "slot 93 from 7000 to 7001",
        "slot 93 from 7000 to 7001 (only 7000 has it as open)",
        "slot 93 from 7000 to 7001 (only 7001 has it as open)",
    ]

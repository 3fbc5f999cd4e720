from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rediscluster.errors import ReplyNotUnderstood
from rediscluster.topology import node_view, ready_conditions
from rediscluster.topology.ready_conditions import NodeReport
from rediscluster.topology.slots import SlotRange

A, B, C = "a" * 40, "b" * 40, "c" * 40
CLUSTER_NODES = f"""{A} 127.0.0.1:7000@17000,host.local myself,master - 0 0 1 connected 0-8191 8193
{B} 127.0.0.1:7001@17001 master - 0 1 2 connected 8192 8194-16383 [93->-{A}]
{C} 127.0.0.1:7002@17002 slave {A} 0 1 1 connected
"""
OK = {"cluster_state": "ok", "cluster_slots_ok": "16384"}


def report(
    port: int, cluster_nodes: str = CLUSTER_NODES, cluster: dict[str, str] | None = None, **replication: str
) -> NodeReport:
    return NodeReport(
        port, node_view.parse_cluster_nodes(cluster_nodes), OK if cluster is None else cluster, replication
    )


def test_cluster_nodes_is_parsed() -> None:
    view = node_view.parse_cluster_nodes(CLUSTER_NODES)

    assert view.myself.port == 7000
    assert [(master.port, master.slots) for master in view.masters] == [
        (7000, (SlotRange(0, 8191), SlotRange(8193, 8193))),
        (7001, (SlotRange(8192, 8192), SlotRange(8194, 16383))),
    ]
    assert [replica.port for replica in view.replicas_of(view.myself)] == [7002]
    assert view.unserved_slots == ()


@pytest.mark.parametrize(
    "line",
    [
        "OK",
        f"{A} 127.0.0.1:7000@17000 myself,master - 0 0 1",
        f"{A} 127.0.0.1:70000@17000 myself,master - 0 0 1 connected",
        f"{A} 127.0.0.1@17000 myself,master - 0 0 1 connected",
        f"{A} 127.0.0.1:-7000@17000 myself,master - 0 0 1 connected",
        f"{A} 127.0.0.1:7000@17000 myself,master - 0 0 -1 connected",
        f"{A} 127.0.0.1:7000@17000 myself,master - 0 0 1_0 connected",
        f"{A} 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 5-1",
        f"{A} 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-16384",
        f"{A} 127.0.0.1:7000@17000 myself,master - 0 0 1 connected all",
        f"{A} 127.0.0.1:7000@17000 myself,master - 0 0 1 connected [93-->{B}",
    ],
)
def test_a_line_of_another_form_is_not_understood(line: str) -> None:
    with pytest.raises(ReplyNotUnderstood) as caught:
        node_view.parse_cluster_nodes(line)

    excerpt = repr(line) if len(repr(line)) <= 80 else f"{line!r}"[:80] + "…"
    assert caught.value.reason == f"not understood: CLUSTER NODES was answered with {excerpt}"


@pytest.mark.parametrize("text", ["", CLUSTER_NODES.replace("myself,", ""), CLUSTER_NODES * 2, "\n" * 2**21])
def test_a_map_without_the_node_that_replied_or_with_it_twice_is_not_understood(text: str) -> None:
    with pytest.raises(ReplyNotUnderstood):
        node_view.parse_cluster_nodes(text)


FIELDS = st.lists(
    st.one_of(
        st.sampled_from([A, B, "127.0.0.1:7000@17000", ":0@0", "myself,master", "slave", "-", "0", "1", "connected", "0-5", "[93->-"]),
        st.text(st.sampled_from("0123456789-:@,[]<>"), max_size=12),
        st.text(max_size=8),
    ),
    max_size=12,
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(FIELDS.map(" ".join), max_size=4).map("\n".join)))
def test_any_text_is_a_view_or_not_understood(text: str) -> None:
    try:
        view = node_view.parse_cluster_nodes(text)
    except ReplyNotUnderstood:
        return

    assert view.myself in view.members
    assert all(0 <= first.first <= first.last < 16384 for member in view.members for first in member.slots)
    assert len(view.signature) == len(view.members)
    assert all(master.slots for master in view.masters)


def test_a_failed_master_serves_nothing() -> None:
    view = node_view.parse_cluster_nodes(CLUSTER_NODES.replace(":7001@17001 master", ":7001@17001 master,fail"))

    assert view.unserved_slots == (SlotRange(8192, 8192), SlotRange(8194, 16383))


def view_of(myself: str, **flags: str) -> node_view.ClusterView:
    """Three masters a, b and c, as this one has them; `flags` in place of `master`."""
    lines = [
        f"{name} 127.0.0.1:{port}@17000 {'myself,' if name == myself else ''}{flags.get(name, 'master')} - 0 0 1 connected"
        for name, port in (("a", 7000), ("b", 7001), ("c", 7002))
    ]
    return node_view.parse_cluster_nodes("\n".join(lines))


@pytest.mark.parametrize("flag", ["master,fail?", "master,fail", "master,noaddr", "handshake"])
def test_a_node_is_unreachable_when_most_others_cannot_reach_it(flag: str) -> None:
    cut_off = view_of("a", b="master,fail?", c="master,fail?")

    assert node_view.unreachable_ids([view_of("a"), view_of("b"), view_of("c")]) == frozenset()
    assert node_view.unreachable_ids([cut_off, view_of("b", a=flag), view_of("c", a=flag)]) == {"a"}
    assert node_view.unreachable_ids([view_of("b", a=flag), view_of("c")]) == frozenset()
    assert node_view.unreachable_ids([view_of("b", a=flag)]) == {"a"}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:7000@17000", "7000"),
        (":7000@17000", "7000"),
        ("::1:7000@17000", "7000"),
        ("10.0.0.2:7000@17000,node-2,shard-id=1", "10.0.0.2:7000"),
        ("fd00::2:7000", "fd00::2:7000"),
        (":0@0", None),
    ],
)
def test_the_address_is_the_port_on_this_machine(address: str, expected: str | None) -> None:
    [member] = node_view.parse_cluster_nodes(f"a {address} myself,master - 0 0 1 connected").members

    assert member.address == expected


def test_a_port_is_looked_up_on_this_machine() -> None:
    others = "b 10.0.0.2:7000@1 master - 0 0 1 connected\na 127.0.0.1:7000@1 myself,master - 0 0 1 connected"
    member = node_view.parse_cluster_nodes(others).by_port(7000)

    assert member is not None
    assert member.id == "a"


def test_a_healthy_cluster_is_ready() -> None:
    other = CLUSTER_NODES.replace("myself,", "").replace(":7001@17001 master", ":7001@17001 myself,master")

    assert ready_conditions.unmet_conditions([report(7000), report(7001, other)], 3) == []


def test_what_keeps_a_cluster_from_being_ready() -> None:
    waiting = CLUSTER_NODES.replace(":7002@17002 slave", ":7002@17002 handshake")
    without = CLUSTER_NODES.replace(" 0-8191 8193", "")

    assert ready_conditions.unmet_conditions([report(7000), NodeReport(7001, None, {}, {})], 3) == [
        "no reply from 7001"
    ]
    not_understood = NodeReport(7002, None, {}, {}, "not understood: …")
    assert ready_conditions.unmet_conditions([report(7000), NodeReport(7001, None, {}, {}), not_understood], 3) == [
        "no reply from 7001", "7002 is not understood: …",
    ]  # fmt: skip
    assert ready_conditions.unmet_conditions([report(7000, waiting)], 3) == ["7000 sees 7002 as handshake"]
    assert ready_conditions.unmet_conditions([report(7000)], 4) == ["7000 knows 3 of 4 nodes"]
    assert ready_conditions.unmet_conditions([report(7000, cluster={"cluster_state": "fail"})], 3) == [
        "7000 reports cluster_state:fail"
    ]
    assert ready_conditions.unmet_conditions(
        [report(7002, role="slave", master_link_status="down", master_port="7000")], 3
    ) == ["replica 7002 is not linked to its master 7000"]
    assert ready_conditions.unmet_conditions([report(7000, without)], 3) == [
        "7000 sees no master for slots 0-8191, 8193"
    ]
    swapped = CLUSTER_NODES.replace(f"slave {A}", f"slave {B}")
    assert ready_conditions.unmet_conditions([report(7000), report(7001, swapped)], 3) == [
        "the nodes do not agree on the slot assignment"
    ]

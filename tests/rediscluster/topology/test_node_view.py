from __future__ import annotations

from rediscluster.topology import node_view, readiness
from rediscluster.topology.readiness import Account
from rediscluster.topology.slots import SlotRange

A, B, C = "a" * 40, "b" * 40, "c" * 40
TOLD = f"""{A} 127.0.0.1:7000@17000,host.local myself,master - 0 0 1 connected 0-8191 8193
{B} 127.0.0.1:7001@17001 master - 0 1 2 connected 8192 8194-16383 [93->-{A}]
{C} 127.0.0.1:7002@17002 slave {A} 0 1 1 connected
"""
OK = {"cluster_state": "ok", "cluster_slots_ok": "16384"}


def account(port: int, told: str = TOLD, cluster: dict[str, str] | None = None, **replication: str) -> Account:
    return Account(port, node_view.parse(told), OK if cluster is None else cluster, replication)


def test_a_view_is_read() -> None:
    view = node_view.parse(TOLD)

    assert view.me.port == 7000
    assert [(each.port, each.slots) for each in view.masters] == [
        (7000, (SlotRange(0, 8191), SlotRange(8193, 8193))),
        (7001, (SlotRange(8192, 8192), SlotRange(8194, 16383))),
    ]
    assert [each.port for each in view.replicas_of(view.me)] == [7002]
    assert view.unserved == ()


def test_a_failed_master_serves_nothing() -> None:
    view = node_view.parse(TOLD.replace(":7001@17001 master", ":7001@17001 master,fail"))

    assert view.unserved == (SlotRange(8192, 8192), SlotRange(8194, 16383))


def test_a_whole_cluster_is_ready() -> None:
    other = TOLD.replace("myself,", "").replace(":7001@17001 master", ":7001@17001 myself,master")

    assert readiness.missing([account(7000), account(7001, other)], 3) == []


def test_what_keeps_a_cluster_from_being_ready() -> None:
    waiting = TOLD.replace(":7002@17002 slave", ":7002@17002 handshake")
    without = TOLD.replace(" 0-8191 8193", "")

    assert readiness.missing([account(7000), Account(7001, None, {}, {})], 3) == ["no answer from 7001"]
    assert readiness.missing([account(7000, waiting)], 3) == ["7000 sees 7002 as handshake"]
    assert readiness.missing([account(7000)], 4) == ["7000 knows 3 of 4 nodes"]
    assert readiness.missing([account(7000, cluster={"cluster_state": "fail"})], 3) == ["7000 says cluster_state:fail"]
    assert readiness.missing([account(7002, role="slave", master_link_status="down", master_port="7000")], 3) == [
        "replica 7002 is not linked to its master 7000"
    ]
    assert readiness.missing([account(7000, without)], 3) == ["7000 knows no master for slots 0-8191, 8193"]
    swapped = TOLD.replace(f"slave {A}", f"slave {B}")
    assert readiness.missing([account(7000), account(7001, swapped)], 3) == [
        "the nodes do not agree on who has which slots"
    ]

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from rediscluster.errors import FailoverRefused, UnknownNode
from rediscluster.nodes import manifest, survey
from rediscluster.nodes.manifest import Manifest
from rediscluster.nodes.resp import Command, parse_error
from rediscluster.operations import failover
from rediscluster.operations.result import Phases
from rediscluster.topology import node_view, plan
from rediscluster.topology.ready_conditions import NodeReport
from tests.rediscluster.operations.fake_node import FakeNode

A, B, C = "a" * 40, "b" * 40, "c" * 40
# 7000 has the replicas 7003 and 7006, 7001 has 7004, 7002 has none.
CLUSTER_NODES = f"""{A} 127.0.0.1:7000@17000 master - 0 0 1 connected 0-5460
{B} 127.0.0.1:7001@17001 master - 0 1 2 connected 5461-10922
{C} 127.0.0.1:7002@17002 master - 0 1 3 connected 10923-16383
{"d" * 40} 127.0.0.1:7003@17003 slave {A} 0 1 1 connected
{"e" * 40} 127.0.0.1:7004@17004 slave {B} 0 1 2 connected
{"f" * 40} 127.0.0.1:7006@17006 slave {A} 0 1 1 connected
"""
PORTS = (7000, 7001, 7002, 7003, 7004, 7006)


def make_reports(ports: Sequence[int], cluster_nodes: str = CLUSTER_NODES) -> list[NodeReport]:
    """The reports of the nodes on these ports, which agree on the map."""
    texts = [re.sub(rf"(:{port}@\d+) ", r"\1 myself,", cluster_nodes) for port in ports]
    return [
        NodeReport(port, node_view.parse_cluster_nodes(text), {}, {}) for port, text in zip(ports, texts, strict=True)
    ]


def alive_without(*down: int) -> list[NodeReport]:
    return make_reports([port for port in PORTS if port not in down])


@pytest.mark.parametrize(
    ("port", "down", "expected"),
    [
        (7000, (), (7003, False)),
        (7000, (7003,), (7006, False)),
        (7001, (), (7004, False)),
        (7003, (), (7003, False)),
        (7006, (), (7006, False)),
        (7000, (7000,), (7003, True)),
        (7000, (7000, 7003), (7006, True)),
        (7006, (7000,), (7006, True)),
        (7001, (7000,), (7004, False)),
    ],
)
def test_the_replica_to_promote(port: int, down: tuple[int, ...], expected: tuple[int, bool]) -> None:
    assert failover._select_replica(port, alive_without(*down)) == expected


@pytest.mark.parametrize(
    ("port", "down"), [(7002, ()), (7000, (7003, 7006)), (7001, (7001, 7004)), (7003, (7003,)), (7004, (7001, 7004))]
)
def test_a_shard_without_a_live_replica_is_not_failed_over(port: int, down: tuple[int, ...]) -> None:
    with pytest.raises(FailoverRefused) as caught:
        failover._select_replica(port, alive_without(*down))

    assert str(caught.value) == f"The shard of {port} has no replica that could take over."


def test_without_a_report_there_is_nothing_to_fail_over() -> None:
    with pytest.raises(FailoverRefused) as caught:
        failover._select_replica(7000, [])

    assert str(caught.value) == "No node of the cluster responds. Resume it first."


def test_the_replica_is_found_though_the_first_node_knows_only_itself() -> None:
    alone = f"{'9' * 40} :7001@17001 myself,master - 0 0 0 connected\n"
    reports = [NodeReport(7001, node_view.parse_cluster_nodes(alone), {}, {}), *alive_without(7001)]

    assert failover._select_replica(7000, reports) == (7003, False)


def test_a_node_that_no_other_knows_cannot_be_failed_over() -> None:
    with pytest.raises(FailoverRefused) as caught:
        failover._select_replica(7009, alive_without())

    assert str(caught.value) == "The nodes that respond do not know a node on 7009. Resume it first."


async def test_a_port_of_no_node_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    three_masters = plan.make_plan(3, replicas=0, base_port=7000, max_nodes=30)

    async def load_own_cluster() -> Manifest:
        return manifest.new_manifest(three_masters, Path("/usr/bin/redis-server"), "7.0.15")

    monkeypatch.setattr(failover, "load_own_cluster", load_own_cluster)

    with pytest.raises(UnknownNode) as caught:
        await failover.fail_over_shard(7999, Phases())

    assert str(caught.value) == "The cluster has no node on port 7999. Nodes: 7000, 7001, 7002."


@pytest.mark.parametrize(
    ("down", "expected"),
    [
        ((), []),
        ((7000,), [7003]),
        ((7000, 7003), [7006]),
        ((7001, 7000), [7003, 7004]),
        ((7002,), []),
        ((7000, 7003, 7006), []),
        ((7003,), []),
    ],
)
def test_a_lost_master_has_one_orphaned_replica(down: tuple[int, ...], expected: list[int]) -> None:
    assert failover._orphaned_replicas(alive_without(*down), down) == expected


def test_a_replaced_master_has_no_orphans() -> None:
    elected = CLUSTER_NODES.replace(f"slave {A} 0 1 1 connected\n{'e' * 40}", f"master - 0 1 4 connected\n{'e' * 40}")
    elected = elected.replace(f"slave {A}", f"slave {'d' * 40}")

    assert failover._orphaned_replicas(make_reports((7001, 7002, 7003, 7006), elected), (7000,)) == []


def test_a_silent_node_is_no_orphan() -> None:
    assert failover._orphaned_replicas([NodeReport(7003, None, {}, {})], (7000,)) == []


class Replica(FakeNode):
    """Becomes master at the poll with this number, counted from 1; never with None. `refusal`: of CLUSTER FAILOVER."""

    def __init__(self, master_at_poll: int | None = None, refusal: str = "") -> None:
        super().__init__(7003, self._reply_to)
        self.polls, self.master_at_poll, self.refusal = 0, master_at_poll, refusal

    def _reply_to(self, command: Command) -> object:
        if command[:2] == ("CLUSTER", "FAILOVER"):
            return parse_error(self.refusal) if self.refusal else "OK"
        if command == ("CLUSTER", "NODES"):
            self.polls += 1
            return CLUSTER_NODES.replace(":7003@17003 ", ":7003@17003 myself,")
        is_master = self.master_at_poll is not None and self.polls >= self.master_at_poll
        return f"role:{'master' if is_master else 'slave'}\r\n"


@pytest.fixture
def _short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failover, "PROMOTION_TIMEOUT_S", 0.02)
    monkeypatch.setattr(failover, "POLL_S", 0.001)


@pytest.mark.parametrize(
    ("option", "command"),
    [
        (None, ("CLUSTER", "FAILOVER")),
        ("FORCE", ("CLUSTER", "FAILOVER", "FORCE")),
        ("TAKEOVER", ("CLUSTER", "FAILOVER", "TAKEOVER")),
    ],
)
async def test_a_promotion_is_finished_when_the_node_is_master(
    option: str | None, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failover, "POLL_S", 0.001)
    replica = Replica(master_at_poll=3)

    await failover._promote(replica, option)

    assert replica.sent == [command, *survey.REPORT_COMMANDS * 3]


@pytest.mark.usefixtures("_short_times")
async def test_a_node_that_refuses_to_take_over() -> None:
    replica = Replica(refusal="Master is down or failed, please use CLUSTER FAILOVER FORCE")

    with pytest.raises(FailoverRefused) as caught:
        await failover._promote(replica, None)

    assert str(caught.value) == ("7003 cannot take over: Master is down or failed, please use CLUSTER FAILOVER FORCE.")
    assert replica.sent == [("CLUSTER", "FAILOVER")]


@pytest.mark.usefixtures("_short_times")
async def test_a_node_that_never_becomes_master() -> None:
    with pytest.raises(FailoverRefused) as caught:
        await failover._promote(Replica(), "FORCE")

    assert str(caught.value) == "7003 did not become master within 0.02 s; the shard is unchanged."

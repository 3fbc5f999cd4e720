from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping

import pytest

from rediscluster.errors import CommandRefused, DiskFull, NodeUnreachable, NotOurs, NotReady, ProbeFailed
from rediscluster.nodes.resp import Command, parse_error
from rediscluster.operations import form_cluster, result
from rediscluster.operations.result import Shard
from rediscluster.topology import node_view, plan, slots
from rediscluster.topology.ready_conditions import NodeReport
from rediscluster.topology.slots import SlotRange
from tests.rediscluster.operations.fake_node import FakeNode

A, B, C = "a" * 40, "b" * 40, "c" * 40
CLUSTER_NODES = f"""{A} 127.0.0.1:7000@17000 master - 0 0 1 connected 0-5460
{B} 127.0.0.1:7001@17001 master - 0 1 2 connected 5461-10922
{C} 127.0.0.1:7002@17002 master - 0 1 3 connected 10923-16383
"""
SIX_NODES = plan.make_plan(6, replicas=1, base_port=7000, max_nodes=30)
FORMING = ("CONFIG", "SET", "cluster-node-timeout", 500)


def as_seen_by(port: int, cluster_nodes: str = CLUSTER_NODES) -> str:
    return re.sub(rf"(:{port}@\d+) ", r"\1 myself,", cluster_nodes)


def make_report(port: int, cluster_nodes: str) -> NodeReport:
    return NodeReport(port, node_view.parse_cluster_nodes(as_seen_by(port, cluster_nodes)), {}, {})


@pytest.mark.parametrize("count", [3, 11, 12])
def test_in_a_small_cluster_every_node_meets_every_other_once(count: int) -> None:
    ports = tuple(range(7000, 7000 + count))

    meetings = form_cluster._plan_meetings(ports)

    assert [port for port, _others in meetings] == list(ports)
    assert [(port, other) for port, others in meetings for other in others] == list(itertools.combinations(ports, 2))


@pytest.mark.parametrize("count", [13, 30])
def test_in_a_large_cluster_all_nodes_and_the_first_meet(count: int) -> None:
    first, *others = ports = tuple(range(7000, 7000 + count))

    assert form_cluster._plan_meetings(ports) == [(first, tuple(others)), *((port, (first,)) for port in others)]


class NewNode(FakeNode):
    """Holds `keys` and knows `known` nodes. `errors`: the replies to refused commands, by the second word."""

    def __init__(
        self, port: int = 7000, keys: int = 0, known: int = 1, errors: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(port, self._reply_to)
        self.keys, self.known, self.errors = keys, known, errors or {}

    def _reply_to(self, command: Command) -> object:
        if command == ("DBSIZE",):
            return self.keys
        if error := self.errors.get(str(command[1])):
            return parse_error(error)
        return f"cluster_state:fail\r\ncluster_known_nodes:{self.known}\r\n" if "INFO" in command else "OK"


@pytest.mark.parametrize(
    ("index", "commands"),
    [
        (0, [("CLUSTER", "SET-CONFIG-EPOCH", 1), FORMING, ("CLUSTER", "ADDSLOTSRANGE", 0, 5460)]),
        (2, [("CLUSTER", "SET-CONFIG-EPOCH", 3), FORMING, ("CLUSTER", "ADDSLOTSRANGE", 10923, 16383)]),
        (3, [("CLUSTER", "SET-CONFIG-EPOCH", 4), FORMING]),
    ],
)
async def test_masters_get_slots_and_all_nodes_an_epoch(index: int, commands: list[Command]) -> None:
    planned = SIX_NODES.nodes[index]
    node = NewNode(planned.port)

    await form_cluster._assign_slots(node, planned)

    assert node.sent == [("DBSIZE",), ("CLUSTER", "INFO"), *commands]


@pytest.mark.parametrize(("keys", "known"), [(3, 1), (0, 6), (7, 2)])
async def test_a_node_with_keys_or_a_cluster_is_not_ours(keys: int, known: int) -> None:
    node = NewNode(keys=keys, known=known)

    with pytest.raises(NotOurs) as caught:
        await form_cluster._assign_slots(node, SIX_NODES.nodes[0])

    assert str(caught.value) == f"The node on 7000 is not empty: it holds {keys} keys and knows {known} nodes."
    assert node.sent == [("DBSIZE",), ("CLUSTER", "INFO")]


@pytest.mark.parametrize(
    ("command", "errors"),
    [
        ("CLUSTER INFO", {"INFO": "This instance has cluster support disabled"}),
        ("CLUSTER SET-CONFIG-EPOCH", {"SET-CONFIG-EPOCH": "Node config epoch is already non-zero"}),
        ("CONFIG SET", {"SET": "Unknown option"}),
        ("CLUSTER ADDSLOTSRANGE", {"ADDSLOTSRANGE": "Slot 0 is already busy"}),
        ("CONFIG SET", {"ADDSLOTSRANGE": "Slot 0 is already busy", "SET": "Unknown option"}),
    ],
)
async def test_the_first_refused_command_is_reported(command: str, errors: dict[str, str]) -> None:
    node = NewNode(errors=errors)

    with pytest.raises(CommandRefused) as caught:
        await form_cluster._assign_slots(node, SIX_NODES.nodes[0])

    reason = list(errors.values())[-1]
    assert str(caught.value) == f"The node on 7000 rejected {command}: {reason}."


@pytest.mark.parametrize(
    ("cluster_nodes", "unknown"),
    [
        (CLUSTER_NODES, [7003, 7004, 7005]),
        (CLUSTER_NODES.replace(":7002@17002 master", ":7002@17002 handshake"), [7002, 7003, 7004, 7005]),
        (CLUSTER_NODES.replace(":7002@17002 master", ":7002@17002 master,fail"), [7003, 7004, 7005]),
    ],
)
def test_a_node_in_a_handshake_is_still_unknown(cluster_nodes: str, unknown: list[int]) -> None:
    assert form_cluster._unknown_ports(make_report(7000, cluster_nodes), SIX_NODES) == unknown


def test_what_a_silent_node_knows_is_not_known() -> None:
    assert form_cluster._unknown_ports(NodeReport(7000, None, {}, {}), SIX_NODES) == []


class Member(FakeNode):
    """Reports the members' common map, seen by itself. REPLICATE makes it a replica there; only with `replicas` of
    them the cluster is ok."""

    def __init__(self, port: int, maps: dict[str, str], replicas: int) -> None:
        super().__init__(port, self._reply_to)
        self.maps, self.replicas = maps, replicas

    def _reply_to(self, command: Command) -> object:
        if command == ("CLUSTER", "NODES"):
            return as_seen_by(self.port, self.maps["all"])
        if command == ("CLUSTER", "INFO"):
            is_ok = self.maps["all"].count(" slave ") == self.replicas
            return f"cluster_state:{'ok' if is_ok else 'fail'}\r\ncluster_slots_ok:16384\r\n"
        if command[:2] == ("CLUSTER", "REPLICATE"):
            self.maps["all"] = re.sub(rf"(:{self.port}@\d+) master -", rf"\1 slave {command[2]}", self.maps["all"])
        return "role:slave\r\nmaster_link_status:up\r\n" if command == ("INFO", "replication") else "OK"


def members_of(cluster_nodes: str, ports: Iterable[int], replicas: int = 0) -> dict[int, Member]:
    maps = {"all": cluster_nodes}
    return {port: Member(port, maps, replicas) for port in ports}


async def test_a_ready_cluster_is_reported_at_once() -> None:
    nodes = members_of(CLUSTER_NODES, (7000, 7001, 7002))

    reports = await form_cluster.wait_until_ready(nodes, None, within_s=0, aftermath="")

    assert [report.port for report in reports] == [7000, 7001, 7002]
    assert form_cluster.agreed_view(reports) == node_view.parse_cluster_nodes(as_seen_by(7000))


async def test_replicas_are_attached_to_their_planned_masters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_cluster, "POLL_S", 0.001)
    without_slots = "".join(
        f"{name * 40} 127.0.0.1:{port}@{port + 10_000} master - 0 1 {port - 6999} connected\n"
        for port, name in ((7003, "d"), (7004, "e"), (7005, "f"))
    )
    nodes = members_of(CLUSTER_NODES + without_slots, SIX_NODES.ports, replicas=3)

    reports = await form_cluster.wait_until_ready(nodes, SIX_NODES, within_s=5, aftermath="")

    assert result.list_shards(form_cluster.agreed_view(reports)) == (
        Shard(("0-5460",), 7000, (7003,)),
        Shard(("5461-10922",), 7001, (7004,)),
        Shard(("10923-16383",), 7002, (7005,)),
    )


async def test_a_cluster_without_its_planned_replicas_is_not_ready() -> None:
    """The masters alone serve all slots; a replica that is not attached yet is a master without slots."""
    without_slots = "".join(
        f"{name * 40} 127.0.0.1:{port}@{port + 10_000} master - 0 1 {port - 6999} connected\n"
        for port, name in ((7003, "d"), (7004, "e"), (7005, "f"))
    )
    nodes = members_of(CLUSTER_NODES + without_slots, SIX_NODES.ports, replicas=0)

    with pytest.raises(NotReady) as caught:
        await form_cluster.wait_until_ready(nodes, SIX_NODES, within_s=-1, aftermath="")

    assert caught.value.fields == {
        "missing": [f"{port} is not a replica of {port - 3} yet" for port in (7003, 7004, 7005)]
    }


async def test_nodes_that_do_not_know_one_another_meet_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_cluster, "POLL_S", 0.001)
    monkeypatch.setattr(form_cluster, "MEET_INTERVAL_S", 0)
    three_masters = plan.make_plan(3, replicas=0, base_port=7000, max_nodes=30)
    nodes = members_of("".join(CLUSTER_NODES.splitlines(keepends=True)[:2]), (7000, 7001))

    with pytest.raises(NotReady):
        await form_cluster.wait_until_ready(nodes, three_masters, within_s=0.02, aftermath="")

    meeting = ("CLUSTER", "MEET", "127.0.0.1", 7002)
    assert [{command for command in node.sent if command[1] == "MEET"} for node in nodes.values()] == [{meeting}] * 2


async def test_a_cluster_that_is_not_ready_names_five_conditions_and_the_aftermath() -> None:
    waiting = CLUSTER_NODES.replace(" master -", " master,fail? -")
    nodes = members_of(waiting, (7000, 7001, 7002))
    conditions = [
        "7000 sees 7000 as fail?",
        "7000 sees 7001 as fail?",
        "7000 sees 7002 as fail?",
        "7001 sees 7000 as fail?",
        "7001 sees 7001 as fail?",
    ]

    with pytest.raises(NotReady) as caught:
        await form_cluster.wait_until_ready(nodes, None, within_s=0, aftermath="The nodes are still running.")

    assert str(caught.value) == (
        f"The cluster was not ready within 0 s: {'; '.join(conditions)}. The nodes are still running."
    )
    assert caught.value.fields == {"missing": conditions}


MASTER = node_view.parse_cluster_nodes(as_seen_by(7001)).myself


def replying(**replies: object) -> FakeNode:
    """Accepts the probe, except for the commands in `replies`; an exception that is no reply is raised."""

    def reply(command: Command) -> object:
        answer = replies.get(str(command[0]), {"SET": "OK", "GET": B, "DEL": 1}[str(command[0])])
        if isinstance(answer, NodeUnreachable):
            raise answer
        return answer

    return FakeNode(7001, reply)


async def test_a_probe_writes_reads_and_deletes_a_key_of_the_shard() -> None:
    node = replying()

    await form_cluster._probe_shard(node, MASTER)

    key = str(node.sent[0][1])
    assert node.sent == [("SET", key, B, "PX", 60_000), ("GET", key), ("DEL", key)]
    assert key.startswith("pm2site:probe:")
    assert slots.key_slot(key) in SlotRange(5461, 10922)


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ({"SET": parse_error("READONLY You can't write")}, "READONLY You can't write"),
        ({"DEL": parse_error("CLUSTERDOWN The cluster is down")}, "CLUSTERDOWN The cluster is down"),
        ({"GET": NodeUnreachable(7001, "connection refused")}, "connection refused"),
        ({"GET": A}, f"it returned '{A}'"),
        ({"GET": None}, "it returned None"),
    ],
)
async def test_a_shard_that_fails_its_probe(replies: dict[str, object], reason: str) -> None:
    with pytest.raises(ProbeFailed) as caught:
        await form_cluster._probe_shard(replying(**replies), MASTER)

    assert str(caught.value) == f"The shard of 7001 does not accept writes: {reason}."


async def test_a_probe_reports_a_full_disk() -> None:
    error = parse_error("MISCONF Errors writing to the AOF file: No space left on device")

    with pytest.raises(DiskFull) as caught:
        await form_cluster._probe_shard(replying(SET=error), MASTER)

    assert str(caught.value) == (
        "No space left on disk: the node on 7001 does not accept writes. Free some and try again."
    )

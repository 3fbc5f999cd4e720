from __future__ import annotations

from datetime import UTC, datetime

from rediscluster.status import cluster_stats, node_stats, summary
from rediscluster.status.cluster_stats import Stats
from rediscluster.status.node_stats import OTHER, OURS, UP, Node, absent
from rediscluster.status.summary import Record, Status
from rediscluster.topology.node_view import View, parse

RECORD = Record("c1", "running", 3, 0, 7000, 0, "none", "7.0.15", 0, None)
NAMES = {port: f"{port}" * 10 for port in (7000, 7001, 7002)}
TOLD = f"""{NAMES[7000]} 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-5460
{NAMES[7001]} 127.0.0.1:7001@17001 master - 0 1 2 connected 5461-10922
{NAMES[7002]} 127.0.0.1:7002@17002 master - 0 1 3 connected 10923-16383
"""


def up(port: int, owner: str = OURS) -> Node:
    return Node(port, port + 1, owner, "master", None, UP, None, 5461, ())


def status(*nodes: Node, told: str = TOLD, cluster_state: str = "ok") -> Status:
    views: list[View] = [parse(told)]
    mine = [node for node in nodes if node.owner == OURS]
    whole = cluster_stats.cluster(mine, views, [{"cluster_state": cluster_state}], codes=None, failovers=0)
    return summary.assess(RECORD, Stats(nodes, whole, datetime.now(UTC)), None)


def test_a_whole_cluster_runs() -> None:
    seen = status(up(7000), up(7001), up(7002))

    assert (seen.state, seen.message) == ("running", "The cluster works: 3 of 3 nodes, 0 keys.")


def test_a_cluster_that_serves_all_slots_runs_and_tells_the_lost_replica() -> None:
    replica = TOLD.replace("master - 0 1 2 connected 5461-10922", f"slave {NAMES[7000]} 0 1 1 connected")
    replica = replica.replace("connected 0-5460", "connected 0-10922")

    seen = status(
        up(7000), absent(7001, node_stats.DOWN, "connection refused", OURS, None, None), up(7002), told=replica
    )

    assert (seen.state, seen.next_step) == ("running", summary.RESUME)
    assert seen.message == "Node 7001 is down (connection refused); all slots are served."


def test_slots_of_a_lost_master_degrade_it() -> None:
    seen = status(up(7000), absent(7001, node_stats.DOWN, "connection refused", OURS, None, None), up(7002))

    assert (seen.state, seen.message) == (
        "degraded",
        "Node 7001 is down (connection refused); slots 5461-10922 have no master, and their keys cannot be reached.",
    )


def test_a_foreigner_in_the_place_of_a_node_is_named() -> None:
    seen = status(up(7000), up(7001, OTHER), up(7002), cluster_state="fail")

    assert (seen.state, seen.message) == (
        "degraded",
        "On 7001 runs a Redis (pid 7002) that this server did not start; the nodes say cluster_state:fail.",
    )
    assert seen.next_step == f"Stop the other Redis on 7001. Then: {summary.RESUME}"


def test_nodes_that_still_join_ask_for_patience() -> None:
    seen = status(up(7000), up(7001), up(7002), cluster_state="fail")

    assert (seen.state, seen.message) == ("degraded", "The nodes say cluster_state:fail.")
    assert seen.next_step.startswith("Wait")

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rediscluster.status import cluster_stats, node_stats, state_summary
from rediscluster.status.cluster_stats import RedisStats
from rediscluster.status.node_stats import OTHER, OURS, UP, NodeStats, unreachable_node
from rediscluster.status.state_summary import ManifestSummary, Status
from rediscluster.topology.node_view import ClusterView, parse_cluster_nodes

MANIFEST = ManifestSummary("c1", "running", 3, 0, 7000, 0, "none", "7.0.15", 0, None)
NAMES = {port: f"{port}" * 10 for port in (7000, 7001, 7002)}
CLUSTER_NODES = f"""{NAMES[7000]} 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-5460
{NAMES[7001]} 127.0.0.1:7001@17001 master - 0 1 2 connected 5461-10922
{NAMES[7002]} 127.0.0.1:7002@17002 master - 0 1 3 connected 10923-16383
"""


def up(port: int, owner: str = OURS) -> NodeStats:
    return NodeStats(port, port + 1, owner, "master", None, UP, None, 5461, ())


def down(port: int) -> NodeStats:
    member = parse_cluster_nodes(CLUSTER_NODES).by_port(port)
    return unreachable_node(port, node_stats.DOWN, "connection refused", OURS, member, None)


def status(*nodes: NodeStats, cluster_nodes: str = CLUSTER_NODES, cluster_state: str = "ok") -> Status:
    views: list[ClusterView] = [parse_cluster_nodes(cluster_nodes)]
    own_nodes = [node for node in nodes if node.owner == OURS]
    totals = cluster_stats.make_cluster_stats(
        own_nodes, views, [{"cluster_state": cluster_state}], codes=None, failovers=0
    )
    return state_summary.summarize(MANIFEST, RedisStats(nodes, totals, datetime.now(UTC)), None)


def test_a_healthy_cluster_is_running() -> None:
    summarized = status(up(7000), up(7001), up(7002))

    assert (summarized.state, summarized.message) == ("running", "The cluster is working: 3 of 3 nodes, 0 keys.")


def test_a_cluster_that_serves_all_slots_is_running_and_names_the_lost_replica() -> None:
    replica = CLUSTER_NODES.replace("master - 0 1 2 connected 5461-10922", f"slave {NAMES[7000]} 0 1 1 connected")
    replica = replica.replace("connected 0-5460", "connected 0-10922")

    summarized = status(up(7000), down(7001), up(7002), cluster_nodes=replica)

    assert (summarized.state, summarized.next_step) == ("running", state_summary.RESUME)
    assert summarized.message == "Node 7001 is down (connection refused); all slots are served."


def test_lost_slots_make_the_cluster_degraded() -> None:
    summarized = status(up(7000), down(7001), up(7002))

    assert (summarized.state, summarized.message) == (
        "degraded",
        "Node 7001 is down (connection refused); slots 5461-10922 have no master, and their keys are unavailable.",
    )


def test_a_foreign_redis_on_the_port_of_a_node_is_named() -> None:
    summarized = status(up(7000), up(7001, OTHER), up(7002), cluster_state="fail")

    assert (summarized.state, summarized.message) == (
        "degraded",
        "A Redis on 7001 (pid 7002) was not started by this server; the nodes report cluster_state:fail.",
    )
    assert summarized.next_step == f"Stop the other Redis on 7001. Then: {state_summary.RESUME}"


def test_joining_nodes_advise_to_wait() -> None:
    summarized = status(up(7000), up(7001), up(7002), cluster_state="fail")

    assert (summarized.state, summarized.message) == ("degraded", "The nodes report cluster_state:fail.")
    assert summarized.next_step.startswith("Wait")


def test_a_node_that_knows_no_other_is_named() -> None:
    summarized = status(up(7000), replace(up(7001), known_nodes=1), up(7002))

    assert (summarized.state, summarized.message) == (
        "running", "Node 7001 came back without the cluster map; all slots are served.",
    )  # fmt: skip
    assert summarized.next_step == state_summary.SET_UP_ANEW


@pytest.mark.parametrize("flags", ["fail?", "noaddr", "handshake", "fail"])
def test_slots_of_a_master_that_the_others_cannot_reach_are_lost(flags: str) -> None:
    lost = CLUSTER_NODES.replace(f"{NAMES[7001]} 127.0.0.1:7001@17001 master", f"{NAMES[7001]} :0@0 master,{flags}")

    summarized = status(up(7000), up(7002), cluster_nodes=lost)

    assert (summarized.state, summarized.message) == (
        "degraded", "Slots 5461-10922 have no master, and their keys are unavailable.",
    )  # fmt: skip

"""Checks whether a cluster is ready, and lists the unmet conditions as sentences. [pure]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rediscluster.topology import node_view
from rediscluster.topology.node_view import ClusterView
from rediscluster.topology.plan import Plan
from rediscluster.topology.slots import SLOT_COUNT, format_ranges


@dataclass(frozen=True, slots=True)
class NodeReport:
    """One node's replies: `view` is CLUSTER NODES (None: no reply), `cluster` CLUSTER INFO, `replication` INFO
    replication. `problem`: why there is no view, if the node has replied."""

    port: int
    view: ClusterView | None
    cluster: Mapping[str, str]
    replication: Mapping[str, str]
    problem: str | None = None


def unmet_conditions(reports: Sequence[NodeReport], node_count: int, plan: Plan | None = None) -> list[str]:
    """Why the cluster is not ready, one sentence per reason; empty when it is ready.

    With a `plan`, each planned replica must be one. Until it is attached, it is a master without slots, and the cluster
    is complete without it.

    One node with cluster_state:ok is not enough: all must have it, with the same map, and every replica must be linked.
    """
    without_view = [report for report in reports if report.view is None]
    if without_view:
        silent = [str(report.port) for report in without_view if not report.problem]
        problems = [f"{report.port} is {report.problem}" for report in without_view if report.problem]
        return [f"no reply from {', '.join(silent)}", *problems] if silent else problems
    views = [report.view for report in reports if report.view]
    reasons = [reason for report in reports for reason in _unmet_by_node(report, node_count)]
    reasons += _unattached_replicas(reports, plan) if plan else []
    if not reasons and not node_view.views_agree(views):
        reasons.append("the nodes do not agree on the slot assignment")
    return reasons


def _unmet_by_node(report: NodeReport, node_count: int) -> list[str]:
    assert report.view  # noqa: S101 - checked by the caller
    port, view = report.port, report.view
    reasons = []
    if len(view.members) != node_count:
        reasons.append(f"{port} knows {len(view.members)} of {node_count} nodes")
    reasons += [
        f"{port} sees {member.port} as {'/'.join(sorted(member.unsettled_flags))}"
        for member in view.members
        if member.unsettled_flags
    ]
    if view.unserved_slots:
        reasons.append(f"{port} sees no master for slots {format_ranges(view.unserved_slots)}")
    if report.cluster.get("cluster_state") != "ok" or report.cluster.get("cluster_slots_ok") != str(SLOT_COUNT):
        reasons.append(f"{port} reports cluster_state:{report.cluster.get('cluster_state', 'unknown')}")
    if report.replication.get("role") == "slave" and report.replication.get("master_link_status") != "up":
        reasons.append(f"replica {port} is not linked to its master {report.replication.get('master_port')}")
    return reasons


def _unattached_replicas(reports: Sequence[NodeReport], plan: Plan) -> list[str]:
    masters = {report.port for report in reports if report.view and report.view.myself.is_master}
    return [
        f"{planned.port} is not a replica of {planned.master_port} yet"
        for planned in plan.nodes
        if planned.master_port and planned.port in masters
    ]

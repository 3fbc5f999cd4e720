"""When a cluster is ready, and what it still waits for, in words. [pure]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rediscluster.topology import node_view
from rediscluster.topology.node_view import View
from rediscluster.topology.slots import SLOTS, text


@dataclass(frozen=True, slots=True)
class Account:
    """What one node says. `cluster` is CLUSTER INFO, `replication` is INFO replication; None: it did not answer."""

    port: int
    view: View | None
    cluster: Mapping[str, str]
    replication: Mapping[str, str]


def missing(accounts: Sequence[Account], node_count: int) -> list[str]:
    """Why the cluster is not ready: one sentence per reason, none when it is.

    One node that says `ok` is not enough: all must, with the same map, and every replica must be linked.
    """
    silent = [str(each.port) for each in accounts if each.view is None]
    if silent:
        return [f"no answer from {', '.join(silent)}"]
    views = [each.view for each in accounts if each.view]
    reasons = [reason for each in accounts for reason in _of_one(each, node_count)]
    if not reasons and not node_view.agreed(views):
        reasons.append("the nodes do not agree on who has which slots")
    return reasons


def _of_one(account: Account, node_count: int) -> list[str]:
    assert account.view  # noqa: S101 - the caller has looked
    port, view = account.port, account.view
    reasons = []
    if len(view.members) != node_count:
        reasons.append(f"{port} knows {len(view.members)} of {node_count} nodes")
    reasons += [
        f"{port} sees {each.port} as {'/'.join(sorted(each.unsettled))}" for each in view.members if each.unsettled
    ]
    if view.unserved:
        reasons.append(f"{port} knows no master for slots {text(view.unserved)}")
    if account.cluster.get("cluster_state") != "ok" or account.cluster.get("cluster_slots_ok") != str(SLOTS):
        reasons.append(f"{port} says cluster_state:{account.cluster.get('cluster_state', 'unknown')}")
    if account.replication.get("role") == "slave" and account.replication.get("master_link_status") != "up":
        reasons.append(f"replica {port} is not linked to its master {account.replication.get('master_port')}")
    return reasons

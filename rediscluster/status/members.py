"""Finds the nodes that we sample among the members of their clusters. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from rediscluster.status.node_stats import Reading
from rediscluster.topology.node_view import Member


def find_members(readings: Sequence[Reading]) -> tuple[dict[int, Member], dict[str, Member]]:
    """The members of the cluster by our ports, and all by id. A node that responds is the one of its own view; a silent
    one is on a port of this machine in the views of the others."""
    views = [reading.view for reading in readings if reading.view]
    by_id = {member.id: member for view in views for member in view.members} | {
        view.myself.id: view.myself for view in views
    }
    own = {reading.port: reading.view.myself for reading in readings if reading.view}
    own_ids, own_hosts = {member.id for member in own.values()}, {member.host for member in own.values()}
    others = {
        member.port: member
        for member in by_id.values()
        if member.id not in own_ids and (member.is_local or member.host in own_hosts)
    }
    return others | own, by_id

"""Decides what a quick start does with the Redis Cluster, for the commands and the dashboard. [pure]"""

from __future__ import annotations

from enum import StrEnum

from dashboard_client.wire.redis import RedisStats

DEFAULT_NODES = 6


class ClusterStep(StrEnum):
    KEEP = "keep"
    RESUME = "resume"
    SET_UP = "set up"


def decide_cluster_step(redis: RedisStats | None, *, has_failed_setup: bool = False) -> ClusterStep:
    """Resumes nodes that this server started; a foreign cluster is kept while it accepts all keys."""
    if redis is None:
        return ClusterStep.SET_UP
    is_ours = any(node.owner == "ours" for node in redis.stats)
    is_complete = all(node.state == "up" for node in redis.stats)
    if redis.cluster.state == "ok" and (is_complete or not is_ours):
        return ClusterStep.KEEP
    return ClusterStep.RESUME if is_ours and not has_failed_setup else ClusterStep.SET_UP

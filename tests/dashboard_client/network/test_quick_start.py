"""What a quick start does with the Redis Cluster that it finds."""

from __future__ import annotations

import pytest

from dashboard_client.network.quick_start import ClusterStep, decide_cluster_step
from dashboard_client.wire.redis import Cluster, RedisNode, RedisStats


def stats(state: str, *nodes: tuple[str, str]) -> RedisStats:
    """`nodes`: owner and state of each."""
    members = tuple(RedisNode(7000 + i, owner=owner, state=up) for i, (owner, up) in enumerate(nodes))
    return RedisStats(members, Cluster(state=state))


@pytest.mark.parametrize(
    ("redis", "has_failed_setup", "expected"),
    [
        (None, False, ClusterStep.SET_UP),
        (stats("absent"), False, ClusterStep.SET_UP),
        (stats("ok", ("ours", "up"), ("ours", "up")), False, ClusterStep.KEEP),
        (stats("ok", ("ours", "up"), ("ours", "down")), False, ClusterStep.RESUME),
        (stats("fail", ("ours", "up"), ("ours", "down")), False, ClusterStep.RESUME),
        (stats("stopped", ("ours", "stopped"), ("ours", "stopped")), False, ClusterStep.RESUME),
        (stats("fail", ("ours", "down")), True, ClusterStep.SET_UP),
        (stats("ok", ("other", "up"), ("other", "down")), False, ClusterStep.KEEP),
        (stats("fail", ("other", "up"), ("other", "down")), False, ClusterStep.SET_UP),
    ],
)
def test_a_cluster_is_kept_resumed_or_set_up(
    redis: RedisStats | None, has_failed_setup: bool, expected: ClusterStep
) -> None:
    assert decide_cluster_step(redis, has_failed_setup=has_failed_setup) is expected

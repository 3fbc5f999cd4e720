"""Redis ports for programs that need Redis: our cluster, otherwise any Redis that is listening."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from rediscluster.errors import ManifestUnreadable
from rediscluster.nodes import manifest
from system.host import ports

DEFAULT_NODE_COUNT = 6


def redis_ports() -> Sequence[int]:
    """Our ports if any node is running; else the listening ports of our range; else the ports a cluster would use."""
    try:
        cluster = manifest.load()
    except ManifestUnreadable:
        cluster = None
    if cluster and ports.select_listening(cluster.ports):
        return cluster.ports
    first = settings.REDIS_BASE_PORT
    listening = ports.select_listening(range(first, first + settings.REDIS_MAX_NODES))
    return listening or (cluster.ports if cluster else range(first, first + DEFAULT_NODE_COUNT))

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
    taken = {one.port for one in ports.read_table().values()}
    if cluster and not taken.isdisjoint(cluster.ports):
        return cluster.ports
    first = settings.REDIS_BASE_PORT
    listening = [port for port in range(first, first + settings.REDIS_MAX_NODES) if port in taken]
    return listening or (cluster.ports if cluster else range(first, first + DEFAULT_NODE_COUNT))

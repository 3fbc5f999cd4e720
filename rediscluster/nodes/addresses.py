"""Where a program that needs Redis should look: at our cluster, else at whatever is there."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from rediscluster.errors import ManifestUnreadable
from rediscluster.nodes import manifest
from system.host import ports

USUAL_NODES = 6


def redis_ports() -> Sequence[int]:
    """Ours when any of it runs; else the ports of our range that somebody listens on; else where a cluster would be."""
    try:
        made = manifest.load()
    except ManifestUnreadable:
        made = None
    if made and ports.listening_among(made.ports):
        return made.ports
    first = settings.REDIS_BASE_PORT
    found = ports.listening_among(range(first, first + settings.REDIS_MAX_NODES))
    return found or (made.ports if made else range(first, first + USUAL_NODES))

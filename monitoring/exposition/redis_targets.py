"""The Redis nodes that can be scraped: by address, and as a list for Prometheus's service discovery. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from monitoring.errors import TargetUnknown
from rediscluster.status.node_stats import NodeStats

HOSTS = ("", "127.0.0.1", "localhost")  # the sampler connects to this machine only


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """An element of Prometheus's HTTP service discovery."""

    targets: Annotated[tuple[str, ...], "A Redis node: 127.0.0.1:7000"]
    labels: Annotated[dict[str, str], "Meta labels: port, owner, role and id of the node"]


def address(node: NodeStats) -> str:
    return f"127.0.0.1:{node.port}"


def find_node(nodes: Sequence[NodeStats], target: str) -> NodeStats:
    """`target`: `127.0.0.1:7000`, the port alone, or either with `redis://`. Raises TargetUnknown."""
    host, _, port = target.removeprefix("redis://").rpartition(":")
    node = next((node for node in nodes if str(node.port) == port), None)
    if node is None or host not in HOSTS:
        raise TargetUnknown(target, [address(node) for node in nodes])
    return node


def discovery(nodes: Sequence[NodeStats]) -> list[TargetGroup]:
    """The body of http_sd. The labels are meta labels: those that change, such as the role, would make other series."""
    return [TargetGroup((address(node),), _labels(node)) for node in nodes]


def _labels(node: NodeStats) -> dict[str, str]:
    labels = {"port": str(node.port), "owner": node.owner, "role": node.role or "", "node_id": node.id or ""}
    return {f"__meta_pm2site_redis_{name}": text for name, text in labels.items()}

"""The cluster map as text: shards, who serves them, who stands behind, and how far behind. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from rediscluster.status.cluster_stats import ClusterPicture, ShardPicture, ShardReplica, Stats
from rediscluster.status.node_stats import UP, Node
from rediscluster.status.summary import Status
from system.lib.quantities import ports
from system.lib.text import table

HEADINGS = ("shard", "slots", "master", "ops/s", "memory", "hit", "keys", "replicas")
NUMBERS = frozenset(map(HEADINGS.index, ("ops/s", "memory", "hit", "keys")))
MB = 2**20
UNKNOWN = "–"


def status(told: Status, stats: Stats) -> list[str]:
    """What `manage.py rediscluster status` prints."""
    lines = [f"{told.state}: {told.message}", *(f"Warning: {each}" for each in told.warnings)]
    if stats.cluster.shards:
        lines += ["", *cluster_map(stats.cluster)]
    elif stats.stats:
        lines += ["", *_nodes(stats.stats)]
    return [*lines, "", f"Next: {told.next_step}"]


def _nodes(nodes: Sequence[Node]) -> list[str]:
    """By state: of a cluster at rest there is nothing more to say."""
    said: dict[str, list[int]] = {}
    for node in nodes:
        said.setdefault(f"{node.state}{_because(node.reason)}", []).append(node.port)
    return [f"{ports(those)}: {what}" for what, those in said.items()]


def cluster_map(cluster: ClusterPicture) -> list[str]:
    """A line per shard, in the order of slots; below it what is lost."""
    rows = [shard_cells(number, shard) for number, shard in enumerate(cluster.shards, 1)]
    lines = table([HEADINGS, *rows], NUMBERS)
    if cluster.lost:
        lines.append(f"Lost: slots {', '.join(cluster.lost)} have no master.")
    return lines


def shard_cells(number: int, shard: ShardPicture) -> tuple[str, ...]:
    """What stands under `HEADINGS`."""
    return (
        str(number),
        ", ".join(shard.slots),
        f"{shard.master_port}{_unless_up(shard.master_state)}",
        UNKNOWN if shard.ops_per_second is None else f"{shard.ops_per_second:,.1f}",
        UNKNOWN if shard.memory_bytes is None else f"{shard.memory_bytes / MB:,.1f} MB",
        UNKNOWN if shard.hit_rate_percent is None else f"{shard.hit_rate_percent:.0f} %",
        UNKNOWN if shard.keys is None else f"{shard.keys:,}",
        ", ".join(_replica(each) for each in shard.replicas) or "none",
    )


def _replica(replica: ShardReplica) -> str:
    if replica.state != UP:
        return f"{replica.port} {replica.state}"
    if not replica.link_up:
        return f"{replica.port} not linked"
    if replica.lag_bytes is None:
        return str(replica.port)
    return f"{replica.port} (lag {replica.lag_bytes:,} B)"


def _unless_up(state: str) -> str:
    return "" if state == UP else f" {state}"


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""

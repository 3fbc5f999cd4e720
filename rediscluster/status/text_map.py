"""Renders the cluster map as text: each shard with its slots, master, replicas and their lag. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from rediscluster.status.cluster_stats import ClusterStats, RedisStats, ShardReplica, ShardStats
from rediscluster.status.node_stats import UP, NodeStats
from rediscluster.status.state_summary import Status
from system.lib.quantities import first_few, format_ports
from system.lib.text import table

HEADINGS = ("shard", "slots", "master", "ops/s", "memory", "hit", "keys", "replicas")
NUMERIC_COLUMNS = frozenset(map(HEADINGS.index, ("ops/s", "memory", "hit", "keys")))
MB = 2**20
UNKNOWN = "–"
SHOWN_ID_LENGTH = 8


def render_status(status: Status, stats: RedisStats) -> list[str]:
    """The output of `manage.py rediscluster status`."""
    lines = [f"{status.state}: {status.message}", *(f"Warning: {warning}" for warning in status.warnings)]
    if stats.cluster.shards:
        lines += ["", *cluster_lines(stats.cluster)]
    elif stats.stats:
        lines += ["", *_node_lines(stats.stats)]
    return [*lines, "", f"Next: {status.next_step}"]


def _node_lines(nodes: Sequence[NodeStats]) -> list[str]:
    """Ports grouped by state, for a cluster without a map, such as a stopped one."""
    ports_by_state: dict[str, list[int]] = {}
    for node in nodes:
        ports_by_state.setdefault(f"{node.state}{_in_parentheses(node.reason)}", []).append(node.port)
    return [f"{format_ports(node_ports)}: {state}" for state, node_ports in ports_by_state.items()]


def cluster_lines(cluster: ClusterStats) -> list[str]:
    """A line per shard, in slot order, then the lost slots and the open ones."""
    rows = [shard_cells(number, shard) for number, shard in enumerate(cluster.shards, 1)]
    lines = table([HEADINGS, *rows], NUMERIC_COLUMNS)
    if cluster.lost:
        lines.append(f"Lost: slots {', '.join(cluster.lost)} have no master.")
    if cluster.open_slots:
        lines.append(f"Open: {first_few(list(map(str, cluster.open_slots)))}.")
    return lines


def shard_cells(number: int, shard: ShardStats) -> tuple[str, ...]:
    """The cells of a row under `HEADINGS`."""
    return (
        str(number),
        ", ".join(shard.slots),
        f"{_address(shard.master_address, shard.master_id, shard.master_port)}{_unless_up(shard.master_state)}",
        UNKNOWN if shard.ops_per_second is None else f"{shard.ops_per_second:,.1f}",
        UNKNOWN if shard.memory_bytes is None else f"{shard.memory_bytes / MB:,.1f} MB",
        UNKNOWN if shard.hit_rate_percent is None else f"{shard.hit_rate_percent:.0f} %",
        UNKNOWN if shard.keys is None else f"{shard.keys:,}",
        ", ".join(map(_replica, shard.replicas)) or "none",
    )


def _replica(replica: ShardReplica) -> str:
    address = _address(replica.address, replica.id, replica.port)
    if replica.state != UP:
        return f"{address} {replica.state}"
    if replica.link_up is False:
        return f"{address} not linked"
    return address if replica.lag_bytes is None else f"{address} (lag {replica.lag_bytes:,} B)"


def _address(address: str | None, node_id: str | None, port: int) -> str:
    """A node whose address the cluster has lost goes by the start of its id."""
    return address or (node_id[:SHOWN_ID_LENGTH] if node_id and not port else str(port))


def _unless_up(state: str) -> str:
    return "" if state == UP else f" {state}"


def _in_parentheses(reason: str | None) -> str:
    return f" ({reason})" if reason else ""

"""Text of the windows for one Redis node: statistics, INFO, slow log. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.figures import DASH, clock, milliseconds, percent, plural, seconds, size
from dashboard_client.wire.redis import NodeInfo, RedisNode, SlowLog


def node_lines(node: RedisNode) -> tuple[str, ...]:
    """A node's current statistics; lines that do not apply to its role are omitted."""
    reason = f" ({node.reason})" if node.reason else ""
    up = DASH if node.uptime_seconds is None else seconds(node.uptime_seconds)
    lines = [
        f"{node.port} {node.role or DASH}   {node.state}{reason}   pid {node.pid or DASH}   {node.owner}",
        f"Redis {node.version or DASH}   cpu {percent(node.cpu_percent, 1)}   up {up}   "
        f"latency {milliseconds(node.latency_ms)}",
        "",
        f"memory       {size(node.memory_bytes)}, at most {size(node.memory_peak_bytes)}, "
        + (f"limit {size(node.max_memory_bytes)}" if node.max_memory_bytes else "no limit"),
        f"requests     {_rate(node.ops_per_second)}, hits {percent(node.hit_rate_percent, 1)}, "
        f"errors {_rate(node.errors_per_second)}",
        f"keys         {_count(node.keys)}, expired {_rate(node.expired_per_second)}, "
        f"evicted {_rate(node.evicted_per_second)}",
        f"connections  {_count(node.connections)}, blocked {_count(node.blocked_connections)}, "
        f"rejected {_count(node.rejected_connections)}",
    ]
    if node.slots:
        lines.append(f"slots        {node.slots}: {' '.join(node.slot_ranges)}")
    if node.master_port is not None:
        link = "link up" if node.link_up else "link down"
        lag = DASH if node.replication_lag_seconds is None else seconds(node.replication_lag_seconds)
        lines.append(f"replica of   {node.master_port}, {link}, lag {size(node.replication_lag_bytes)} and {lag}")
    if node.persistence:
        writes = "the last writes to disk succeeded" if node.persistence.ok else "THE LAST WRITES TO DISK FAILED"
        aof = "every change is logged (AOF)" if node.persistence.aof else "changes are not logged (no AOF)"
        lines.append(f"disk         {writes}; {aof}; {_count(node.persistence.changes_since_save)} since the last save")
    return tuple(lines)


def info_title(port: int) -> str:
    return f"INFO of Redis node {port}"


def info_lines(info: NodeInfo) -> tuple[str, ...]:
    lines: list[str] = []
    for section, values in info.sections.items():
        lines += ["", section, *(f"  {name:<34} {value}" for name, value in values.items())]
    return tuple(lines[1:]) or ("the node returned no data",)


def slow_log_title(port: int) -> str:
    return f"Slow log of Redis node {port}"


def slow_log_lines(log: SlowLog) -> tuple[str, ...]:
    logged = "logging is off" if log.threshold_ms is None else f"logged above {log.threshold_ms:g} ms"
    rows = [
        f"{clock(entry.at.astimezone() if entry.at else None)} {milliseconds(entry.duration_ms):>9}"
        f"  {entry.client:<21} {entry.command}"
        for entry in log.entries
    ]
    return (f"{plural(len(rows), 'slow command')}; {logged}", "", *rows)


def _count(value: int | None) -> str:
    return DASH if value is None else str(value)


def _rate(value: float | None) -> str:
    return DASH if value is None else f"{value:,.1f}/s"

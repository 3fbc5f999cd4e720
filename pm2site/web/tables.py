"""What runs, as the tables of the front page. Its script says the same in static/pm2site/rows.js. [pure]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmarks.history.results import Result
from pm2.daemon.process import Process
from pm2.monitor.listing import Stats as Pm2Stats
from rediscluster.status.cluster_stats import ClusterStats
from rediscluster.status.text_map import HEADINGS, shard_cells
from system.host.metrics import HostStats
from system.lib.text import printable
from system.lib.wire import iso_time

DASH = "–"
OK, BAD, PLAIN = "ok", "bad", ""
AT_LEAST = ("generator-bound", "contended")


@dataclass(frozen=True, slots=True)
class Row:
    """`key` stays with the thing, wherever it stands; `tone`: ok, bad or nothing."""

    key: str
    tone: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`none`: what stands there while there are no rows. `numbers`: columns to the right."""

    name: str
    caption: str
    columns: tuple[str, ...]
    numbers: frozenset[int]
    none: str
    rows: tuple[Row, ...]


def processes(stats: Pm2Stats) -> Table:
    return Table(
        "pm2", "Processes under PM2", ("id", "name", "status", "cpu", "memory", "up", "restarts", "port"),
        frozenset({3, 4, 5, 6, 7}), stats.daemon.message or "No processes.",
        tuple(_process(each) for each in stats.processes),
    )  # fmt: skip


def _process(each: Process) -> Row:
    status = each.status.value
    return Row(
        str(each.pm_id),
        OK if status == "online" else BAD,
        (
            str(each.pm_id), printable(each.name), status, f"{each.cpu:.1f} %", megabytes(each.memory_bytes),
            span(each.uptime_seconds), str(each.restarts), DASH if each.port is None else str(each.port),
        ),
    )  # fmt: skip


def shards(cluster: ClusterStats) -> Table:
    """The cluster map."""
    return Table(
        "redis", "Redis Cluster by shard", HEADINGS, frozenset({3, 4, 5, 6}), f"Cluster: {cluster.state}.",
        tuple(
            Row(str(each.master_port), OK if each.master_state == "up" else BAD, shard_cells(number, each))
            for number, each in enumerate(cluster.shards, 1)
        ),
    )  # fmt: skip


def results(newest_first: Sequence[Result]) -> Table:
    return Table(
        "benchmarks", "Latest benchmarks", ("measured", "framework", "request", "requests/s", "p99", "validity"),
        frozenset({3, 4}), "No benchmark yet.", tuple(_result(each) for each in newest_first),
    )  # fmt: skip


def _result(each: Result) -> Row:
    least = "≥ " if each.saturation in AT_LEAST else ""
    return Row(
        str(each.id),
        {"valid": OK, "invalid": BAD}.get(each.validity, PLAIN),
        (
            minute(each.timestamp), printable(each.framework), f"{each.method} {printable(each.endpoint)}",
            DASH if each.req_per_sec is None else f"{least}{each.req_per_sec:,.0f}",
            DASH if each.p99_latency is None else f"{each.p99_latency:.2f} ms", each.validity,
        ),
    )  # fmt: skip


def activity(newest_first: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        "activity", "Activity", ("at", "who", "what", "outcome"), frozenset(), "Nothing was done yet.",
        tuple(_entry(each) for each in newest_first),
    )  # fmt: skip


def _entry(each: Mapping[str, Any]) -> Row:
    what = each["message"] or f"{each['action']} {each['target']}".strip()
    cells = (minute(each["at"]), printable(each["actor"]), printable(what), str(each["outcome"]))
    return Row(f"{iso_time(each['at'])} {each['action']}", OK if each["outcome"] == "ok" else BAD, cells)


def host(stats: HostStats) -> str:
    return (
        f"CPU {stats.cpu:.0f} % of {stats.cpu_count} cores · memory {stats.memory_percent:.0f} % of "
        f"{stats.total_memory / 1024:.1f} GB · disk {stats.disk_percent:.0f} % · load {stats.load_avg} · "
        f"up {stats.uptime}"
    )


def megabytes(count: int) -> str:
    return f"{count / 2**20:,.1f} MB"


def span(seconds: float) -> str:
    """`12 s`, `3 m`, `6 h`, `2 d`: one unit, the largest that fits twice."""
    for divisor, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * divisor:
            return f"{seconds // divisor:.0f} {unit}"
    return f"{max(0.0, seconds) // 1:.0f} s"


def minute(at: datetime) -> str:
    """In UTC; the page's script says it in the reader's own time."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"

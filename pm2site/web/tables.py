"""Tables of the front page. static/pm2site/rows.js produces the same rows in the browser. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.budgets.judgement import judgement_words
from benchmarks.history.results import Result
from pm2.daemon.process import Process
from pm2.monitor.listing import Stats as Pm2Stats
from pm2site.audit.trail import Entry
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
    """`key` identifies the row across updates; `tone`: `ok`, `bad` or empty."""

    key: str
    tone: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`empty_text`: shown while there are no rows. `numbers`: right-aligned columns."""

    name: str
    caption: str
    columns: tuple[str, ...]
    numbers: frozenset[int]
    empty_text: str
    rows: tuple[Row, ...]


def processes(stats: Pm2Stats) -> Table:
    return Table(
        "pm2", "Processes under PM2", ("id", "name", "status", "cpu", "memory", "up", "restarts", "ports"),
        frozenset({3, 4, 5, 6, 7}), stats.daemon.message or "No processes.",
        tuple(_process_row(process) for process in stats.processes),
    )  # fmt: skip


def _process_row(process: Process) -> Row:
    status = process.status.value
    cells = (
        str(process.pm_id),
        printable(process.name),
        status,
        f"{process.cpu:.1f} %",
        format_megabytes(process.memory_bytes),
        format_duration(process.uptime_seconds),
        str(process.restarts),
        process.ports_text or DASH,
    )
    return Row(str(process.pm_id), OK if status == "online" else BAD, cells)


def shards(cluster: ClusterStats) -> Table:
    """The cluster map."""
    return Table(
        "redis", "Redis Cluster by shard", HEADINGS, frozenset({3, 4, 5, 6}), f"Cluster: {cluster.state}.",
        tuple(
            Row(
                shard.master_id or str(shard.master_port), OK if shard.master_state == "up" else BAD,
                shard_cells(number, shard),
            )
            for number, shard in enumerate(cluster.shards, 1)
        ),
    )  # fmt: skip


def results(newest_first: Sequence[Result]) -> Table:
    return Table(
        "benchmarks", "Latest benchmarks", ("measured", "target", "request", "requests/s", "p99", "validity", "budget"),
        frozenset({3, 4}), "No benchmark yet.", tuple(_result_row(result) for result in newest_first),
    )  # fmt: skip


def _result_row(result: Result) -> Row:
    at_least = "≥ " if result.saturation in AT_LEAST else ""
    cells = (
        format_minute(result.timestamp),
        printable(result.framework),
        f"{result.method} {printable(result.endpoint)}",
        DASH if result.req_per_sec is None else f"{at_least}{result.req_per_sec:,.0f}",
        DASH if result.p99_latency_ms is None else f"{result.p99_latency_ms:.2f} ms",
        result.validity,
        judgement_words(result.budget) or DASH,
    )
    return Row(str(result.id), {"valid": OK, "invalid": BAD}.get(result.validity, PLAIN), cells)


def activity(newest_first: Sequence[Entry]) -> Table:
    return Table(
        "activity", "Activity", ("at", "who", "what", "outcome"), frozenset(), "No activity yet.",
        tuple(_entry_row(entry) for entry in newest_first),
    )  # fmt: skip


def _entry_row(entry: Entry) -> Row:
    text = entry.message or f"{entry.action} {entry.target}".strip()
    cells = (format_minute(entry.at), printable(entry.actor), printable(text), entry.outcome)
    return Row(f"{iso_time(entry.at)} {entry.action}", OK if entry.outcome == "ok" else BAD, cells)


def host(stats: HostStats) -> str:
    total_gb = None if stats.total_memory is None else stats.total_memory / 1024
    return (
        f"CPU {_number(stats.cpu)} % of {stats.cpu_count} cores · memory {_number(stats.memory_percent)} % of "
        f"{_number(total_gb, 1)} GB · disk {_number(stats.disk_percent)} % · load {stats.load_avg or DASH} · "
        f"up {stats.uptime or DASH}"
    )


def _number(value: float | None, digits: int = 0) -> str:
    return DASH if value is None else f"{value:.{digits}f}"


def format_megabytes(count: int) -> str:
    return f"{count / 2**20:,.1f} MB"


def format_duration(seconds: float) -> str:
    """`12 s`, `3 m`, `6 h`, `2 d`: the largest unit of which there are at least two."""
    for divisor, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * divisor:
            return f"{seconds // divisor:.0f} {unit}"
    return f"{max(0.0, seconds) // 1:.0f} s"


def format_minute(at: datetime) -> str:
    """In UTC; the page's script converts to local time."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"

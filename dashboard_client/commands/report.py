"""What the server says, as plain text for `--once` and the command line. Times are local."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from dashboard_client.formatting.figures import LOWER_BOUNDS
from dashboard_client.formatting.width import padded, width_of
from dashboard_client.wire.benchmarks import BenchmarkResult, BenchmarkResults, Done
from dashboard_client.wire.host_and_pm2 import Activity, HostStats, LogLine, Pm2Stats
from dashboard_client.wire.redis import RedisNode, RedisStats

MB = 2**20
NOTHING = "–"


def table(head: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns in line. `head`: titles; one that begins with `>` stands to the right."""
    titles = head.split()
    grid = [[title.lstrip(">") for title in titles], *rows]
    widths = [max(width_of(row[place]) for row in grid) for place in range(len(titles))]
    return [
        "  ".join(
            padded(cell, wide, right=title.startswith(">"))
            for cell, wide, title in zip(row, widths, titles, strict=True)
        ).rstrip()
        for row in grid
    ]


def number(value: float | None, digits: int = 0, unit: str = "") -> str:
    return NOTHING if value is None else f"{value:,.{digits}f}{unit}"


def clock(at: datetime | None) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else NOTHING


def span(seconds: float) -> str:
    """`2d 3h`, `45m`, `12s`: the two largest units at most."""
    days, rest = divmod(int(seconds), 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{count}{unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "m"), (left, "s")) if count]
    return " ".join(parts[:2]) or "0s"


def host(stats: HostStats) -> list[str]:
    disk = "" if stats.disk_percent is None else f", disk {stats.disk_percent:.0f} %"
    return [
        f"CPU {stats.cpu:.1f} % of {stats.cpu_count or len(stats.cpu_per_core)} cores, load {stats.load_avg}",
        f"Memory {stats.memory:,.0f} of {stats.total_memory:,.0f} MB, {stats.memory_percent:.0f} %{disk}",
        f"{stats.hostname}, up {stats.uptime}",
    ]


def processes(stats: Pm2Stats) -> list[str]:
    rows = [
        (
            str(each.pm_id), str(each.pid or NOTHING), each.name, each.exec_mode.removesuffix("_mode"), each.status,
            f"{each.cpu:.1f} %", f"{each.memory:.0f} MB", span(each.uptime_seconds), str(each.restarts),
            str(each.port or NOTHING),
        )
        for each in stats.processes
    ]  # fmt: skip
    return table(">id >pid name mode status >cpu >memory >up >restarts >port", rows) if rows else []


def pm2_summary(stats: Pm2Stats) -> str:
    state = f"PM2 {stats.daemon.version or ''}".strip() + f" is {stats.daemon.state}"
    age = f", the list is {stats.age_seconds:.0f} s old" if stats.stale and stats.processes else ""
    why = f". {stats.daemon.message}" if stats.daemon.message else ""
    return f"{state}, {stats.counts.online} of {stats.counts.total} online{age}{why}"


def redis_summary(stats: RedisStats) -> str:
    cluster = stats.cluster
    if not stats.stats:
        return f"Redis Cluster: {cluster.state}"
    lost = f", lost: {', '.join(cluster.lost)}" if cluster.lost else ""
    return (
        f"Redis Cluster: {cluster.state}, {len(stats.stats)} nodes, {cluster.slots_ok} of 16384 slots, "
        f"{number(cluster.ops_per_second)} ops/s, {number(cluster.keys)} keys{lost}"
    )


def nodes(stats: RedisStats) -> list[str]:
    head = ">port owner role >of state >slots >ops/s >memory >keys >hits >lag"
    rows = [_node(each) for each in stats.stats]
    return table(head, rows) if rows else []


def _node(node: RedisNode) -> tuple[str, ...]:
    memory = None if node.memory_bytes is None else node.memory_bytes / MB
    return (
        str(node.port), node.owner, node.role or NOTHING, str(node.master_port or NOTHING), node.state,
        str(node.slots), number(node.ops_per_second), number(memory, 1, " MB"), number(node.keys),
        number(node.hit_rate_percent, 0, " %"), number(node.replication_lag_bytes, 0, " B"),
    )  # fmt: skip


def results(page: BenchmarkResults) -> list[str]:
    head = "at framework endpoint >requests/s >± >p50 >p99 >connections validity"
    return table(head, [_result(each) for each in page.results]) if page.results else []


def _result(result: BenchmarkResult) -> tuple[str, ...]:
    return (
        clock(result.timestamp), result.framework, f"{result.method} {result.endpoint}", rate(result), spread(result),
        number(result.p50_latency, 2, " ms"), number(result.p99_latency, 2, " ms"), str(result.connections),
        result.validity,
    )  # fmt: skip


def rate(result: BenchmarkResult) -> str:
    return f"{'≥ ' if result.saturation in LOWER_BOUNDS else ''}{result.req_per_sec:,.0f}"


def spread(result: BenchmarkResult) -> str:
    """Half of the interval in percent of the rate."""
    low, high = result.req_per_sec_low, result.req_per_sec_high
    if low is None or high is None or result.req_per_sec <= 0:
        return NOTHING
    return f"{(high - low) / 2 / result.req_per_sec * 100:.1f} %"


def result_sentence(result: BenchmarkResult) -> str:
    """`fastify GET /simple: 184,700 requests/s ±0.6 %, p99 2.10 ms, 1,847,000 requests by wrk, valid`."""
    parts = [f"{rate(result)} requests/s" + ("" if spread(result) == NOTHING else f" ±{spread(result)}")]
    if result.p99_latency is not None:
        parts.append(f"p99 {result.p99_latency:.2f} ms")
    if result.total_reqs is not None:
        parts.append(f"{result.total_reqs:,} requests by {result.generator}")
    return f"{result.framework} {result.method} {result.endpoint}: {', '.join([*parts, result.validity])}"


def activity(trail: Activity) -> list[str]:
    head = "at actor action target outcome message"
    rows = [
        (clock(each.at), each.actor, each.action, each.target or NOTHING, each.outcome, each.message)
        for each in trail.entries
    ]
    return table(head, rows) if rows else []


def log_line(line: LogLine) -> str:
    at = f"{line.at.astimezone():%H:%M:%S} " if line.at else ""
    pm_id = "" if line.pm_id is None else f" {line.pm_id}"
    return f"{at}{line.name}{pm_id} {'!' if line.stream == 'err' else '|'} {line.text}"


def remarks(done: Done) -> Iterator[str]:
    """What an action has to say besides its message."""
    yield from (f"Warning: {warning}" for warning in done.warnings)
    yield from (f"Left alone: {each.name}, {each.reason}" for each in done.skipped)
    yield from (f"Left alone: {each}" for each in done.left)

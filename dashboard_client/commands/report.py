"""Renders server data as plain text for `--once` and the commands. Times are local."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard_client.formatting.figures import DASH, MB, date_time, judgement, number, percent, rate, seconds, spread
from dashboard_client.formatting.table import table
from dashboard_client.wire.action_result import ActionResult
from dashboard_client.wire.benchmarks import BenchmarkResult, BenchmarkResults, Comparison, Sweep
from dashboard_client.wire.host_and_pm2 import Activity, HostStats, Pm2Stats
from dashboard_client.wire.redis import RedisNode, RedisStats
from dashboard_client.wire.system_config import Targets


def host(stats: HostStats) -> list[str]:
    cores = stats.cpu_count or len(stats.cpu_per_core)
    disk = "" if stats.disk_percent is None else f", disk {stats.disk_percent:.0f} %"
    return [
        f"CPU {percent(stats.cpu, 1)} of {cores} cores, load {stats.load_avg or DASH}",
        f"Memory {number(stats.memory)} of {number(stats.total_memory)} MB, {percent(stats.memory_percent)}{disk}",
        f"{stats.hostname}, up {stats.uptime or DASH}",
        *(f"{kind} is not readable: {reason}" for kind, reason in stats.unreadable.items()),
    ]


def processes(stats: Pm2Stats) -> list[str]:
    rows = [
        (
            str(process.pm_id), str(process.pid or DASH), process.name, process.exec_mode.removesuffix("_mode"),
            process.status, f"{process.cpu:.1f} %", f"{process.memory:.0f} MB", seconds(process.uptime_seconds),
            str(process.restarts), process.ports_text or DASH,
        )
        for process in stats.processes
    ]  # fmt: skip
    return table(">id >pid name mode status >cpu >memory >up >restarts >ports", rows) if rows else []


def pm2_summary(stats: Pm2Stats) -> str:
    state = f"PM2 {stats.daemon.version or ''}".strip() + f" is {stats.daemon.state}"
    age = f", the list is {stats.age_seconds:.0f} s old" if stats.stale and stats.processes else ""
    why = f". {stats.daemon.message}" if stats.daemon.message else ""
    loss = stats.dump.loss(len(stats.processes)) if stats.dump else ""
    saved = f". {loss[:1].upper()}{loss[1:]}" if loss else ""
    return f"{state}, {stats.counts.online} of {stats.counts.total} online{age}{saved}{why}"


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
    header = ">port owner role >of state >slots >ops/s >memory >keys >hits >lag"
    rows = [_node_row(node) for node in stats.stats]
    return table(header, rows) if rows else []


def _node_row(node: RedisNode) -> tuple[str, ...]:
    memory = None if node.memory_bytes is None else node.memory_bytes / MB
    return (
        str(node.port), node.owner, node.role or DASH, str(node.master_port or DASH), node.state,
        str(node.slots), number(node.ops_per_second), number(memory, 1, " MB"), number(node.keys),
        number(node.hit_rate_percent, 0, " %"), number(node.replication_lag_bytes, 0, " B"),
    )  # fmt: skip


def targets(known: Targets) -> list[str]:
    rows = [
        (
            target.name, target.source, target.where or DASH, {True: "yes", False: "no", None: DASH}[target.running],
            ", ".join(f"{endpoint.method} {endpoint.path}" for endpoint in target.offered_endpoints),
        )
        for target in known.targets
    ]  # fmt: skip
    return table("name source where running endpoints", rows)


def results(page: BenchmarkResults) -> list[str]:
    header = "at framework endpoint >requests/s >spread >p50 >p99 >connections validity"
    return table(header, [_result_row(result) for result in page.results]) if page.results else []


def _result_row(result: BenchmarkResult) -> tuple[str, ...]:
    return (
        date_time(result.timestamp), result.framework, f"{result.method} {result.endpoint}",
        rate(result, number), spread(result) or DASH, number(result.p50_latency, 2, " ms"),
        number(result.p99_latency, 2, " ms"), str(result.connections), result.validity,
    )  # fmt: skip


def result_sentence(result: BenchmarkResult) -> str:
    """`fastify GET /simple: 184,700 requests/s ±0.6 %, p99 2.10 ms, 1,847,000 requests by wrk, valid`."""
    parts = [f"{rate(result, number)} requests/s {spread(result)}".rstrip()]
    if result.p99_latency is not None:
        parts.append(f"p99 {result.p99_latency:.2f} ms")
    if result.total_reqs is not None:
        parts.append(f"{result.total_reqs:,} requests by {result.generator}")
    return f"{result.framework} {result.method} {result.endpoint}: {', '.join([*parts, result.validity])}"


def budget(result: BenchmarkResult) -> list[str]:
    """The judgement of the budget, and of each expectation; nothing without one."""
    if result.budget is None:
        return []
    items = [f"  {item.met.replace('_', ' ')}: {item.text}: {item.message}" for item in result.budget.items]
    return [f"budget {judgement(result)}", *items]


def sweep_lines(sweep: Sweep) -> list[str]:
    """What was found, and a line for each step."""
    rows = [
        (
            number(step.rate),
            number(step.achieved),
            number(step.p50, 2),
            number(step.p99, 2),
            str(step.errors),
            step.outcome,
        )
        for step in sweep.steps
    ]
    return [sweep.text, *(table(">requests/s >answered >p50 >p99 >errors outcome", rows) if rows else [])]


def comparison(compared: Comparison) -> list[str]:
    """The sentence about the rate, or why there is no verdict; then a sentence for each other metric."""
    others = [] if compared.reasons else compared.metrics[1:]
    return [compared.text or compared.verdict, *(metric.text for metric in others)]


def activity(trail: Activity) -> list[str]:
    header = "at actor action target outcome message"
    rows = [
        (date_time(entry.at), entry.actor, entry.action, entry.target or DASH, entry.outcome, entry.message)
        for entry in trail.entries
    ]
    return table(header, rows) if rows else []


def action_notes(result: ActionResult) -> Iterator[str]:
    """Warnings, skipped and untouched processes of an action."""
    yield from (f"Warning: {warning}" for warning in result.warnings)
    yield from (f"Skipped: {process.name}, {process.reason}" for process in result.skipped)
    yield from (f"Not deleted: {name}" for name in result.left)

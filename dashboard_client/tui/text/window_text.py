"""Text of windows: a run with its trials and gates, a process, a comparison, logs. [pure]"""

from __future__ import annotations

from collections.abc import Iterator

from dashboard_client.formatting.figures import (
    DASH,
    clock,
    difference,
    judgement,
    milliseconds,
    number,
    plural,
    rate,
    reasons,
    seconds,
    short,
    size,
    spread,
    thousands,
)
from dashboard_client.formatting.log_text import log_text
from dashboard_client.tui.model.windows import Compare, Logs, NodeDetails, Page, ProcessDetails, RunPage
from dashboard_client.tui.screen.theme import BRAILLE, Glyphs
from dashboard_client.tui.text.node_text import node_lines
from dashboard_client.tui.text.sweep_text import sweep_lines
from dashboard_client.wire.benchmarks import BenchmarkResult, BenchmarkRun, LatestResults

MAX_PICTURE_WIDTH = 76
NODE = "node"  # the interpreter
NO_VERSION = "N/A"  # what PM2 says of an app without a version in its package.json
LATEST = "Latest of each framework"
JUDGEMENT_MARKS = {"met": "ok ", "missed": "BAD", "not_shown": "?  "}
MARKS = {"pass": "ok ", "warn": "!  ", "fail": "BAD", "unknown": "?  "}


def page_lines(
    window: RunPage | ProcessDetails | NodeDetails | Page | Logs, glyphs: Glyphs = BRAILLE, width: int = 80
) -> tuple[str, ...]:
    """`glyphs` and `width` are for pictures; the number of lines does not depend on them."""
    match window:
        case RunPage():
            return tuple(_run(window, glyphs, width))
        case ProcessDetails():
            return tuple(_process(window))
        case NodeDetails(node=node):
            return node_lines(node)
        case Logs():
            return tuple(log_text(line, has_time=window.has_times) for line in window.lines)
        case Page(lines=lines):
            return lines


def _run(page: RunPage, glyphs: Glyphs, width: int) -> Iterator[str]:
    result = (page.run.result if page.run else None) or page.result
    if page.run:
        run = page.run
        yield f"{run.framework} {run.method} {run.endpoint} at {run.host or 'localhost'}   {run.state}"
        if run.message:
            yield run.message
    elif page.result:
        yield f"{page.result.framework} {page.result.method} {page.result.endpoint}"
    if result:
        yield ""
        yield from _figures(result)
        if result.sweep:
            yield from sweep_lines(result.sweep, glyphs, min(width, MAX_PICTURE_WIDTH))
    elif page.run and page.run.expect:
        yield f"budget       {', '.join(page.run.expect)}"
    if page.run:
        yield from _baseline(page.run)
        yield from _trials(page.run)
        yield from _gates(page.run)
        for name, value in page.run.environment.items():
            yield f"{name:<24} {DASH if value in (None, '', 'null') else value}"
        if page.run.command:
            yield ""
            yield "command   " + " ".join(page.run.command)
    elif page.problem:
        yield ""
        yield page.problem
    elif page.run_id and page.result is None:
        yield "loading…"


def _figures(result: BenchmarkResult) -> Iterator[str]:
    interval = ""
    if result.req_per_sec_low is not None and result.req_per_sec_high is not None:
        interval = f"   {thousands(result.req_per_sec_low)} to {thousands(result.req_per_sec_high)}"
    yield f"requests/s   {rate(result, number)}  {spread(result)}{interval}".rstrip()
    yield f"latency      avg {milliseconds(result.avg_latency)}   p50 {milliseconds(result.p50_latency)}   " + (
        f"p90 {milliseconds(result.p90_latency)}   p99 {milliseconds(result.p99_latency)}   "
        f"p99.9 {milliseconds(result.p999_latency)}"
    )
    total = DASH if result.total_reqs is None else f"{result.total_reqs:,}"
    yield f"requests     {total}   errors {result.errors}   timeouts {result.timeouts}   not 2xx {result.non2xx}"
    duration = DASH if result.duration is None else f"{short(result.duration)} s"
    trials = plural(result.trials, "trial")
    yield f"load         {result.generator or 'unknown generator'}   {result.connections} connections   " + (
        f"{result.workers} workers   pipelining {result.pipelining}   {trials}, {duration} in all"
    )
    when = f"{result.timestamp.astimezone():%Y-%m-%d %H:%M:%S}" if result.timestamp else "unknown time"
    yield f"measured     {when}   from {result.source or 'unknown'}   {result.label}".rstrip()
    yield f"validity     {result.validity}"
    for reason in reasons(result):
        yield f"             {reason}"
    if result.budget:
        yield f"budget       {judgement(result)}"
        for item in result.budget.items:
            yield f"  {JUDGEMENT_MARKS.get(item.met, '?  ')} {item.text:<22} {item.message}".rstrip()


def _baseline(run: BenchmarkRun) -> Iterator[str]:
    """The comparison to the baseline, or that this run is the baseline."""
    baseline, verdict = run.baseline, run.against_baseline
    if baseline is None:
        return
    since = f"{baseline.set_at.astimezone():%Y-%m-%d %H:%M}" if baseline.set_at else "unknown time"
    why = f": {baseline.reason}" if baseline.reason else ""
    yield f"baseline     {'this run' if baseline.is_this else baseline.id}, set {since} by {baseline.set_by}{why}"
    if verdict:
        yield f"             {verdict.text or verdict.verdict}"


def _trials(run: BenchmarkRun) -> Iterator[str]:
    if not run.trial_results:
        return
    yield ""
    yield "trial        requests/s      avg        p99   errors   timeouts"
    for trial in run.trial_results:
        name = "warm-up" if trial.is_warmup else str(trial.index)
        p99 = next((value for key, value in trial.percentiles.items() if key in ("99", "p99", "99.0")), None)
        yield (
            f"{name:<10} {thousands(trial.req_per_sec):>12} {milliseconds(trial.avg_latency):>10}"
            f" {milliseconds(p99):>10} {trial.errors:>8} {trial.timeouts:>10}"
        )


def _gates(run: BenchmarkRun) -> Iterator[str]:
    if run.gates:
        yield ""
        yield "checks"
    for gate in run.gates:
        trial = "" if gate.trial is None else f" (trial {gate.trial})"
        yield f"  {MARKS.get(gate.state, '?  ')} {gate.code:<22} {gate.message}{trial}"
    if run.environment:
        yield ""


def _process(details: ProcessDetails) -> Iterator[str]:
    process = details.process
    yield f"{process.pm_id} {process.name}   {process.status}   pid {process.pid or DASH}   {process.exec_mode}"
    yield f"cpu {process.cpu:.1f} %   memory {size(process.memory_bytes)}   up {seconds(process.uptime_seconds)}   " + (
        f"restarts {process.restarts} ({process.unstable_restarts} unstable)"
    )
    listens = f"{'ports' if len(process.ports) > 1 else 'port'} {process.ports_text or DASH}"
    node = details.response.node_version if details.response and process.interpreter == NODE else ""
    runtime = f"{process.interpreter} {node}".rstrip()
    if process.version not in ("", NO_VERSION):
        runtime += f"   version {process.version}"
    yield f"{listens}   framework {process.framework or DASH}   {runtime}   user {process.user}"
    response = details.response
    if response is None:
        yield details.problem or "loading…"
        return
    yield ""
    for name, text in (
        ("script", response.script),
        ("folder", response.cwd),
        ("arguments", " ".join(response.arguments)),
        ("stdout", response.out_log),
        ("stderr", response.err_log),
    ):
        yield f"{name:<10} {text or DASH}"
    for name, value in response.metrics.items():
        yield f"{name:<24} {value}"
    for process_exit in response.exits:
        at = process_exit.at.astimezone() if process_exit.at else None
        yield ""
        yield f"{clock(at)}  {process_exit.text or process_exit.cause}"
        yield from (f"    {line}" for line in process_exit.stderr)


def latest_lines(latest: LatestResults) -> tuple[str, ...]:
    """Grouped by endpoint, fastest first; invalid runs last."""
    groups: dict[str, list[BenchmarkResult]] = {}
    for result in latest.results.values():
        groups.setdefault(f"{result.method} {result.endpoint}", []).append(result)
    lines: list[str] = []
    for name, results in sorted(groups.items()):
        lines += ["", f"{name:<24}{'requests/s':>12}{'p50':>10}{'p99':>10}  measured"]
        for result in sorted(results, key=lambda result: (result.validity == "invalid", -result.req_per_sec)):
            at = f"{result.timestamp.astimezone():%Y-%m-%d %H:%M}" if result.timestamp else DASH
            latencies = f"{milliseconds(result.p50_latency):>10}{milliseconds(result.p99_latency):>10}"
            rate = f"{thousands(result.req_per_sec):>12}"
            lines.append(f"  {result.framework:<22}{rate}{latencies}  {at}  {result.validity}")
    return tuple(lines[1:]) or ("no runs yet",)


def compare_lines(compare: Compare) -> tuple[str, ...]:
    """Two results side by side, with the verdict."""
    base, new = compare.base, compare.new
    figures = (
        ("requests/s", base.req_per_sec, new.req_per_sec, thousands),
        ("avg latency", base.avg_latency, new.avg_latency, milliseconds),
        ("p50 latency", base.p50_latency, new.p50_latency, milliseconds),
        ("p99 latency", base.p99_latency, new.p99_latency, milliseconds),
    )
    head = f"{'':<14}{'base':>22}{'new':>22}"
    names = f"{'':<14}{_name(base):>22}{_name(new):>22}"
    rows = [f"{label:<14}{show(a):>22}{show(b):>22}  {difference(a, b):>9}" for label, a, b, show in figures]
    errors = f"{'errors':<14}{base.errors:>22}{new.errors:>22}"
    return (head, names, "", *rows, errors, "", *_verdict(compare))


def _verdict(compare: Compare) -> Iterator[str]:
    """The server's comparison of whole trials if available, otherwise a comparison of the intervals."""
    comparison = compare.comparison
    if comparison is None:
        yield verdict(compare.base, compare.new)
        return
    yield comparison.text or comparison.verdict
    yield from (reason for reason in comparison.reasons if reason not in comparison.text)
    yield from (metric.text for metric in comparison.metrics if metric.text and metric.ratio is not None)
    yield from comparison.warnings


def _name(result: BenchmarkResult) -> str:
    return f"{result.framework} {result.endpoint}"[:21]


def verdict(base: BenchmarkResult, new: BenchmarkResult) -> str:
    """Compare the intervals; overlapping intervals give no verdict."""
    if "invalid" in (base.validity, new.validity):
        return "One of the two runs is invalid: no verdict."
    bounds = (base.req_per_sec_low, base.req_per_sec_high, new.req_per_sec_low, new.req_per_sec_high)
    if any(bound is None for bound in bounds):
        return "One run has no interval (a single trial): the difference may be noise. Run 5 trials each."
    base_low, base_high, new_low, new_high = (bound or 0.0 for bound in bounds)
    if new_low > base_high:
        return f"Faster: {difference(base.req_per_sec, new.req_per_sec)} requests/s; the intervals do not overlap."
    if new_high < base_low:
        return f"Slower: {difference(base.req_per_sec, new.req_per_sec)} requests/s; the intervals do not overlap."
    return "No verdict: the intervals overlap."

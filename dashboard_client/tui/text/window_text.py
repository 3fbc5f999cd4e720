"""Windows that are text: a run with its trials and gates, a process, a comparison, logs. [pure]"""

from __future__ import annotations

from collections.abc import Iterator

from dashboard_client.formatting.figures import DASH, clock, difference, milliseconds, seconds, size, spread, thousands
from dashboard_client.tui.model.windows import Compare, Logs, Page, ProcessDetails, RunPage
from dashboard_client.wire.benchmarks import BenchmarkResult, BenchmarkRun, LatestResults
from dashboard_client.wire.host_and_pm2 import LogLine

LATEST = "Latest of each framework"
MARKS = {"pass": "ok ", "warn": "!  ", "fail": "BAD", "unknown": "?  "}


def page_lines(overlay: RunPage | ProcessDetails | Page | Logs) -> tuple[str, ...]:
    match overlay:
        case RunPage():
            return tuple(_run(overlay))
        case ProcessDetails():
            return tuple(_process(overlay))
        case Logs():
            return tuple(log_text(each, has_time=overlay.has_times) for each in overlay.lines)
        case Page(lines=lines):
            return lines


def log_text(line: LogLine, *, has_time: bool) -> str:
    at = f"{clock(line.at.astimezone() if line.at else None)} " if has_time else ""
    who = f"{line.name}{'' if line.pm_id is None else f' {line.pm_id}'}"
    return f"{at}{who} {'!' if line.stream == 'err' else '|'} {line.text}"


def _run(page: RunPage) -> Iterator[str]:
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
        yield "asking the server…"


def _figures(result: BenchmarkResult) -> Iterator[str]:
    between = ""
    if result.req_per_sec_low is not None and result.req_per_sec_high is not None:
        between = f"   {thousands(result.req_per_sec_low)} to {thousands(result.req_per_sec_high)}"
    yield f"requests/s   {result.req_per_sec:,.0f}  {spread(result)}{between}".rstrip()
    yield f"latency      avg {milliseconds(result.avg_latency)}   p50 {milliseconds(result.p50_latency)}   " + (
        f"p90 {milliseconds(result.p90_latency)}   p99 {milliseconds(result.p99_latency)}   "
        f"p99.9 {milliseconds(result.p999_latency)}"
    )
    total = DASH if result.total_reqs is None else f"{result.total_reqs:,}"
    yield f"requests     {total}   errors {result.errors}   timeouts {result.timeouts}   not 2xx {result.non2xx}"
    duration = DASH if result.duration is None else f"{result.duration:.3g} s"
    trials = f"{result.trials} trial{'s' * (result.trials != 1)}"
    yield f"load         {result.generator or 'unknown generator'}   {result.connections} connections   " + (
        f"{result.workers} workers   pipelining {result.pipelining}   {trials}, {duration} in all"
    )
    when = f"{result.timestamp.astimezone():%Y-%m-%d %H:%M:%S}" if result.timestamp else "unknown time"
    yield f"measured     {when}   from {result.source or 'unknown'}   {result.label}".rstrip()
    yield f"verdict      {result.validity}"
    for reason in result.reasons:
        yield f"             {reason}"


def _baseline(run: BenchmarkRun) -> Iterator[str]:
    """What the run is to its baseline, or that it is the one."""
    baseline, verdict = run.baseline, run.against_baseline
    if baseline is None:
        return
    since = f"{baseline.set_at.astimezone():%Y-%m-%d %H:%M}" if baseline.set_at else "unknown time"
    why = f": {baseline.reason}" if baseline.reason else ""
    yield f"baseline     {'this run' if baseline.is_this else baseline.id}, named {since} by {baseline.set_by}{why}"
    if verdict:
        yield f"             {verdict.text or verdict.verdict}"


def _trials(run: BenchmarkRun) -> Iterator[str]:
    if not run.trial_results:
        return
    yield ""
    yield "trial        requests/s      avg        p99   errors   timeouts"
    for each in run.trial_results:
        name = "warm-up" if each.is_warmup else str(each.index)
        p99 = next((value for key, value in each.percentiles.items() if key in ("99", "p99", "99.0")), None)
        yield (
            f"{name:<10} {thousands(each.req_per_sec):>12} {milliseconds(each.avg_latency):>10}"
            f" {milliseconds(p99):>10} {each.errors:>8} {each.timeouts:>10}"
        )


def _gates(run: BenchmarkRun) -> Iterator[str]:
    if run.gates:
        yield ""
        yield "gates"
    for gate in run.gates:
        trial = "" if gate.trial is None else f" (trial {gate.trial})"
        yield f"  {MARKS.get(gate.state, '?  ')} {gate.code:<22} {gate.message}{trial}"
    if run.environment:
        yield ""


def _process(details: ProcessDetails) -> Iterator[str]:
    each = details.process
    yield f"{each.pm_id} {each.name}   {each.status}   pid {each.pid or DASH}   {each.exec_mode}"
    yield f"cpu {each.cpu:.1f} %   memory {size(each.memory_bytes)}   up {seconds(each.uptime_seconds)}   " + (
        f"restarts {each.restarts} ({each.unstable_restarts} unstable)"
    )
    port = DASH if each.port is None else str(each.port)
    yield f"port {port}   framework {each.framework or DASH}   {each.interpreter} {each.version}   user {each.user}"
    page = details.page
    if page is None:
        yield details.problem or "asking the server…"
        return
    yield ""
    for name, text in (
        ("script", page.script),
        ("folder", page.cwd),
        ("arguments", " ".join(page.arguments)),
        ("stdout", page.out_log),
        ("stderr", page.err_log),
    ):
        yield f"{name:<10} {text or DASH}"
    for name, value in page.metrics.items():
        yield f"{name:<24} {value}"
    for end in page.exits:
        yield ""
        yield f"{clock(end.at.astimezone() if end.at else None)}  {end.text or end.cause}"
        yield from (f"    {line}" for line in end.stderr)


def latest_lines(latest: LatestResults) -> tuple[str, ...]:
    """By endpoint, the quickest first; an invalid run stands last and has no rank."""
    groups: dict[str, list[BenchmarkResult]] = {}
    for each in latest.results.values():
        groups.setdefault(f"{each.method} {each.endpoint}", []).append(each)
    lines: list[str] = []
    for name, found in sorted(groups.items()):
        lines += ["", f"{name:<24}{'requests/s':>12}{'p50':>10}{'p99':>10}  measured"]
        for each in sorted(found, key=lambda result: (result.validity == "invalid", -result.req_per_sec)):
            at = f"{each.timestamp.astimezone():%Y-%m-%d %H:%M}" if each.timestamp else DASH
            latencies = f"{milliseconds(each.p50_latency):>10}{milliseconds(each.p99_latency):>10}"
            lines.append(f"  {each.framework:<22}{thousands(each.req_per_sec):>12}{latencies}  {at}  {each.validity}")
    return tuple(lines[1:]) or ("no runs yet",)


def compare_lines(compare: Compare) -> tuple[str, ...]:
    """Two results side by side, and what may be said about them."""
    base, new = compare.base, compare.new
    figures = (
        ("requests/s", base.req_per_sec, new.req_per_sec, thousands),
        ("avg latency", base.avg_latency, new.avg_latency, milliseconds),
        ("p50 latency", base.p50_latency, new.p50_latency, milliseconds),
        ("p99 latency", base.p99_latency, new.p99_latency, milliseconds),
    )
    head = f"{'':<14}{'base':>22}{'new':>22}"
    names = f"{'':<14}{_name(base):>22}{_name(new):>22}"
    rows = [f"{n:<14}{show(a):>22}{show(b):>22}  {difference(a, b):>9}" for n, a, b, show in figures]
    errors = f"{'errors':<14}{base.errors:>22}{new.errors:>22}"
    return (head, names, "", *rows, errors, "", *_verdict(compare))


def _verdict(compare: Compare) -> Iterator[str]:
    """The server's tests on whole trials where it has them, else what the intervals alone allow."""
    word = compare.comparison
    if word is None:
        yield verdict(compare.base, compare.new)
        return
    yield word.text or word.verdict
    yield from (each for each in word.reasons if each not in word.text)
    yield from (each.text for each in word.metrics if each.text and each.ratio is not None)
    yield from word.warnings


def _name(result: BenchmarkResult) -> str:
    return f"{result.framework} {result.endpoint}"[:21]


def verdict(base: BenchmarkResult, new: BenchmarkResult) -> str:
    """Two intervals that overlap allow no statement."""
    if "invalid" in (base.validity, new.validity):
        return "One of the two runs is invalid: no verdict."
    edges = (base.req_per_sec_low, base.req_per_sec_high, new.req_per_sec_low, new.req_per_sec_high)
    if any(each is None for each in edges):
        return "No interval on one of them (a single trial): the difference may be noise. Run 5 trials each."
    base_low, base_high, new_low, new_high = (each or 0.0 for each in edges)
    if new_low > base_high:
        return f"Faster: {difference(base.req_per_sec, new.req_per_sec)} requests/s; the intervals do not overlap."
    if new_high < base_low:
        return f"Slower: {difference(base.req_per_sec, new.req_per_sec)} requests/s; the intervals do not overlap."
    return "No difference can be told: the intervals overlap."

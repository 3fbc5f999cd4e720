"""Verifies our benchmarks: against plain wrk, with a target faster than its load generator, and against themselves.

`python -m perf.trust [bare] [ceiling] [same] [slower]` runs only these checks; all, the default, take about 12 minutes.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.analysis.gates import MAX_OTHERS_CORES
from benchmarks.analysis.rank_tests import mann_whitney
from benchmarks.engine import run_protocol, serving_processes
from benchmarks.engine.execution_monitor import MonitoredProcesses, Sample
from benchmarks.engine.generator_execution import Execution, ExecutionResult
from benchmarks.engine.run_plan import RunPlan, make_plan
from benchmarks.engine.run_protocol import ProtocolRun, TargetProcesses
from benchmarks.engine.run_result import RunResult
from benchmarks.engine.run_spec import RunSpec
from benchmarks.generators.scenario import PROFILES
from perf import targets
from perf.finding import Finding, print_findings
from system.host.child_processes import Identity

CONNECTIONS, THREADS = 50, 2
ROUNDS, ROUND_S = 20, 4  # a pair varies by 5 %, so the median of all is accurate to 1.5
AA_TRIALS, AA_COMPARISONS = 400, 40
# About 200 µs of work. Node's overhead per request is about a tenth of that, and has to be slowed down as well.
WORK_STEPS, OVERHEAD_STEPS = 200_000, 20_000
SLOWDOWN = 1.10
SIGNIFICANT = 0.05
MAX_SPREAD = 0.04  # five trials per side detect about three standard deviations


class NoCallbacks:
    """A RunCallbacks without output; identifies the target by its listening socket."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def on_state(self, name: str) -> None: ...

    async def on_preflight_passed(self, result: RunResult) -> None: ...

    async def on_generator_started(self, children: Sequence[Identity]) -> None: ...

    async def on_sample(self, sample: Sample, phase: str, remaining_s: float) -> None: ...

    async def on_trial_finished(self, trial: ExecutionResult, result: RunResult) -> None: ...

    async def target_processes(self) -> TargetProcesses:
        return TargetProcesses(await asyncio.to_thread(serving_processes.serving_pids, "127.0.0.1", self.port), None)


def target_url(port: int) -> str:
    return f"http://127.0.0.1:{port}/simple"


def plan_of(name: str, port: int, trials: int, duration_s: float) -> RunPlan:
    return make_plan(
        RunSpec(
            framework=name, host=f"127.0.0.1:{port}", address="127.0.0.1", endpoint="/simple", method="GET",
            planned_duration_s=duration_s, instances=None, connections=CONNECTIONS, workers=THREADS, pipelining=1,
            generator="wrk", generator_version="", trials_planned=trials, profile="", rate_per_second=None, label="",
            protocol="http1", insecure=False, expect=(),
        )
    )  # fmt: skip


def bare_wrk_rate(port: int, seconds: int) -> float:
    """The requests/s that wrk itself prints, without a script.

    It runs in its own session, as our generators do, because the kernel schedules processors by session.
    """
    argv = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", target_url(port)]
    output = subprocess.run(argv, capture_output=True, text=True, check=True, start_new_session=True).stdout
    rate = re.search(r"^Requests/sec:\s+([\d.]+)$", output, re.MULTILINE)
    assert rate, output
    return float(rate[1])


def against_bare_wrk() -> list[Finding]:
    """The same fastify, measured alternately; each side is first equally often."""

    async def measure(port: int) -> tuple[list[float], list[float], float]:
        run, bare_rates = ProtocolRun(plan_of("fastify", port, ROUNDS, ROUND_S), NoCallbacks(port)), []
        await run.run_preflight()
        await run.warm_up()
        for round_ in range(ROUNDS):
            if round_ % 2:
                await run.run_trial()
            bare_rates.append(await asyncio.to_thread(bare_wrk_rate, port, ROUND_S))
            if not round_ % 2:
                await run.run_trial()
        others_cores = statistics.fmean(trial.load.others_cores or 0.0 for trial in run.result.trials)
        return run.result.rates, bare_rates, others_cores

    with targets.run_fastify() as port:
        our_rates, bare_rates, others_cores = asyncio.run(measure(port))
    ratio = statistics.median(our / bare for our, bare in zip(our_rates, bare_rates, strict=True))
    figure = f"{100 * (ratio - 1):+.1f} % (median of {ROUNDS} pairs; other programs used {others_cores:.1f} processors)"
    is_within = abs(ratio - 1) <= 0.05
    is_met = True if is_within else None if others_cores > MAX_OTHERS_CORES else False
    return [Finding("our reqPerSec against plain wrk, same fastify", figure, "within 5 %", is_met)]


def run_cli(port: int, *options: str) -> tuple[dict[str, Any], str]:
    """The entry that `python -m benchmarks` prints to stdout, and its messages on stderr."""
    argv = [sys.executable, "-m", "benchmarks", "-f", "nginx", "-H", f"127.0.0.1:{port}", "--json", *options]
    process = subprocess.run(argv, capture_output=True, text=True, check=False)
    entry: dict[str, Any] = json.loads(process.stdout)
    return entry, process.stderr


def saturation_detection() -> list[Finding]:
    """nginx is faster than autocannon; a slow server is slower than wrk."""
    with targets.run_nginx() as port:
        entry, messages = run_cli(port, "--generator", "autocannon", "-d", "5", "-c", "50", "-w", "2")
    kind, rate = entry["saturation"], entry["reqPerSec"]
    is_lower_bound = "at least" in messages
    figure = f"{kind}, {'at least ' if is_lower_bound else ''}{rate:,.0f} requests/s"
    is_met = is_lower_bound and kind in ("generator-bound", "contended")
    findings = [Finding("nginx measured by autocannon", figure, 'generator-bound or contended, "at least"', is_met)]
    with targets.run_cpu_bound_server(WORK_STEPS) as port:
        entry, _ = run_cli(port, "--generator", "wrk", "-d", "5", "-c", "50", "-w", "2")
    kind, rate = entry["saturation"], entry["reqPerSec"]
    figure = f"{kind}, {rate:,.0f} requests/s"
    return [*findings, Finding("a slow server measured by wrk", figure, "server-bound", kind == "server-bound")]


def false_positives() -> list[Finding]:
    """Compares a target with itself: trials are assigned to two sides as ABBA, five per side and comparison."""

    async def measure(port: int) -> list[float]:
        callbacks, rates = NoCallbacks(port), []
        plan = plan_of("same", port, 1, 1)
        for _ in range(AA_TRIALS + 5):
            execution = Execution(plan.program, plan.scenario(1), MonitoredProcesses(), 150, 1)
            rates.append((await execution.run(callbacks, None, 0)).measurement.rate)
        return rates[5:]  # the first five warmed the target up

    with targets.run_cpu_bound_server(WORK_STEPS) as port:
        rates = asyncio.run(measure(port))
    size, different = AA_TRIALS // AA_COMPARISONS, 0
    for start in range(0, AA_TRIALS, size):
        comparison = rates[start : start + size]
        sides: tuple[list[float], list[float]] = [], []
        for index, rate in enumerate(comparison):
            sides[index % 4 in (1, 2)].append(rate)
        different += mann_whitney(*sides) < SIGNIFICANT
    cv = statistics.stdev(rates) / statistics.fmean(rates)
    figure = f"{different} of {AA_COMPARISONS} comparisons show a difference (trials vary by {100 * cv:.1f} %)"
    return [Finding("a target against itself", figure, "at most 5", different <= 5)]


def slowdown_detection() -> list[Finding]:
    """Two targets, one of which needs 10 % longer per request, alternately with the profile `standard`."""
    standard = PROFILES["standard"]
    slower = round(SLOWDOWN * WORK_STEPS + (SLOWDOWN - 1) * OVERHEAD_STEPS)
    with targets.run_cpu_bound_server(WORK_STEPS) as fast, targets.run_cpu_bound_server(slower) as slow:
        runs = [
            ProtocolRun(plan_of(name, port, standard.trials, standard.duration_s), NoCallbacks(port))
            for name, port in (("fast", fast), ("slow", slow))
        ]
        results = asyncio.run(run_protocol.measure_interleaved(runs))
    return [
        _assess_slowdown(
            "requests/s", *([trial.measurement.rate for trial in result.trials] for result in results), direction=-1
        ),
        _assess_slowdown("CPU per request", *(_cpu_micros(result) for result in results), direction=1),
    ]


def _cpu_micros(result: RunResult) -> list[float]:
    return [trial.target_cpu_s * 1e6 / trial.measurement.responses for trial in result.trials]


def _assess_slowdown(metric: str, fast: Sequence[float], slow: Sequence[float], *, direction: int) -> Finding:
    change = statistics.median(slow) / statistics.median(fast) - 1
    p, spread = mann_whitney(fast, slow), statistics.stdev(fast) / statistics.fmean(fast)
    figure = f"{100 * change:+.1f} %, p = {p:.3f}, trials vary by {100 * spread:.1f} %"
    is_detected = change * direction > 0 and p < SIGNIFICANT
    is_met = True if is_detected else None if spread > MAX_SPREAD else False
    return Finding(f"a target made 10 % slower, by {metric}", figure, f"p < {SIGNIFICANT:g}", is_met)


CHECKS: dict[str, Callable[[], list[Finding]]] = {
    "bare": against_bare_wrk, "ceiling": saturation_detection, "slower": slowdown_detection, "same": false_positives,
}  # fmt: skip


def findings(names: Sequence[str] = ()) -> list[Finding]:
    return [finding for name, check in CHECKS.items() if not names or name in names for finding in check()]


if __name__ == "__main__":
    sys.exit(print_findings(findings(sys.argv[1:])))

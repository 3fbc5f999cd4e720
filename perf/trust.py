"""Are our benchmarks right? Against a bare wrk, against a server quicker than its generator, against themselves.

`python -m perf.trust [bare] [ceiling] [same] [slower]`; nothing named means all, which takes about twelve minutes.
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
from benchmarks.engine import run_protocol, serving_processes, trial_execution
from benchmarks.engine.monitor import MonitoredProcesses, Sample
from benchmarks.engine.preflight import TargetRequest
from benchmarks.engine.run_protocol import RunPlan, RunResult, TargetProcesses, TargetRun
from benchmarks.engine.trial_execution import Execution, TrialResult
from benchmarks.generators.scenario import PROFILES
from perf import targets
from perf.finding import Finding, show
from system.host.child_processes import Identity

CONNECTIONS, THREADS = 50, 2
ROUNDS, ROUND_S = 20, 4  # a pair varies by 5 %, so their median is known within 1.5
AA_TRIALS, AA_COMPARISONS = 400, 40
# About 200 µs of work; the rest of a request costs Node about a tenth of that, which a slower target needs as well.
STEPS, REST_STEPS = 200_000, 20_000
SLOWER = 1.10
SIGNIFICANT = 0.05
QUIET = 0.04  # five trials a side see about three standard deviations


class Silent:
    """A witness that says nothing, and asks the sockets who the target is."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def on_phase(self, name: str) -> None: ...

    async def on_ready(self, found: RunResult) -> None: ...

    async def on_start(self, children: Sequence[Identity]) -> None: ...

    async def on_sample(self, sample: Sample, phase: str, remaining_s: float) -> None: ...

    async def on_trial(self, done: TrialResult, found: RunResult) -> None: ...

    async def target_processes(self) -> TargetProcesses:
        return TargetProcesses(await asyncio.to_thread(serving_processes.serving_pids, "127.0.0.1", self.port), None)


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}/simple"


def plan(name: str, port: int, trials: int, duration_s: float) -> RunPlan:
    return RunPlan(
        framework=name, request=TargetRequest(url(port), "GET", {"Host": f"127.0.0.1:{port}"}, ""),
        program=trial_execution.find_program("wrk"), trials=trials, duration_s=duration_s, connections=CONNECTIONS,
        workers=THREADS,
    )  # fmt: skip


def bare_wrk(port: int, seconds: int) -> float:
    """Requests per second as wrk itself prints them, without a script, from a session of its own: the kernel shares
    processors out by session, and our generators have theirs."""
    argv = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", url(port)]
    printed = subprocess.run(argv, capture_output=True, text=True, check=True, start_new_session=True).stdout
    found = re.search(r"^Requests/sec:\s+([\d.]+)$", printed, re.MULTILINE)
    assert found, printed
    return float(found[1])


def against_bare_wrk() -> list[Finding]:
    """The same fastify in turns; each first as often as the other."""

    async def measure(port: int) -> tuple[list[float], list[float], float]:
        side, bare = TargetRun(plan("fastify", port, ROUNDS, ROUND_S), Silent(port)), []
        await side.prepare()
        await side.warm_up()
        for round_ in range(ROUNDS):
            if round_ % 2:
                await side.run_trial()
            bare.append(await asyncio.to_thread(bare_wrk, port, ROUND_S))
            if not round_ % 2:
                await side.run_trial()
        others = statistics.fmean(trial.load.others_cores or 0.0 for trial in side.result.trials)
        return side.result.rates, bare, others

    with targets.fastify() as port:
        ours, theirs, others = asyncio.run(measure(port))
    ratio = statistics.median(our / their for our, their in zip(ours, theirs, strict=True))
    figure = f"{100 * (ratio - 1):+.1f} % (median of {ROUNDS} pairs; others used {others:.1f} processors)"
    is_within = abs(ratio - 1) <= 0.05
    is_met = True if is_within else None if others > MAX_OTHERS_CORES else False
    return [Finding("our reqPerSec against a bare wrk's, same fastify", figure, "within 5 %", is_met)]


def cli(port: int, *more: str) -> tuple[dict[str, Any], str]:
    """The entry that `python -m benchmarks` prints, and what it tells people."""
    argv = [sys.executable, "-m", "benchmarks", "-f", "nginx", "-H", f"127.0.0.1:{port}", "--json", *more]
    finished = subprocess.run(argv, capture_output=True, text=True, check=False)
    entry: dict[str, Any] = json.loads(finished.stdout)
    return entry, finished.stderr


def at_the_ceiling() -> list[Finding]:
    """nginx is quicker than autocannon; a slow server is not quicker than wrk."""
    with targets.nginx() as port:
        entry, told = cli(port, "--generator", "autocannon", "-d", "5", "-c", "50", "-w", "2")
    kind, rate = entry["saturation"], entry["reqPerSec"]
    is_said = "at least" in told
    shown = f"{kind}, {'at least ' if is_said else ''}{rate:,.0f} requests/s"
    is_met = is_said and kind in ("generator-bound", "contended")
    findings = [Finding("nginx against autocannon", shown, 'generator-bound or contended, "at least"', is_met)]
    with targets.working(STEPS) as port:
        entry, told = cli(port, "--generator", "wrk", "-d", "5", "-c", "50", "-w", "2")
    kind, rate = entry["saturation"], entry["reqPerSec"]
    shown = f"{kind}, {rate:,.0f} requests/s"
    return [*findings, Finding("a slow server against wrk", shown, "server-bound", kind == "server-bound")]


def against_itself() -> list[Finding]:
    """Trials of one target, in turns given to two sides that do not exist: ABBA, five of each to a comparison."""

    async def measure(port: int) -> list[float]:
        witness, rates = Silent(port), []
        made = plan("same", port, 1, 1)
        for _ in range(AA_TRIALS + 5):
            work = Execution(made.program, made.scenario(1), MonitoredProcesses(), 150, 1)
            rates.append((await work.run(witness, None, 0)).measurement.rate)
        return rates[5:]  # what came first warmed the target up

    with targets.working(STEPS) as port:
        rates = asyncio.run(measure(port))
    size, different = AA_TRIALS // AA_COMPARISONS, 0
    for start in range(0, AA_TRIALS, size):
        part = rates[start : start + size]
        sides: tuple[list[float], list[float]] = [], []
        for place, rate in enumerate(part):
            sides[place % 4 in (1, 2)].append(rate)
        different += mann_whitney(*sides) < SIGNIFICANT
    cv = statistics.stdev(rates) / statistics.fmean(rates)
    figure = f"{different} of {AA_COMPARISONS} comparisons say different (trials vary by {100 * cv:.1f} %)"
    return [Finding("a target against itself", figure, "at most 5", different <= 5)]


def against_a_slower_one() -> list[Finding]:
    """Two targets of which one needs 10 % longer for a request, in turns, with the profile `standard`."""
    standard = PROFILES["standard"]
    slower = round(SLOWER * STEPS + (SLOWER - 1) * REST_STEPS)
    with targets.working(STEPS) as quick, targets.working(slower) as slow:
        sides = [
            TargetRun(plan(name, port, standard.trials, standard.duration_s), Silent(port))
            for name, port in (("quick", quick), ("slow", slow))
        ]
        found = asyncio.run(run_protocol.measure_interleaved(sides))
    return [
        _found_by("requests/s", *([trial.measurement.rate for trial in each.trials] for each in found), direction=-1),
        _found_by("CPU per request", *(_cpu_micros(each) for each in found), direction=1),
    ]


def _cpu_micros(found: RunResult) -> list[float]:
    return [trial.target_cpu_s * 1e6 / trial.measurement.responses for trial in found.trials]


def _found_by(what: str, quick: Sequence[float], slow: Sequence[float], *, direction: int) -> Finding:
    change = statistics.median(slow) / statistics.median(quick) - 1
    p, noise = mann_whitney(quick, slow), statistics.stdev(quick) / statistics.fmean(quick)
    figure = f"{100 * change:+.1f} %, p = {p:.3f}, trials vary by {100 * noise:.1f} %"
    is_found = change * direction > 0 and p < SIGNIFICANT
    is_met = True if is_found else None if noise > QUIET else False
    return Finding(f"a target made 10 % slower, by {what}", figure, f"p < {SIGNIFICANT:g}", is_met)


CHECKS: dict[str, Callable[[], list[Finding]]] = {
    "bare": against_bare_wrk, "ceiling": at_the_ceiling, "slower": against_a_slower_one, "same": against_itself,
}  # fmt: skip


def findings(names: Sequence[str] = ()) -> list[Finding]:
    return [finding for name, check in CHECKS.items() if not names or name in names for finding in check()]


if __name__ == "__main__":
    sys.exit(show(findings(sys.argv[1:])))

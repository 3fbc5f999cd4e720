"""Runs the measurement protocol: preflight, warm-up, trials, post-flight. Independent of Django.

Used by `manage.py run_benchmark` and `python -m benchmarks`; a RunObserver receives the progress. The trials of several
targets alternate, so that a disturbance of the machine affects all of them.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from benchmarks.analysis import gates
from benchmarks.analysis.gates import Assessment, Gate, GateInput, ProbeCounts, TrialGateInput
from benchmarks.analysis.measurement import Measurement, merge_trials
from benchmarks.analysis.rank_tests import median_interval
from benchmarks.analysis.saturation import overall_saturation
from benchmarks.engine import environment, preflight, trial_monitor
from benchmarks.engine.preflight import TargetResponse
from benchmarks.engine.probe import ProbePlan
from benchmarks.engine.run_figures import RunFigures
from benchmarks.engine.run_plan import RunPlan
from benchmarks.engine.trial_execution import Execution, GeneratorProgram, TrialObserver, TrialResult
from benchmarks.engine.trial_monitor import REDIS_PROGRAMS, MonitoredProcesses, Sample
from benchmarks.errors import GeneratorFailed
from benchmarks.generators.scenario import STEADY_BURSTS, burst_duration_s, is_steady, max_warmup_s
from system.host import process_lookup

BACKGROUND_S = 1.0
PAUSE_S = 1.0  # between trials, so that connections of the previous one are closed
MAX_PAUSE_SHARE = 0.2
MIN_DATE_INTERVAL_S = 2.0  # a Date header has a resolution of one second


@dataclass(frozen=True, slots=True)
class TargetProcesses:
    """The target's processes: pids, and total number of restarts so far (None: not counted)."""

    pids: tuple[int, ...]
    restarts: int | None


class RunObserver(TrialObserver, Protocol):
    """Implemented by the caller of a run: receives its progress, finds the target's processes, and may cancel it by
    raising CancelledError."""

    async def on_phase(self, name: str) -> None: ...

    async def on_preflight_passed(self, result: RunResult) -> None: ...

    async def on_trial_finished(self, trial: TrialResult, result: RunResult) -> None: ...

    async def target_processes(self) -> TargetProcesses: ...


@dataclass(slots=True)
class RunResult:
    """The results of a run so far. Figures and gates require at least one trial."""

    plan: RunPlan
    trials: list[TrialResult] = field(default_factory=list)
    warmup: list[TrialResult] = field(default_factory=list)
    before: TargetResponse | None = None
    after: TargetResponse | None = None
    is_constant: bool = False
    environment: dict[str, object] = field(default_factory=dict)
    monitored: MonitoredProcesses = field(default_factory=MonitoredProcesses)
    background_cores: float | None = None
    restarts: int | None = None
    cross_rate: float | None = None
    notes: list[str] = field(default_factory=list)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds_between: float = 0.0

    @property
    def rates(self) -> list[float]:
        return [trial.measurement.rate for trial in self.trials]

    @property
    def rate(self) -> float:
        """Successful responses per second: median of the trials."""
        return statistics.median(self.rates)

    def interval(self) -> tuple[float, float] | tuple[None, None]:
        """Confidence interval of the rate: 95 % from six trials, else minimum and maximum; None for a single trial."""
        if len(self.rates) < 2:
            return None, None
        return median_interval(self.rates) or (min(self.rates), max(self.rates))

    def merged(self) -> Measurement:
        return merge_trials([trial.measurement for trial in self.trials])

    def saturation(self) -> str:
        return overall_saturation([trial.load for trial in self.trials])

    def figures(self) -> RunFigures:
        """The figures from all trials: median rate, sums, merged latencies."""
        merged, assessment, (low, high) = self.merged(), self.assessment(), self.interval()
        percentiles = merged.percentiles_ms
        return RunFigures(
            req_per_sec=self.rate,
            avg_latency_ms=merged.mean_ms,
            p50_latency_ms=percentiles.get("50"),
            p90_latency_ms=percentiles.get("90"),
            p99_latency_ms=percentiles.get("99"),
            total_requests=merged.responses,
            duration_s=merged.duration_s,
            errors=merged.errors,
            timeouts=merged.timeouts,
            non_2xx=merged.non_2xx,
            validity=assessment.validity,
            reasons=assessment.reasons,
            req_per_sec_low=low,
            req_per_sec_high=high,
            p95_latency_ms=percentiles.get("95"),
            p999_latency_ms=percentiles.get("99.9"),
            cpu_micros_per_request=self.cpu_micros_per_request(),
            memory_bytes=self.memory_bytes(),
            saturation=self.saturation(),
        )

    def cpu_micros_per_request(self) -> float | None:
        used_s, responses = sum(trial.target_cpu_s for trial in self.trials), self.merged().responses
        return used_s * 1e6 / responses if used_s > 0 and responses else None

    def memory_bytes(self) -> int | None:
        """Peak memory of all processes of the target together."""
        return max((trial.target_memory_bytes for trial in self.trials if trial.target_memory_bytes), default=None)

    def samples(self) -> list[Sample]:
        return [sample for trial in self.trials for sample in trial.samples]

    def gates(self) -> tuple[Gate, ...]:
        bursts = [burst.measurement.rate for burst in self.warmup]
        return gates.evaluate_gates(GateInput(
            trials=tuple(_gate_input(trial) for trial in self.trials),
            duration_s=self.plan.spec.duration_s,
            pipelining=self.plan.spec.pipelining,
            rate_per_second=self.plan.spec.rate_per_second,
            is_steady=is_steady(bursts) if len(bursts) >= STEADY_BURSTS else None,
            restarts=self.restarts,
            response_oddities=self.before.odd if self.before and self.plan.request.method != "HEAD" else (),
            response_change=self._response_change(),
            cached_date=self._has_cached_date(),
            background_cores=self.background_cores,
            cross_rate=self.cross_rate,
            notes=tuple(self.notes),
            planned=self.plan.spec.trials,
        ))  # fmt: skip

    def assessment(self) -> Assessment:
        return gates.assess(self.gates())

    def _response_change(self) -> str | None:
        if self.before is None or self.after is None:
            return None
        return preflight.describe_change(self.before, self.after, same_body=self.is_constant)

    def _has_cached_date(self) -> bool:
        if self.before is None or self.after is None or not self.before.date:
            return False
        return self.seconds_between > MIN_DATE_INTERVAL_S and self.before.date == self.after.date


def _gate_input(trial: TrialResult) -> TrialGateInput:
    probe = trial.probe
    counts = ProbeCounts(probe.sent, probe.failed, probe.mismatched) if probe else None
    return TrialGateInput(trial.measurement, trial.load, counts, trial.target_memory_bytes)


class TargetRun:
    """The run of one target, phase by phase."""

    def __init__(self, plan: RunPlan, observer: RunObserver) -> None:
        self.plan, self.observer = plan, observer
        self.result = RunResult(plan)
        self._began_s = time.monotonic()
        self._restarts: int | None = None

    async def run_preflight(self) -> None:
        """Preflight: check the response, find the processes, measure background load. Raises PreflightFailed."""
        result, plan = self.result, self.plan
        await self.observer.on_phase("preflight")
        result.before = await asyncio.to_thread(preflight.verify, plan.request, plan.needs)
        result.is_constant = await asyncio.to_thread(preflight.has_constant_body, plan.request, result.before)
        self._began_s = time.monotonic()
        processes = await self.observer.target_processes()
        self._restarts = processes.restarts
        if plan.spec.instances and processes.pids and len(processes.pids) != plan.spec.instances:
            result.notes.append(f"{len(processes.pids)} instances were online, not {plan.spec.instances} as requested.")
        cpus = environment.usable_cpus()
        result.monitored = MonitoredProcesses(
            target=processes.pids,
            redis=await asyncio.to_thread(process_lookup.pids_by_name, REDIS_PROGRAMS) if plan.needs else (),
            is_local=plan.is_local, generator_cpus=min(plan.spec.workers, plan.spec.connections, cpus), cpus=cpus,
        )  # fmt: skip
        name, version = plan.program.name, plan.program.version
        result.environment = await asyncio.to_thread(environment.fingerprint, name, version, is_local=plan.is_local)
        result.background_cores = await trial_monitor.measure_background_cores(
            min(BACKGROUND_S, plan.spec.duration_s / 4)
        )
        await self.observer.on_preflight_passed(result)

    async def warm_up(self) -> None:
        """Run bursts, excluded from the result, until three in a row agree or the time is up."""
        plan, burst_s = self.plan, burst_duration_s(self.plan.spec.duration_s)
        remaining_s = max_warmup_s(plan.spec.duration_s)
        await self.observer.on_phase("warming")
        while remaining_s >= burst_s and not is_steady([burst.measurement.rate for burst in self.result.warmup]):
            remaining_s -= burst_s
            burst = await self._execute(plan.program, "warm-up", burst_s, remaining_after_s=remaining_s)
            self.result.warmup.append(burst)
        if self.result.warmup:
            await self.observer.on_trial_finished(_merge_bursts(self.result.warmup), self.result)

    async def run_trial(self) -> None:
        index = len(self.result.trials) + 1
        await self.observer.on_phase("running")
        trial = await self._execute(self.plan.program, "trial", self.plan.spec.duration_s, index=index)
        self.result.trials.append(trial)
        await self.observer.on_trial_finished(trial, self.result)

    async def post_flight(self) -> None:
        """Cross-check with the second generator, repeat the preflight's request, count restarts."""
        plan, result = self.plan, self.result
        if not sum(trial.measurement.successes for trial in result.trials):
            raise GeneratorFailed("There was no successful response, so there is no result.")
        if plan.cross_check_program:
            trial = await self._execute(plan.cross_check_program, "cross-check", plan.spec.duration_s)
            result.cross_rate = trial.measurement.rate
        result.after = await asyncio.to_thread(preflight.send_request, plan.request)
        result.seconds_between = time.monotonic() - self._began_s
        now = await self.observer.target_processes()
        if self._restarts is not None and now.restarts is not None:
            gone = len(set(result.monitored.target) - set(now.pids))  # updating PM2 resets its restart counts
            result.restarts = max(now.restarts - self._restarts, gone)

    async def _execute(
        self,
        program: GeneratorProgram,
        phase: str,
        duration_s: float,
        *,
        index: int = 0,
        remaining_after_s: float = 0.0,
    ) -> TrialResult:
        """One execution; a trial (with an `index`) includes the probe. `remaining_after_s`: of its phase."""
        before, plan = self.result.before, self.plan
        assert before  # noqa: S101 - set by run_preflight()
        scenario = plan.scenario(duration_s)
        probe = ProbePlan(
            url=scenario.url, method=scenario.method, headers=dict(scenario.headers), body=scenario.body,
            duration_s=scenario.duration_s, timeout_s=scenario.timeout_s,
            body_sha256=before.body_sha256 if self.result.is_constant else None, keys=before.keys,
        )  # fmt: skip
        trials_left = plan.spec.trials - max(index, len(self.result.trials))
        remaining_after_s += trials_left * plan.spec.duration_s
        execution = Execution(program, scenario, self.result.monitored, before.wire_bytes, index, phase)
        return await execution.run(self.observer, probe if index else None, remaining_after_s)


def _merge_bursts(bursts: Sequence[TrialResult]) -> TrialResult:
    """The bursts of a warm-up as trial 0."""
    return bursts[-1].with_measurement(merge_trials([burst.measurement for burst in bursts]), bursts[0].started_at)


async def measure(plan: RunPlan, observer: RunObserver) -> RunResult:
    """Measure one target. Raises PreflightFailed, GeneratorFailed, UnreadableOutput, HostError."""
    return (await measure_interleaved([TargetRun(plan, observer)]))[0]


async def measure_interleaved(
    runs: Sequence[TargetRun], shuffle: Callable[[list[TargetRun]], None] = random.shuffle
) -> list[RunResult]:
    """Measure several targets with alternating trials, in random order within each round."""
    for run in runs:
        await run.run_preflight()
    for run in runs:
        await run.warm_up()
    for round_ in range(max(run.plan.spec.trials for run in runs)):
        order = [run for run in runs if round_ < run.plan.spec.trials]
        shuffle(order)
        for run in order:
            if any(other.result.trials for other in runs):
                await asyncio.sleep(min(PAUSE_S, MAX_PAUSE_SHARE * run.plan.spec.duration_s))
            await run.run_trial()
    for run in runs:
        await run.post_flight()
    return [run.result for run in runs]

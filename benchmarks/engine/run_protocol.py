"""Runs the measurement protocol: preflight, warm-up, trials, post-flight. Independent of Django.

Used by `manage.py run_benchmark` and `python -m benchmarks`; RunCallbacks receive the progress. The trials of several
targets alternate, so that a disturbance of the machine affects all of them.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmarks import generators
from benchmarks.analysis.measurement import merge_trials
from benchmarks.analysis.oddities import FATAL_ODDITIES
from benchmarks.analysis.warm_up import burst_duration_s, is_steady, max_warmup_s
from benchmarks.budgets.expectation import parse_stored
from benchmarks.engine import environment, execution_monitor, preflight
from benchmarks.engine.execution_monitor import REDIS_PROGRAMS, MonitoredProcesses
from benchmarks.engine.generator_execution import Execution, ExecutionCallbacks, ExecutionResult, GeneratorProgram
from benchmarks.engine.probe import RATE_PER_SECOND, ProbePlan
from benchmarks.engine.run_plan import RunPlan
from benchmarks.engine.run_result import RunResult
from benchmarks.errors import GeneratorFailed, PreflightFailed
from benchmarks.generators.scenario import Scenario
from benchmarks.sweeps.budget import StepBudget
from benchmarks.sweeps.progress import SweepProgress
from system.host import process_lookup

BACKGROUND_S = 1.0
NO_RESULT = "There was no successful response, so there is no result."
PAUSE_S = 1.0  # between trials, so that connections of the previous one are closed
MAX_PAUSE_SHARE = 0.2
MAX_PROBE_SHARE = 0.1
MAX_RESPONSE_SHARE = 0.05  # of a trial: in a closed loop, up to this share of the rate is lost at the end of a trial


@dataclass(frozen=True, slots=True)
class TargetProcesses:
    """The target's processes: pids, and total number of restarts so far (None: not counted)."""

    pids: tuple[int, ...]
    restarts: int | None


class RunCallbacks(ExecutionCallbacks, Protocol):
    """Implemented by the caller of a run: receives its progress, finds the target's processes, and may cancel it by
    raising CancelledError."""

    async def on_state(self, state: str) -> None: ...

    async def on_preflight_passed(self, result: RunResult) -> None: ...

    async def on_trial_finished(self, trial: ExecutionResult, result: RunResult) -> None: ...

    async def target_processes(self) -> TargetProcesses: ...


class ProtocolRun:
    """The run of one target, phase by phase."""

    def __init__(self, plan: RunPlan, callbacks: RunCallbacks) -> None:
        self.plan, self.callbacks = plan, callbacks
        self.result = RunResult(plan)
        self._began_s = time.monotonic()
        self._restarts: int | None = None

    async def run_preflight(self) -> None:
        """Preflight: check the response, find the processes, measure background load. Raises PreflightFailed, and
        GeneratorFailed if the generator cannot count such responses."""
        result, plan = self.result, self.plan
        await self.callbacks.on_state("preflight")
        result.tls = await asyncio.to_thread(preflight.inspect_tls, plan.request, insecure=plan.spec.insecure)
        before = await asyncio.to_thread(preflight.verify_and_fill, plan.request, plan.needs)
        result.response_before = before
        if inability := generators.inability(plan.program.name, before.odd):
            raise GeneratorFailed(inability)
        if before.seconds >= plan.spec.planned_duration_s:
            raise PreflightFailed(slow_target(before.seconds, plan.spec.planned_duration_s, "nothing would be counted"))
        if before.seconds >= MAX_RESPONSE_SHARE * plan.spec.planned_duration_s:
            reason = "requests in flight at its end are not counted, so the rate is too low"
            result.notes.append(slow_target(before.seconds, plan.spec.planned_duration_s, reason))
        result.expectation = await asyncio.to_thread(preflight.learn_expectation, plan.request, before)
        self._began_s = time.monotonic()
        processes = await self.callbacks.target_processes()
        self._restarts = processes.restarts
        if plan.spec.instances and processes.pids and len(processes.pids) != plan.spec.instances:
            result.notes.append(f"{len(processes.pids)} instances were online, not {plan.spec.instances} as planned.")
        cpus = environment.usable_cpus()
        result.monitored = MonitoredProcesses(
            target=processes.pids,
            redis=await asyncio.to_thread(process_lookup.pids_by_name, REDIS_PROGRAMS) if plan.needs else (),
            is_local=plan.is_local, generator_cpus=min(plan.spec.workers, plan.spec.connections, cpus), cpus=cpus,
        )  # fmt: skip
        name, version = plan.program.name, plan.program.version
        result.environment = await asyncio.to_thread(environment.fingerprint, name, version, is_local=plan.is_local)
        result.background_cores = await execution_monitor.measure_background_cores(
            min(BACKGROUND_S, plan.spec.planned_duration_s / 4)
        )
        await self.callbacks.on_preflight_passed(result)

    async def warm_up(self) -> None:
        """Run bursts, excluded from the result, until three in a row agree or the time is up."""
        plan, burst_s = self.plan, burst_duration_s(self.plan.spec.planned_duration_s)
        remaining_s = max_warmup_s(plan.spec.planned_duration_s)
        await self.callbacks.on_state("warming")
        while remaining_s >= burst_s and not is_steady([burst.measurement.rate for burst in self.result.warmup]):
            remaining_s -= burst_s
            burst = await self._run_generator(plan.program, "warm-up", burst_s, remaining_after_s=remaining_s)
            self.result.warmup.append(burst)
        if self.result.warmup:
            await self.callbacks.on_trial_finished(_merge_bursts(self.result.warmup), self.result)

    async def run_trial(self) -> None:
        index = len(self.result.trials) + 1
        await self.callbacks.on_state("running")
        trial = await self._run_generator(self.plan.program, "trial", self.plan.spec.planned_duration_s, index=index)
        self.result.trials.append(trial)
        await self.callbacks.on_trial_finished(trial, self.result)

    async def run_steps(self) -> None:
        """The steps of a sweep, until the rate that the target holds is known, or their maximum is reached."""
        spec = self.plan.spec
        fastest = max((burst.measurement.rate for burst in self.result.warmup), default=0.0)
        budget = StepBudget.of(parse_stored(spec.expect))
        sweep = SweepProgress.plan(fastest, spec.trials_planned, spec.planned_duration_s, spec.connections, budget)
        self.result.sweep = sweep
        while (rate := sweep.next_rate()) is not None:
            if sweep.steps:
                await asyncio.sleep(pause_s(spec.planned_duration_s))
            await self.callbacks.on_state("running")
            probe_rate = min(RATE_PER_SECOND, MAX_PROBE_SHARE * rate)  # its requests are part of the rate
            scenario = self.plan.scenario(spec.planned_duration_s, rate - probe_rate, sweep.connections)
            trial = await self._run_generator(
                self.plan.program, "trial", spec.planned_duration_s, index=len(sweep.steps) + 1, scenario=scenario,
                probe_rate=probe_rate,
            )  # fmt: skip
            self.result.add_step(rate, trial)
            await self.callbacks.on_trial_finished(trial, self.result)

    async def post_flight(self) -> None:
        """Cross-check with the second generator, repeat the preflight's request, count restarts."""
        plan, result = self.plan, self.result
        if not sum(trial.measurement.successes for trial in result.trials):
            raise GeneratorFailed(" ".join([NO_RESULT, *self._fatal_oddities()]))
        if plan.cross_check_program:
            await self._cross_check(plan.cross_check_program)
        result.response_after = await asyncio.to_thread(preflight.send_request, plan.request)
        result.seconds_between_responses = time.monotonic() - self._began_s
        now = await self.callbacks.target_processes()
        if self._restarts is not None and now.restarts is not None:
            gone = len(set(result.monitored.target) - set(now.pids))  # updating PM2 resets its restart counts
            result.restarts = max(now.restarts - self._restarts, gone)

    def _fatal_oddities(self) -> list[str]:
        before = self.result.response_before
        return [oddity for oddity in before.odd if oddity in FATAL_ODDITIES] if before else []

    async def _cross_check(self, program: GeneratorProgram) -> None:
        before = self.result.response_before
        if before and (inability := generators.inability(program.name, before.odd)):
            self.result.notes.append(f"There was no cross-check. {inability}")
            return
        trial = await self._run_generator(program, "cross-check", self.plan.spec.planned_duration_s)
        self.result.cross_rate = trial.measurement.rate

    async def _run_generator(
        self,
        program: GeneratorProgram,
        purpose: str,
        duration_s: float,
        *,
        index: int = 0,
        remaining_after_s: float = 0.0,
        scenario: Scenario | None = None,
        probe_rate: float = RATE_PER_SECOND,
    ) -> ExecutionResult:
        """One execution; a trial (with an `index`) includes the probe. `remaining_after_s`: of the whole run;
        `scenario`, `probe_rate`: of a step of a sweep."""
        before, plan = self.result.response_before, self.plan
        assert before  # noqa: S101 - set by run_preflight()
        scenario = scenario or plan.scenario(duration_s)
        expected = self.result.expectation
        probe = ProbePlan(
            request=plan.request, duration_s=scenario.duration_s, timeout_s=scenario.timeout_s,
            body_sha256=expected.body_sha256, keys=expected.keys, body_bytes=expected.body_bytes,
            rate_per_second=probe_rate,
        )  # fmt: skip
        trials_left = plan.spec.trials_planned - max(index, len(self.result.trials))
        remaining_after_s += trials_left * plan.spec.planned_duration_s
        execution = Execution(program, scenario, self.result.monitored, before.wire_bytes, index, purpose)
        return await execution.run(self.callbacks, probe if index else None, remaining_after_s)


def slow_target(response_s: float, trial_s: float, reason: str) -> str:
    """A sentence about responses that take a large part of a trial."""
    needed_s = math.ceil(response_s / MAX_RESPONSE_SHARE)
    facts = f"A response takes {response_s:.1f} s, a trial {trial_s:g} s"
    return f"{facts}: {reason}. Use a duration of at least {needed_s} s."


def _merge_bursts(bursts: Sequence[ExecutionResult]) -> ExecutionResult:
    """The bursts of a warm-up as trial 0."""
    return bursts[-1].with_measurement(merge_trials([burst.measurement for burst in bursts]), bursts[0].started_at)


async def measure(plan: RunPlan, callbacks: RunCallbacks) -> RunResult:
    """Measure one target. Raises PreflightFailed, GeneratorFailed, UnreadableOutput, HostError."""
    return (await measure_interleaved([ProtocolRun(plan, callbacks)]))[0]


async def measure_interleaved(
    runs: Sequence[ProtocolRun], shuffle: Callable[[list[ProtocolRun]], None] = random.shuffle
) -> list[RunResult]:
    """Measure several targets with alternating trials, in random order within each round; sweeps one after another."""
    for run in runs:
        await run.run_preflight()
    for run in runs:
        await run.warm_up()
    sweeps = [run for run in runs if run.plan.spec.is_sweep]
    for sweep in sweeps:
        await sweep.run_steps()
    await _run_rounds([run for run in runs if run not in sweeps], shuffle)
    for run in runs:
        await run.post_flight()
    return [run.result for run in runs]


async def _run_rounds(runs: Sequence[ProtocolRun], shuffle: Callable[[list[ProtocolRun]], None]) -> None:
    for round_ in range(max((run.plan.spec.trials_planned for run in runs), default=0)):
        order = [run for run in runs if round_ < run.plan.spec.trials_planned]
        shuffle(order)
        for run in order:
            if any(other.result.trials for other in runs):
                await asyncio.sleep(pause_s(run.plan.spec.planned_duration_s))
            await run.run_trial()


def pause_s(duration_s: float) -> float:
    """Between two trials of `duration_s`."""
    return min(PAUSE_S, MAX_PAUSE_SHARE * duration_s)

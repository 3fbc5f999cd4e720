"""A run from its first question to its verdict: preflight, warm-up, trials, post-flight. Knows no database.

`manage.py run_benchmark` and `python -m benchmarks` both drive it; a Witness hears how it goes. Several sides are
interleaved: their trials take turns, so that whatever disturbs the machine disturbs them all.
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
from benchmarks.analysis.gates import Gate, Probed, RunFacts, TrialFacts, Verdict
from benchmarks.analysis.measurement import Measurement, merged
from benchmarks.analysis.rank_tests import median_interval
from benchmarks.analysis.saturation import saturation_of
from benchmarks.engine import environment, monitor, preflight
from benchmarks.engine.monitor import REDIS, Sample, Subjects
from benchmarks.engine.preflight import Answer, Asked
from benchmarks.engine.probe import ProbePlan
from benchmarks.engine.trial_execution import Execution, Listener, Program, TrialDone
from benchmarks.errors import GeneratorFailed
from benchmarks.generators.scenario import STEADY_BURSTS, Scenario, burst_s, is_steady, warmup_s
from system.host import counters

QUIET_S = 1.0
PAUSE_S = 1.0  # between trials, so that connections of the one before are closed
MAX_PAUSE_SHARE = 0.2
DATE_S = 2.0  # a Date header has whole seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does. `url` of `asked` holds an IP address. `second`: a generator that checks the first."""

    framework: str
    asked: Asked
    program: Program
    trials: int
    duration_s: float
    connections: int
    workers: int
    pipelining: int = 1
    instances: int | None = None
    rate_per_second: float | None = None
    needs: tuple[str, ...] = ()
    is_local: bool = True
    second: Program | None = None

    def scenario(self, duration_s: float) -> Scenario:
        return Scenario(
            url=self.asked.url, method=self.asked.method, headers=tuple(self.asked.headers.items()),
            body=self.asked.body, duration_s=max(1, round(duration_s)), connections=self.connections,
            workers=self.workers, pipelining=self.pipelining, rate_per_second=self.rate_per_second,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Processes:
    """The target's processes: their pids, and how often they have restarted so far (None: nobody counts)."""

    pids: tuple[int, ...]
    restarts: int | None


class Witness(Listener, Protocol):
    """Whoever drives a run: it hears how it goes, and knows the target's processes."""

    async def phase(self, name: str) -> None: ...

    async def began(self, found: Measured) -> None: ...

    async def trial(self, done: TrialDone, found: Measured) -> None: ...

    async def processes(self) -> Processes: ...


@dataclass(slots=True)
class Measured:
    """What a run has found so far; after every trial it can be judged."""

    plan: Plan
    trials: list[TrialDone] = field(default_factory=list)
    warmup: list[TrialDone] = field(default_factory=list)
    before: Answer | None = None
    after: Answer | None = None
    is_constant: bool = False
    environment: dict[str, object] = field(default_factory=dict)
    subjects: Subjects = field(default_factory=Subjects)
    quiet_cores: float | None = None
    restarts: int | None = None
    cross_rate: float | None = None
    notes: list[str] = field(default_factory=list)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds_between: float = 0.0

    @property
    def rates(self) -> list[float]:
        return [trial.measured.rate for trial in self.trials]

    @property
    def rate(self) -> float:
        """Successful responses per second: the median of the trials."""
        return statistics.median(self.rates)

    def interval(self) -> tuple[float, float] | tuple[None, None]:
        """Within which the true rate lies: 95 % from six trials on, else the outermost; None for a single one."""
        if len(self.rates) < 2:
            return None, None
        return median_interval(self.rates) or (min(self.rates), max(self.rates))

    def whole(self) -> Measurement:
        return merged([trial.measured for trial in self.trials])

    def saturation(self) -> str:
        return saturation_of([trial.load for trial in self.trials])

    def cpu_micros_per_request(self) -> float | None:
        used_s, responses = sum(trial.target_cpu_s for trial in self.trials), self.whole().responses
        return used_s * 1e6 / responses if used_s > 0 and responses else None

    def memory_bytes(self) -> int | None:
        """The most that the target's processes held together."""
        return max((trial.target_memory_bytes for trial in self.trials if trial.target_memory_bytes), default=None)

    def samples(self) -> list[Sample]:
        return [sample for trial in self.trials for sample in trial.samples]

    def gates(self) -> tuple[Gate, ...]:
        bursts = [burst.measured.rate for burst in self.warmup]
        return gates.gates_of(RunFacts(
            trials=tuple(_facts(trial) for trial in self.trials),
            duration_s=self.plan.duration_s,
            pipelining=self.plan.pipelining,
            rate_per_second=self.plan.rate_per_second,
            is_steady=is_steady(bursts) if len(bursts) >= STEADY_BURSTS else None,
            restarts=self.restarts,
            odd_answer=self.before.odd if self.before and self.plan.asked.method != "HEAD" else (),
            answer_changed=self._changed(),
            cached_date=self._has_cached_date(),
            quiet_cores=self.quiet_cores,
            cross_rate=self.cross_rate,
            notes=tuple(self.notes),
            planned=self.plan.trials,
        ))  # fmt: skip

    def verdict(self) -> Verdict:
        return gates.judged(self.gates())

    def _changed(self) -> str | None:
        if self.before is None or self.after is None:
            return None
        return preflight.changed(self.before, self.after, same_body=self.is_constant)

    def _has_cached_date(self) -> bool:
        if self.before is None or self.after is None or not self.before.date:
            return False
        return self.seconds_between > DATE_S and self.before.date == self.after.date


def _facts(trial: TrialDone) -> TrialFacts:
    probe = trial.probe
    probed = Probed(probe.sent, probe.failed, probe.mismatched) if probe else None
    return TrialFacts(trial.measured, trial.load, probed, trial.target_memory_bytes)


class Side:
    """One target under measurement."""

    def __init__(self, plan: Plan, witness: Witness) -> None:
        self.plan, self.witness = plan, witness
        self.found = Measured(plan)
        self._began_s = time.monotonic()
        self._restarts: int | None = None

    async def prepare(self) -> None:
        """Does it answer as it should, who are its processes, is the machine quiet? Raises PreflightFailed."""
        found, plan = self.found, self.plan
        await self.witness.phase("preflight")
        found.before = await asyncio.to_thread(preflight.verify, plan.asked, plan.needs)
        found.is_constant = await asyncio.to_thread(preflight.is_constant, plan.asked, found.before)
        self._began_s = time.monotonic()
        processes = await self.witness.processes()
        self._restarts = processes.restarts
        if plan.instances and processes.pids and len(processes.pids) != plan.instances:
            found.notes.append(f"{len(processes.pids)} instances were online, not {plan.instances} as asked.")
        cpus = environment.usable_cpus()
        found.subjects = Subjects(
            target=processes.pids, redis=await asyncio.to_thread(counters.named, REDIS) if plan.needs else (),
            is_local=plan.is_local, generator_cpus=min(plan.workers, plan.connections, cpus), cpus=cpus,
        )  # fmt: skip
        name, version = plan.program.name, plan.program.version
        found.environment = await asyncio.to_thread(environment.fingerprint, name, version, is_local=plan.is_local)
        found.quiet_cores = await monitor.quiet_cores(min(QUIET_S, plan.duration_s / 4))
        await self.witness.began(found)

    async def warm_up(self) -> None:
        """Bursts that are thrown away, until three in a row agree or the time is over."""
        plan, each_s = self.plan, burst_s(self.plan.duration_s)
        left_s = warmup_s(plan.duration_s)
        await self.witness.phase("warming")
        while left_s >= each_s and not is_steady([burst.measured.rate for burst in self.found.warmup]):
            left_s -= each_s
            self.found.warmup.append(await self._execute(plan.program, "warm-up", each_s, more_s=left_s))
        if self.found.warmup:
            await self.witness.trial(_one(self.found.warmup), self.found)

    async def trial(self) -> None:
        """The next trial."""
        index = len(self.found.trials) + 1
        await self.witness.phase("running")
        done = await self._execute(self.plan.program, "trial", self.plan.duration_s, index=index)
        self.found.trials.append(done)
        await self.witness.trial(done, self.found)

    async def close(self) -> None:
        """Post-flight: the second generator's word, the same question again, restarts of the target's processes."""
        plan, found = self.plan, self.found
        if not sum(trial.measured.successes for trial in found.trials):
            raise GeneratorFailed("Not one successful response was counted: there is no result.")
        if plan.second:
            found.cross_rate = (await self._execute(plan.second, "cross-check", plan.duration_s)).measured.rate
        found.after = await asyncio.to_thread(preflight.ask, plan.asked)
        found.seconds_between = time.monotonic() - self._began_s
        now = await self.witness.processes()
        if self._restarts is not None and now.restarts is not None:
            gone = len(set(found.subjects.target) - set(now.pids))  # PM2 forgets its count when it is updated
            found.restarts = max(now.restarts - self._restarts, gone)

    async def _execute(
        self, program: Program, phase: str, duration_s: float, *, index: int = 0, more_s: float = 0.0
    ) -> TrialDone:
        """One execution; a trial, which has an `index`, with the probe lane. `more_s`: of its phase, afterwards."""
        before, plan = self.found.before, self.plan
        assert before  # noqa: S101 - prepare() has asked
        scenario = plan.scenario(duration_s)
        probe = ProbePlan(
            url=scenario.url, method=scenario.method, headers=dict(scenario.headers), body=scenario.body,
            duration_s=scenario.duration_s, timeout_s=scenario.timeout_s,
            body_sha256=before.body_sha256 if self.found.is_constant else None, keys=before.keys,
        )  # fmt: skip
        ahead = plan.trials - max(index, len(self.found.trials))
        work = Execution(program, scenario, self.found.subjects, before.wire_bytes, index, phase)
        return await work.carry_out(self.witness, probe if index else None, more_s + ahead * plan.duration_s)


def _one(bursts: Sequence[TrialDone]) -> TrialDone:
    """The bursts of a warm-up as one trial, number 0."""
    return bursts[-1].with_measurement(merged([burst.measured for burst in bursts]), bursts[0].started_at)


async def measure(plan: Plan, witness: Witness) -> Measured:
    """One run. Raises PreflightFailed, GeneratorFailed, UnreadableOutput, SystemProblem."""
    return (await interleaved([Side(plan, witness)]))[0]


async def interleaved(sides: Sequence[Side], shuffle: Callable[[list[Side]], None] = random.shuffle) -> list[Measured]:
    """Runs whose trials take turns, in a random order within each round."""
    for side in sides:
        await side.prepare()
    for side in sides:
        await side.warm_up()
    for round_ in range(max(side.plan.trials for side in sides)):
        order = [side for side in sides if round_ < side.plan.trials]
        shuffle(order)
        for side in order:
            if any(each.found.trials for each in sides):
                await asyncio.sleep(min(PAUSE_S, MAX_PAUSE_SHARE * side.plan.duration_s))
            await side.trial()
    for side in sides:
        await side.close()
    return [side.found for side in sides]

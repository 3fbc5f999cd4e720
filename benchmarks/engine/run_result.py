"""The results of a run and of its trials, and what follows from them: figures, gates, validity."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from benchmarks import generators
from benchmarks.analysis import gates, histogram, saturation
from benchmarks.analysis.gate import CertificateCheck, Gate, GateInput, ProbeCounts, TrialGateInput
from benchmarks.analysis.gates import Assessment, littles_law_ratio
from benchmarks.analysis.measurement import Measurement, count_from_due, merge_trials, percentile_us
from benchmarks.analysis.rank_tests import median_interval
from benchmarks.analysis.saturation import overall_saturation
from benchmarks.analysis.warm_up import STEADY_BURSTS, is_steady
from benchmarks.budgets.evidence import BudgetTrial
from benchmarks.budgets.expectation import parse_stored
from benchmarks.budgets.judgement import Budget, BudgetInput, is_rate_lower_bound, judge, object_to
from benchmarks.connections.target_request import expectation
from benchmarks.connections.tls import TlsFacts
from benchmarks.engine import preflight
from benchmarks.engine.execution_monitor import MonitoredProcesses, Sample
from benchmarks.engine.generator_execution import ExecutionResult
from benchmarks.engine.preflight import NOTHING_EXPECTED, Expectation, TargetResponse
from benchmarks.engine.run_figures import RunFigures, TrialFigures
from benchmarks.engine.run_plan import RunPlan
from benchmarks.sweeps.budget import judge_sweep
from benchmarks.sweeps.judgement import StepInput
from benchmarks.sweeps.progress import SweepProgress
from system.lib.wire import to_wire_object

MIN_DATE_INTERVAL_S = 2.0  # a Date header has a resolution of one second


@dataclass(slots=True)
class RunResult:
    """The results of a run so far: it grows while the run goes on. Figures and gates require at least one trial, and
    are provisional before the last."""

    plan: RunPlan
    trials: list[ExecutionResult] = field(default_factory=list)
    warmup: list[ExecutionResult] = field(default_factory=list)
    response_before: TargetResponse | None = None
    response_after: TargetResponse | None = None
    expectation: Expectation = NOTHING_EXPECTED
    tls: TlsFacts | None = None
    environment: dict[str, object] = field(default_factory=dict)
    monitored: MonitoredProcesses = field(default_factory=MonitoredProcesses)
    background_cores: float | None = None
    restarts: int | None = None
    cross_rate: float | None = None
    notes: list[str] = field(default_factory=list)
    sweep: SweepProgress | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds_between_responses: float = 0.0

    @property
    def has_constant_body(self) -> bool:
        return self.expectation.body_sha256 is not None

    @property
    def is_complete(self) -> bool:
        is_measured = len(self.trials) == self.plan.spec.trials_planned
        if self.sweep:
            is_measured = self.sweep.next_rate() is None
        return is_measured and self.response_after is not None

    def add_step(self, rate: float, trial: ExecutionResult) -> None:
        """A step of a sweep at `rate`, which includes the probe. Its latencies count from when a request was due."""
        assert self.sweep  # noqa: S101 - set before its first step
        self.trials.append(trial)
        measured, counted = trial.measurement, _gate_input(trial)
        achieved = measured.rate if measured.paced_rate is None else measured.paced_rate
        if probe := trial.probe:
            achieved += (probe.sent - probe.failed) / self.plan.scenario(measured.duration_s).duration_s
        due = replace(counted, measurement=count_from_due(measured))
        fastest_tenth_us = percentile_us(measured.latencies_us, 10)
        fastest_tenth_ms = None if fastest_tenth_us is None else fastest_tenth_us / 1000
        self.sweep.add(StepInput(
            rate, achieved, due, measured.mean_ms, fastest_tenth_ms, _budget_trial(trial).cpu_micros_per_request
        ))  # fmt: skip

    @property
    def counted_trials(self) -> list[ExecutionResult]:
        """The trials whose figures are those of the run: all, but of a sweep the one at the sustained rate."""
        return [self.trials[self.sweep.counted_index]] if self.sweep else self.trials

    @property
    def rates(self) -> list[float]:
        return [trial.measurement.rate for trial in self.counted_trials]

    @property
    def rate(self) -> float:
        """Successful responses per second: median of the trials, or the rate that the target sustained."""
        return (self.sweep.conclude().sustained_rate or 0.0) if self.sweep else statistics.median(self.rates)

    def interval(self) -> tuple[float, float] | tuple[float | None, float | None]:
        """Confidence interval of the rate: 95 % from six trials, else minimum and maximum; None for a single trial.
        Of a sweep, the bracket, if it has two ends."""
        if self.sweep:
            sweep = self.sweep.conclude()
            return (sweep.low, sweep.high) if sweep.low is not None and sweep.high is not None else (None, None)
        if len(self.rates) < 2:
            return None, None
        return median_interval(self.rates) or (min(self.rates), max(self.rates))

    def merged(self) -> Measurement:
        if self.sweep:
            return self.sweep.counted.trial.measurement
        return merge_trials([trial.measurement for trial in self.trials])

    def saturation(self) -> str:
        return overall_saturation([trial.load for trial in self.counted_trials])

    def compute_figures(self) -> RunFigures:
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
        used_s, responses = sum(trial.target_cpu_s for trial in self.counted_trials), self.merged().responses
        return used_s * 1e6 / responses if used_s > 0 and responses else None

    def memory_bytes(self) -> int | None:
        """Peak memory of all processes of the target together."""
        used = [trial.target_memory_bytes for trial in self.counted_trials if trial.target_memory_bytes]
        return max(used, default=None)

    def judge_budget(self) -> Budget | None:
        """Whether the trials so far show that the budget is met; None without one."""
        expectations = parse_stored(self.plan.spec.expect)
        if not expectations:
            return None
        assessment = self.assessment()
        if self.sweep:
            objection = object_to(assessment.validity, assessment.reasons)
            return judge_sweep(expectations, self.sweep.conclude(), self.sweep.counted.budget_trial, objection)
        return judge(expectations, BudgetInput(
            trials=tuple(_budget_trial(trial) for trial in self.trials),
            objection=object_to(assessment.validity, assessment.reasons),
            is_rate_lower_bound=is_rate_lower_bound(self.saturation(), self.rate, self.plan.spec.rate_per_second),
        ))  # fmt: skip

    def samples(self) -> list[Sample]:
        return [sample for trial in self.trials for sample in trial.samples]

    def evaluate_gates(self) -> tuple[Gate, ...]:
        bursts = [burst.measurement.rate for burst in self.warmup]
        trials, rate, planned = self.trials, self.plan.spec.rate_per_second, self.plan.spec.trials_planned
        if self.sweep:
            trials, rate, planned = self.counted_trials, self.sweep.counted.rate, 1
        evaluated = gates.evaluate_gates(GateInput(
            trials=tuple(_gate_input(trial) for trial in trials),
            planned_duration_s=self.plan.spec.planned_duration_s,
            pipelining=self.plan.spec.pipelining,
            rate_per_second=rate,
            is_steady=is_steady(bursts) if len(bursts) >= STEADY_BURSTS else None,
            restarts=self.restarts,
            response_oddities=self._response_oddities(),
            response_change=self._response_change(),
            cached_date=self._has_cached_date(),
            background_cores=self.background_cores,
            cross_rate=self.cross_rate,
            notes=tuple(self.notes),
            trials_planned=planned,
            expected=expectation(self.plan.request.expected_statuses),
            is_changing=self.expectation.is_changing,
            certificate=CertificateCheck(self.tls.reason, self.plan.spec.insecure) if self.tls else None,
        ))  # fmt: skip
        if self.sweep:  # its rate includes the probe's requests, and its own check says whether it was held
            return (*(gate for gate in evaluated if gate.code != "rate"), self.sweep.gate())
        return evaluated

    def assessment(self) -> Assessment:
        return gates.assess(self.evaluate_gates())

    def _response_oddities(self) -> tuple[str, ...]:
        before = self.response_before
        return generators.oddities_for(self.plan.program.name, before.odd) if before else ()

    def _response_change(self) -> str | None:
        if self.response_before is None or self.response_after is None:
            return None
        return preflight.describe_change(self.response_before, self.response_after, self.expectation)

    def _has_cached_date(self) -> bool:
        before, after = self.response_before, self.response_after
        if before is None or after is None or not before.date:
            return False
        return self.seconds_between_responses > MIN_DATE_INTERVAL_S and before.date == after.date


def _gate_input(trial: ExecutionResult) -> TrialGateInput:
    probe = trial.probe
    counts = ProbeCounts(probe.sent, probe.failed, probe.mismatched) if probe else None
    return TrialGateInput(trial.measurement, trial.load, counts, trial.target_memory_bytes)


def _budget_trial(trial: ExecutionResult) -> BudgetTrial:
    responses = trial.measurement.responses
    cpu_micros = trial.target_cpu_s * 1e6 / responses if trial.target_cpu_s > 0 and responses else None
    return BudgetTrial(trial.measurement, cpu_micros, trial.target_memory_bytes)


def trial_facts(trial: ExecutionResult, pipelining: int) -> dict[str, object]:
    """CPU, memory, saturation and probe results of a trial, with the keys of the wire."""
    probe, load = trial.probe, trial.load
    return to_wire_object({
        "saturation": saturation.classify_saturation(load),
        "generatorShare": load.generator,
        "targetShare": load.target,
        "hostShare": load.host,
        "othersCores": load.others_cores,
        "stealShare": load.steal,
        "targetCpuSeconds": trial.target_cpu_s,
        "targetMemoryBytes": trial.target_memory_bytes,
        "littleRatio": littles_law_ratio(trial.measurement, pipelining),
        "correctedP99": histogram.summarize(trial.measurement.corrected_us)[1],
        "probe": {
            "sent": probe.sent, "failed": probe.failed, "mismatched": probe.mismatched, "p50Latency": probe.p50_ms,
            "p99Latency": probe.p99_ms, "maxLatency": probe.max_ms,
        } if probe else None,
    })  # fmt: skip


def build_trial_figures(trial: ExecutionResult, pipelining: int) -> TrialFigures:
    measurement = trial.measurement
    return TrialFigures(
        index=trial.index,
        is_warmup=trial.index == 0,
        started_at=trial.started_at,
        duration_s=measurement.duration_s,
        requests=measurement.responses,
        req_per_sec=measurement.rate,
        avg_latency_ms=measurement.mean_ms,
        max_latency_ms=measurement.max_ms,
        percentiles_ms=measurement.percentiles_ms,
        errors=measurement.errors,
        timeouts=measurement.timeouts,
        non_2xx=measurement.non_2xx,
        bytes_read=measurement.bytes_read,
        facts=trial_facts(trial, pipelining),
    )


def thin_samples(samples: Sequence[Sample], limit: int) -> list[Sample]:
    """At most `limit` samples, evenly spread."""
    return list(samples[:: -(-len(samples) // limit) or 1])

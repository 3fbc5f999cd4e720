"""Judges a step: whether the target held the rate, and if not, whether it was the target. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.analysis.gate import TrialGateInput
from benchmarks.analysis.gates import MAX_OTHERS_CORES, MIN_RATE_RATIO
from benchmarks.analysis.saturation import BUSY_GENERATOR, BUSY_HOST, BUSY_TARGET
from benchmarks.budgets.evidence import BudgetTrial
from benchmarks.sweeps.budget import StepBudget
from benchmarks.sweeps.steps import FAILED, GENERATOR, HELD, SweepStep
from system.lib.quantities import significant

MAX_LATENCY_RATIO = 3.0  # of the lowest step's p99: on the curve of a queue, at about 70 % of the capacity or above
CLEAR_RATE_RATIO = 0.8  # no disturbance of a machine that is worth measuring on takes a fifth of the responses
IDLE_CONNECTIONS = 0.5  # fewer of them wait for a response: the generator had some left to send with
BUSY_CONNECTIONS = 0.9
UNCHANGED_LATENCY = 1.2  # of the lowest step's mean
# Of the mean, for the fastest tenth at the lowest rate: the target takes its time for every response. Where requests of
# a burst wait for each other, the first ones are several times as fast as the mean.
CONSTANT_LATENCY = 0.5
NO_BUDGET = StepBudget()


@dataclass(frozen=True, slots=True)
class StepInput:
    """One execution at `rate` requests/s. The latencies of `trial` count from when a request was due, except
    `sent_mean_ms` and `sent_p10_ms`, which count from when it was sent. `achieved`: successful responses per second, of
    those due."""

    rate: float
    achieved: float
    trial: TrialGateInput
    sent_mean_ms: float | None = None
    sent_p10_ms: float | None = None
    cpu_micros_per_request: float | None = None

    @property
    def budget_trial(self) -> BudgetTrial:
        return BudgetTrial(self.trial.measurement, self.cpu_micros_per_request, self.trial.target_memory_bytes)

    @property
    def busy_connections(self) -> float | None:
        """The share of the connections that waited for a response on average (Little's law); None if unknown."""
        connections = self.trial.measurement.connections_used
        if self.sent_mean_ms is None or not connections:
            return None
        return self.achieved * self.sent_mean_ms / 1000 / connections


def judge(step: StepInput, lowest: StepInput | None, budget: StepBudget = NO_BUDGET) -> SweepStep:
    """`lowest`: the step at the lowest rate that held; None before there is one. A `budget` of the latency replaces the
    limit that is derived from that step; that the requests are answered without errors is always required."""
    unanswered, exceeded = _find_unanswered(step), budget.find_exceeded(step.budget_trial)
    if not budget.has_latency:
        exceeded += _find_exceeded_latency(step, lowest)
    reasons = (*unanswered, *exceeded)
    outcome = FAILED if reasons else HELD
    if outcome == FAILED and not step.trial.measurement.failures and (limit := _find_generator_limit(step, lowest)):
        outcome, reasons = GENERATOR, (limit, *reasons)
    measurement, load = step.trial.measurement, step.trial.load
    percentiles = measurement.percentiles_ms
    return SweepStep(
        rate=step.rate,
        achieved=step.achieved,
        p50_ms=percentiles.get("50"),
        p90_ms=percentiles.get("90"),
        p99_ms=percentiles.get("99"),
        max_ms=measurement.max_ms,
        errors=measurement.failures,
        generator_share=load.generator,
        target_share=load.target,
        outcome=outcome,
        reasons=reasons,
        is_unanswered=bool(unanswered),
        is_clear=step.achieved < CLEAR_RATE_RATIO * step.rate,
    )


def _find_unanswered(step: StepInput) -> tuple[str, ...]:
    reasons = []
    if failures := step.trial.measurement.failures:
        reasons.append(f"{failures:,} requests failed or were answered outside 2xx.")
    if step.achieved < MIN_RATE_RATIO * step.rate:
        share = significant(100 * step.achieved / step.rate, 3)
        reasons.append(f"{share} % of the requests were answered in time; {100 * MIN_RATE_RATIO:g} % are needed.")
    return tuple(reasons)


def _find_exceeded_latency(step: StepInput, lowest: StepInput | None) -> tuple[str, ...]:
    """Of the highest percentile that both steps have: p99 needs 1,000 requests."""
    if lowest is None or lowest.rate >= step.rate:
        return ()
    now, then = step.trial.measurement.percentiles_ms, lowest.trial.measurement.percentiles_ms
    name = next((name for name in ("99", "95", "90", "50") if name in now and name in then), None)
    if name is None or now[name] <= MAX_LATENCY_RATIO * then[name]:
        return ()
    return (
        f"The p{name} latency of {significant(now[name], 3)} ms is more than {MAX_LATENCY_RATIO:g} times that of"
        f" {significant(lowest.rate)} requests/s, {significant(then[name], 3)} ms.",
    )


def _find_generator_limit(step: StepInput, lowest: StepInput | None) -> str | None:
    """Why a step says nothing about the target, as a sentence; None if it does."""
    load = step.trial.load
    if load.generator is not None and load.generator >= BUSY_GENERATOR:
        return f"The load generator was busy ({100 * load.generator:.0f} % of its CPU)."
    if load.target is not None and load.target >= BUSY_TARGET:
        return None
    if load.host is not None and load.host >= BUSY_HOST:
        if load.others_cores is not None and load.others_cores > MAX_OTHERS_CORES:
            return f"The machine was full: other programs used {load.others_cores:.1f} of its processors."
        return "The machine that generator and target share was full."
    busy = step.busy_connections
    if busy is None:
        return None
    if busy < IDLE_CONNECTIONS and step.achieved < MIN_RATE_RATIO * step.rate:
        return "The load generator did not send the requests in time, although most of its connections were idle."
    if busy >= BUSY_CONNECTIONS and _has_constant_latency(step, lowest):
        count = step.trial.measurement.connections_used
        return (
            f"All {count:,} connections waited for responses that took no longer than before: use more connections,"
            " or longer steps."
        )
    return None


def _has_constant_latency(step: StepInput, lowest: StepInput | None) -> bool:
    """Whether every response takes as long as at the lowest rate, where none waited for another one."""
    if lowest is None or not lowest.sent_mean_ms or step.sent_mean_ms is None or lowest.sent_p10_ms is None:
        return False
    is_unchanged = step.sent_mean_ms <= UNCHANGED_LATENCY * lowest.sent_mean_ms
    return is_unchanged and lowest.sent_p10_ms >= CONSTANT_LATENCY * lowest.sent_mean_ms

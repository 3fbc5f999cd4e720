"""The checks of a run: who was at the limit, do the figures fit together, may they be trusted? [pure]

A gate passes, warns, fails, or cannot tell. The worst one makes the validity: `fail` invalid, `warn` caution.
Limits without another source are from the design of the protocol and were tried with A/A runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.analysis.measurement import Measurement, merged
from benchmarks.analysis.rank_tests import spread
from benchmarks.analysis.saturation import TIGHT_GENERATOR, Load, saturation_of

MAX_ERROR_RATE = 0.01  # the customary limit of load tests
MIN_REQUESTS = 1000
MIN_DURATION_S = 2.0
DURATION_SHARE = 0.05
LITTLE_WARN = (0.80, 1.10)
LITTLE_FAIL = (0.5, 1.5)
COARSE = 10  # a latency below ten steps of the generator's clock says little
NOISY_SPREAD = 0.05
UNSTABLE_SPREAD = 0.10  # pyperf warns here
DRIFT = 0.8
DRIFT_SHARE = 0.02
GROWTH = 0.10
OTHERS_CORES = 0.25
STEAL_SHARE = 0.01
MIN_RATE_RATIO = 0.98
CROSS_CHECK = 0.10


@dataclass(frozen=True, slots=True)
class Gate:
    """One check. `state`: pass, warn, fail or unknown; `message`: a sentence; `trial`: None for the whole run."""

    code: str
    state: str
    message: str
    value: float | None = None
    trial: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`validity`: valid, caution or invalid, with a sentence for each reason."""

    validity: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probed:
    """What the probe lane saw in a trial. `mismatched`: 2xx with another body than the preflight's."""

    sent: int
    failed: int
    mismatched: int


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """A trial as the gates look at it."""

    measured: Measurement
    load: Load
    probed: Probed | None = None
    target_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run as the gates look at it. `warmup_rates`: of the bursts; None without any.

    `restarts`: of the target's processes in the run's time, None when nobody could count them.
    `cross_rate`: what another generator measured. `quiet_cores`: used by others before the load.
    """

    trials: tuple[TrialFacts, ...]
    duration_s: float
    pipelining: int = 1
    rate_per_second: float | None = None
    is_steady: bool | None = None
    restarts: int | None = None
    odd_answer: tuple[str, ...] = ()
    answer_changed: str | None = None
    cached_date: bool = False
    quiet_cores: float | None = None
    cross_rate: float | None = None
    notes: tuple[str, ...] = ()
    planned: int | None = None


def little(measured: Measurement, pipelining: int) -> float | None:
    """Little's law: requests under way, from rate and latency, over those that there were. About 1 when all is well.

    None where the mean says too little: cut off to milliseconds, or so long that what was under way at the end counts.
    """
    mean_ms = measured.mean_ms
    if mean_ms is None or not measured.duration_s or not measured.connections_used:
        return None
    if mean_ms * 1000 < COARSE * measured.resolution_us or mean_ms / 1000 > measured.duration_s / 20:
        return None
    under_way = measured.responses / measured.duration_s * mean_ms / 1000
    return under_way / (measured.connections_used * pipelining)


def judged(gates: Sequence[Gate]) -> Verdict:
    """The validity that the gates make, failures first."""
    worst = [gate.message for gate in gates if gate.state == "fail"]
    doubts = [gate.message for gate in gates if gate.state == "warn"]
    reasons = tuple(dict.fromkeys([*worst, *doubts]))
    return Verdict("invalid" if worst else "caution" if doubts else "valid", reasons)


def gates_of(run: RunFacts) -> tuple[Gate, ...]:
    """Every check of a run that measured at least one trial."""
    whole = merged([trial.measured for trial in run.trials])
    return (
        *_answers(run, whole),
        *_sizes(run, whole),
        *_limits(run),
        *_figures(run, whole),
        *_stability(run),
        *_machine(run),
        *(Gate("generator", "warn", note) for note in dict.fromkeys((*whole.notes, *run.notes))),
    )


def _gate(code: str, is_good: bool, good: str, bad: str, value: float | None = None, state: str = "warn") -> Gate:
    return Gate(code, "pass", good, value) if is_good else Gate(code, state, bad, value)


def _answers(run: RunFacts, whole: Measurement) -> Iterator[Gate]:
    said = f"{100 * whole.error_rate:.2g} % of the requests failed ({whole.failures} errors and answers outside 2xx)"
    if whole.error_rate > MAX_ERROR_RATE:
        yield Gate("errors", "fail", f"{said}; more than 1 % is too many to compare.", whole.error_rate)
    else:
        yield _gate("errors", not whole.failures, "Every request was answered with 2xx.", f"{said}.", whole.error_rate)
    yield from (Gate("headers", "warn", odd) for odd in run.odd_answer)
    if run.answer_changed:
        yield Gate("answer", "fail", run.answer_changed)
    if run.cached_date:
        yield Gate("date", "warn", "The Date header stood still during the run: the answer may come from a cache.")
    probed = [trial.probed for trial in run.trials if trial.probed]
    if probed:
        yield _probe(sum(p.sent for p in probed), sum(p.failed for p in probed), sum(p.mismatched for p in probed))
    if run.restarts is not None:
        told = f"Processes of the target restarted during the run: {run.restarts}."
        yield _gate("restarts", not run.restarts, "No process of the target restarted.", told, run.restarts, "fail")


def _probe(sent: int, failed: int, mismatched: int) -> Gate:
    if mismatched:
        told = f"{mismatched} of {sent} probes under load got another body than the one before it."
        return Gate("probe", "fail", told, mismatched)
    told = f"{failed} of {sent} probes under load got no answer of 2xx."
    return _gate("probe", not failed, f"All {sent} probes under load got the right answer.", told, failed)


def _sizes(run: RunFacts, whole: Measurement) -> Iterator[Gate]:
    told = f"Only {whole.responses} responses were counted; percentiles need {MIN_REQUESTS}."
    yield _gate("requests", whole.responses >= MIN_REQUESTS, "Enough responses.", told, whole.responses)
    shortest = min(trial.measured.duration_s for trial in run.trials)
    if whole.duration_s < MIN_DURATION_S * 0.95:
        told = f"It lasted {whole.duration_s:.1f} s only; below {MIN_DURATION_S:g} s chance decides."
        yield Gate("duration", "warn", told, whole.duration_s)
    else:
        told = f"A trial lasted {shortest:.1f} s instead of {run.duration_s:g} s."
        is_full = shortest >= run.duration_s * (1 - DURATION_SHARE)
        yield _gate("duration", is_full, "Every trial had its full time.", told, shortest)
    if run.planned is not None and len(run.trials) < run.planned:
        yield Gate("trials", "warn", f"Only {len(run.trials)} of {run.planned} trials were measured.", len(run.trials))


def _limits(run: RunFacts) -> Iterator[Gate]:
    kind = saturation_of([trial.load for trial in run.trials])
    shares = [trial.load.generator for trial in run.trials if trial.load.generator is not None]
    busiest = max(shares, default=None)
    if not kind:
        yield Gate("saturation", "unknown", "The target's CPU could not be seen from here.", busiest)
    elif kind == "generator-bound":
        told = f"The load generator used {100 * (busiest or 0):.0f} % of the CPU it could: the target may do more."
        yield Gate("saturation", "warn", told, busiest)
    elif kind == "contended":
        told = "Every processor was busy, with generator and target on the same ones: the target may do more alone."
        yield Gate("saturation", "warn", told, busiest)
    elif kind == "under-driven" and not run.rate_per_second:
        told = "Neither side was at its limit: the load was too weak, or the target waited for something else."
        yield Gate("saturation", "warn", told, busiest)
    elif busiest is not None and busiest >= TIGHT_GENERATOR:
        yield Gate("saturation", "warn", f"The load generator was close to its limit ({100 * busiest:.0f} %).", busiest)
    else:
        yield Gate("saturation", "pass", "The target was at its limit, the load generator was not.", busiest)


def _figures(run: RunFacts, whole: Measurement) -> Iterator[Gate]:
    found = [rho for trial in run.trials if (rho := little(trial.measured, run.pipelining)) is not None]
    if found and not run.rate_per_second:
        rho = max(found, key=lambda each: abs(each - 1))
        told = f"Rate, latency and connections do not fit together: Little's law gives {rho:.2f} instead of 1."
        if LITTLE_WARN[0] <= rho <= LITTLE_WARN[1]:
            yield Gate("little", "pass", f"Rate, latency and connections fit together ({rho:.2f}).", rho)
        else:
            yield Gate("little", "warn" if LITTLE_FAIL[0] <= rho <= LITTLE_FAIL[1] else "fail", told, rho)
    median_ms = whole.percentiles_ms.get("50")
    if whole.resolution_us > 1 and median_ms is not None:
        step_ms = whole.resolution_us / 1000
        told = f"Latencies are cut off to {step_ms:g} ms: too coarse for a median of {median_ms:g} ms."
        yield _gate("resolution", median_ms >= COARSE * step_ms, "The latencies are fine enough.", told, step_ms)
    if run.rate_per_second:
        ratio = whole.responses / whole.duration_s / run.rate_per_second if whole.duration_s else 0.0
        told = f"The target did not sustain {run.rate_per_second:g} requests/s: {100 * ratio:.1f} % were answered."
        yield _gate("rate", ratio >= MIN_RATE_RATIO, "The asked rate was sustained.", told, ratio)
    if run.cross_rate is not None and whole.rate:
        apart = run.cross_rate / whole.rate - 1
        told = f"A second load generator measured {run.cross_rate:,.0f} requests/s, {100 * apart:+.0f} %."
        yield _gate("cross-check", abs(apart) <= CROSS_CHECK, "A second load generator agrees.", told, apart)


def _stability(run: RunFacts) -> Iterator[Gate]:
    rates = [trial.measured.rate for trial in run.trials]
    if run.is_steady is not None:
        told = "The rate had not settled when the warm-up ended."
        yield _gate("warmup", run.is_steady, "The rate had settled before the trials.", told)
    if len(rates) >= 3:
        cv = spread(rates)
        word = "unstable: too much for a verdict" if cv > UNSTABLE_SPREAD else "noisy"
        told = f"The trials differ by {100 * cv:.1f} % (standard deviation), {word}."
        yield _gate("spread", cv <= NOISY_SPREAD, f"The trials agree within {100 * cv:.1f} %.", told, cv)
    if len(rates) >= 5:
        trend, change = rank_correlation(rates), rates[-1] / rates[0] - 1 if rates[0] else 0.0
        told = f"The rate drifted by {100 * change:+.1f} % from the first trial to the last."
        yield _gate("drift", abs(trend) <= DRIFT or abs(change) <= DRIFT_SHARE, "No drift.", told, change)
    memory = [trial.target_memory_bytes for trial in run.trials if trial.target_memory_bytes]
    if len(memory) >= 3:
        growth = memory[-1] / memory[0] - 1
        told = f"The target's memory grew by {100 * growth:.0f} % from the first trial to the last."
        yield _gate("memory", growth <= GROWTH, "The target's memory is stable.", told, growth)


def rank_correlation(values: Sequence[float]) -> float:
    """Spearman's coefficient of the values with their order, ties in the order they came."""
    count = len(values)
    order = sorted(range(count), key=values.__getitem__)
    apart = sum((rank - place) ** 2 for rank, place in enumerate(order))
    return 1 - 6 * apart / (count * (count**2 - 1)) if count > 1 else 0.0


def _machine(run: RunFacts) -> Iterator[Gate]:
    if run.quiet_cores is not None:
        told = f"Other programs used {run.quiet_cores:.1f} processors before the load began."
        yield _gate("quiet", run.quiet_cores <= OTHERS_CORES, "The machine was quiet.", told, run.quiet_cores)
    others = max((trial.load.others_cores or 0.0 for trial in run.trials), default=0.0)
    told = f"Other programs used {others:.1f} processors during a trial."
    yield _gate("others", others <= OTHERS_CORES, "No other program took part of the CPU.", told, others)
    steal = max((trial.load.steal or 0.0 for trial in run.trials), default=0.0)
    told = f"The hypervisor took {100 * steal:.1f} % of the CPU time away."
    yield _gate("steal", steal <= STEAL_SHARE, "No CPU time was stolen.", told, steal)
    if any(trial.load.is_throttled for trial in run.trials):
        yield Gate("throttled", "warn", "The control group's CPU limit slowed the run down.")

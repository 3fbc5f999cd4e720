"""Checks the validity of a run: saturation, plausibility and stability of its figures. [pure]

The state of a gate is pass, warn, fail or unknown. The worst one decides the validity: `fail` invalid, `warn` caution.
Limits without another source come from the design of the protocol and were verified with A/A runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.analysis.gate import CertificateCheck, Gate, GateInput
from benchmarks.analysis.measurement import Measurement, merge_trials
from benchmarks.analysis.oddities import FATAL_ODDITIES
from benchmarks.analysis.rank_tests import coefficient_of_variation
from benchmarks.analysis.saturation import TIGHT_GENERATOR, overall_saturation
from system.lib.quantities import significant

MAX_ERROR_RATE = 0.01  # the customary limit of load tests
MIN_RESPONSES = 1000
MIN_DURATION_S = 2.0
MAX_MISSING_DURATION = 0.05
LITTLE_PASS_RANGE = (0.80, 1.10)
LITTLE_WARN_RANGE = (0.5, 1.5)
MIN_CLOCK_STEPS = 10  # a latency of fewer steps of the generator's clock is too imprecise
MAX_SPREAD = 0.05
UNSTABLE_SPREAD = 0.10  # pyperf warns here
MAX_RANK_CORRELATION = 0.8
MAX_DRIFT = 0.02
MAX_MEMORY_GROWTH = 0.10
MAX_OTHERS_CORES = 0.25
MAX_STEAL = 0.01
MIN_RATE_RATIO = 0.98
MAX_CROSS_CHECK_DIFFERENCE = 0.10


VALIDITIES = ("valid", "caution", "invalid", "unknown")  # unknown: measured elsewhere, without checks


@dataclass(frozen=True, slots=True)
class Assessment:
    """`validity`: valid, caution or invalid, with a sentence for each reason."""

    validity: str
    reasons: tuple[str, ...]


def littles_law_ratio(measurement: Measurement, pipelining: int) -> float | None:
    """Little's law: requests in flight computed from rate and latency, over the actual ones. About 1 if consistent.

    None if the mean is too imprecise: truncated to milliseconds, or so long that requests in flight at the end matter.
    """
    mean_ms = measurement.mean_ms
    if mean_ms is None or not measurement.duration_s or not measurement.connections_used:
        return None
    if mean_ms * 1000 < MIN_CLOCK_STEPS * measurement.resolution_us or mean_ms / 1000 > measurement.duration_s / 20:
        return None
    in_flight = measurement.responses / measurement.duration_s * mean_ms / 1000
    return in_flight / (measurement.connections_used * pipelining)


def assess(gates: Sequence[Gate]) -> Assessment:
    """The validity that follows from the gates; reasons for `invalid` first."""
    failures = [gate.message for gate in gates if gate.state == "fail"]
    warnings = [gate.message for gate in gates if gate.state == "warn"]
    reasons = tuple(dict.fromkeys([*failures, *warnings]))
    return Assessment("invalid" if failures else "caution" if warnings else "valid", reasons)


def evaluate_gates(run: GateInput) -> tuple[Gate, ...]:
    """All gates of a run with at least one trial."""
    whole = merge_trials([trial.measurement for trial in run.trials])
    return (
        *_response_gates(run, whole),
        *_sample_size_gates(run, whole),
        *_saturation_gates(run),
        *_plausibility_gates(run, whole),
        *_stability_gates(run),
        *_machine_gates(run),
        # The code also marks notes about the instances, which are not the generator's: codes are part of the wire.
        *(Gate("generator", "warn", note) for note in dict.fromkeys((*whole.notes, *run.notes))),
    )


def _gate(code: str, is_good: bool, good: str, bad: str, value: float | None = None, state: str = "warn") -> Gate:
    return Gate(code, "pass", good, value) if is_good else Gate(code, state, bad, value)


def _response_gates(run: GateInput, whole: Measurement) -> Iterator[Gate]:
    share = significant(100 * whole.error_rate, 2)
    failed = f"{share} % of the requests failed ({whole.failures} errors or responses outside {run.expected})"
    if whole.error_rate > MAX_ERROR_RATE:
        yield Gate("errors", "fail", f"{failed}; more than 1 % is too many to compare.", whole.error_rate)
    else:
        yield _gate("errors", not whole.failures, f"All responses were {run.expected}.", f"{failed}.", whole.error_rate)
    for oddity in run.response_oddities:
        yield Gate("headers", "fail" if oddity in FATAL_ODDITIES else "warn", oddity)
    if run.response_change:
        yield Gate("answer", "fail", run.response_change)
    if run.is_changing:
        yield Gate("body", "pass", "The body changes with each request: it was checked by status and length.")
    if run.certificate:
        yield _certificate_gate(run.certificate)
    if run.cached_date:
        yield Gate("date", "warn", "The Date header did not change during the run: the response may be cached.")
    probes = [trial.probe for trial in run.trials if trial.probe]
    if probes:
        sent, failures = sum(probe.sent for probe in probes), sum(probe.failed for probe in probes)
        yield _probe_gate(sent, failures, sum(probe.mismatched for probe in probes), run.expected)
    if run.restarts is not None:
        problem = f"Processes of the target restarted during the run: {run.restarts}."
        yield _gate("restarts", not run.restarts, "No process of the target restarted.", problem, run.restarts, "fail")


def _certificate_gate(certificate: CertificateCheck) -> Gate:
    problem = f"The certificate is not verified: {certificate.reason}."
    if certificate.reason and certificate.is_waived:
        return Gate("certificate", "pass", f"{problem} That was not required (insecure).")
    advice = "The target may be another one than was meant. Trust its issuer on this machine, or run with insecure."
    return _gate("certificate", not certificate.reason, "The certificate is verified.", f"{problem} {advice}")


def _probe_gate(sent: int, failed: int, mismatched: int, expected: str) -> Gate:
    if mismatched:
        problem = f"{mismatched} of {sent} probes under load got a different body than the preflight."
        return Gate("probe", "fail", problem, mismatched)
    problem = f"{failed} of {sent} probes under load got no {expected} response."
    return _gate("probe", not failed, f"All {sent} probes under load got the expected response.", problem, failed)


def _sample_size_gates(run: GateInput, whole: Measurement) -> Iterator[Gate]:
    problem = f"Only {whole.responses} responses were counted; percentiles need {MIN_RESPONSES}."
    if not whole.responses:
        yield Gate("requests", "fail", "No response was counted.", 0)
    else:
        yield _gate("requests", whole.responses >= MIN_RESPONSES, "Enough responses.", problem, whole.responses)
    shortest = min(trial.measurement.duration_s for trial in run.trials)
    if whole.duration_s < MIN_DURATION_S * 0.95:
        problem = f"It lasted only {whole.duration_s:.1f} s; < {MIN_DURATION_S:g} s is too short for a reliable rate."
        yield Gate("duration", "warn", problem, whole.duration_s)
    else:
        problem = f"A trial lasted {shortest:.1f} s instead of {significant(run.planned_duration_s)} s."
        is_full = shortest >= run.planned_duration_s * (1 - MAX_MISSING_DURATION)
        yield _gate("duration", is_full, "Every trial ran for its full duration.", problem, shortest)
    if run.trials_planned is not None and len(run.trials) < run.trials_planned:
        yield Gate(
            "trials", "warn", f"Only {len(run.trials)} of {run.trials_planned} trials were measured.", len(run.trials)
        )


def _saturation_gates(run: GateInput) -> Iterator[Gate]:
    kind = overall_saturation([trial.load for trial in run.trials])
    shares = [trial.load.generator for trial in run.trials if trial.load.generator is not None]
    busiest = max(shares, default=None)
    if not kind:
        yield Gate("saturation", "unknown", "The target's CPU could not be measured from here.", busiest)
    elif kind == "generator-bound":
        problem = f"The load generator used {100 * (busiest or 0):.0f} % of its CPU: the target may be capable of more."
        yield Gate("saturation", "warn", problem, busiest)
    elif kind == "contended":
        problem = "Every processor was busy, shared by generator and target: the target may be capable of more alone."
        yield Gate("saturation", "warn", problem, busiest)
    elif kind == "under-driven" and not run.rate_per_second:
        problem = "Neither side was at its limit: the load was too low, or the target waited for something else."
        yield Gate("saturation", "warn", problem, busiest)
    elif busiest is not None and busiest >= TIGHT_GENERATOR:
        yield Gate("saturation", "warn", f"The load generator was close to its limit ({100 * busiest:.0f} %).", busiest)
    else:
        yield Gate("saturation", "pass", "The target was at its limit, the load generator was not.", busiest)


def _plausibility_gates(run: GateInput, whole: Measurement) -> Iterator[Gate]:
    ratios = [littles_law_ratio(trial.measurement, run.pipelining) for trial in run.trials]
    known = [ratio for ratio in ratios if ratio is not None]
    if known and not run.rate_per_second:
        ratio = max(known, key=lambda ratio: abs(ratio - 1))
        problem = f"Rate, latency and connections are inconsistent: Little's law gives {ratio:.2f} instead of 1."
        if LITTLE_PASS_RANGE[0] <= ratio <= LITTLE_PASS_RANGE[1]:
            yield Gate("little", "pass", f"Rate, latency and connections are consistent ({ratio:.2f}).", ratio)
        else:
            state = "warn" if LITTLE_WARN_RANGE[0] <= ratio <= LITTLE_WARN_RANGE[1] else "fail"
            yield Gate("little", state, problem, ratio)
    median_ms = whole.percentiles_ms.get("50")
    if whole.resolution_us > 1 and median_ms is not None:
        step_ms = whole.resolution_us / 1000
        problem = f"Latencies are truncated to {step_ms:g} ms: too coarse for a median of {significant(median_ms)} ms."
        is_sufficient = median_ms >= MIN_CLOCK_STEPS * step_ms
        yield _gate("resolution", is_sufficient, "The latency resolution is sufficient.", problem, step_ms)
    if run.rate_per_second:
        ratio = whole.responses / whole.duration_s / run.rate_per_second if whole.duration_s else 0.0
        requested = significant(run.rate_per_second)
        problem = f"The target did not sustain {requested} requests/s: {100 * ratio:.1f} % were answered."
        yield _gate("rate", ratio >= MIN_RATE_RATIO, "The requested rate was sustained.", problem, ratio)
    if run.cross_rate is not None and whole.rate:
        difference = run.cross_rate / whole.rate - 1
        problem = f"A second load generator measured {run.cross_rate:,.0f} requests/s, {100 * difference:+.0f} %."
        is_close = abs(difference) <= MAX_CROSS_CHECK_DIFFERENCE
        yield _gate("cross-check", is_close, "A second load generator agrees.", problem, difference)


def _stability_gates(run: GateInput) -> Iterator[Gate]:
    rates = [trial.measurement.rate for trial in run.trials]
    if run.is_steady is not None:
        problem = "The rate had not settled when the warm-up ended."
        yield _gate("warmup", run.is_steady, "The rate had settled before the trials.", problem)
    if len(rates) >= 3:
        cv = coefficient_of_variation(rates)
        word = "unstable: too much for a verdict" if cv > UNSTABLE_SPREAD else "noisy"
        problem = f"The trials differ by {100 * cv:.1f} % (standard deviation), {word}."
        yield _gate("spread", cv <= MAX_SPREAD, f"The trials agree within {100 * cv:.1f} %.", problem, cv)
    if len(rates) >= 5:
        trend, change = rank_correlation(rates), rates[-1] / rates[0] - 1 if rates[0] else 0.0
        problem = f"The rate drifted by {100 * change:+.1f} % from the first trial to the last."
        is_level = abs(trend) <= MAX_RANK_CORRELATION or abs(change) <= MAX_DRIFT
        yield _gate("drift", is_level, "No drift.", problem, change)
    memory = [trial.target_memory_bytes for trial in run.trials if trial.target_memory_bytes]
    if len(memory) >= 3:
        growth = memory[-1] / memory[0] - 1
        problem = f"The target's memory grew by {100 * growth:.0f} % from the first trial to the last."
        yield _gate("memory", growth <= MAX_MEMORY_GROWTH, "The target's memory is stable.", problem, growth)


def rank_correlation(values: Sequence[float]) -> float:
    """Spearman's coefficient of the values with their position; ties keep their order."""
    count = len(values)
    order = sorted(range(count), key=values.__getitem__)
    squares = sum((rank - position) ** 2 for rank, position in enumerate(order))
    return 1 - 6 * squares / (count * (count**2 - 1)) if count > 1 else 0.0


def _machine_gates(run: GateInput) -> Iterator[Gate]:
    if run.background_cores is not None:
        problem = f"Other programs used {run.background_cores:.1f} processors before the load began."
        is_quiet = run.background_cores <= MAX_OTHERS_CORES
        yield _gate("quiet", is_quiet, "The machine was quiet.", problem, run.background_cores)
    others = max((trial.load.others_cores or 0.0 for trial in run.trials), default=0.0)
    problem = f"Other programs used {others:.1f} processors during a trial."
    yield _gate("others", others <= MAX_OTHERS_CORES, "No other program used the CPU.", problem, others)
    steal = max((trial.load.steal or 0.0 for trial in run.trials), default=0.0)
    problem = f"The hypervisor took {100 * steal:.1f} % of the CPU time (steal)."
    yield _gate("steal", steal <= MAX_STEAL, "No CPU time was stolen.", problem, steal)
    if any(trial.load.is_throttled for trial in run.trials):
        yield Gate("throttled", "warn", "The cgroup's CPU limit throttled the run.")

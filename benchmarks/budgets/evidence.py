"""What the trials of a run show of one metric: its value, as in the result, with an interval. [pure]

From MIN_TRIALS trials the interval is that of the run's rate: between the trials, by order statistics. Below that,
every trial has to hold a percentile by itself, within the interval of its own latencies. Trials that are too short for
the percentile count as one. The interval always contains the value of the result, and is widened by the precision of
the latencies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.analysis.measurement import MIN_TAIL_SAMPLES, Measurement
from benchmarks.analysis.rank_tests import median_interval
from benchmarks.budgets.expectation import PERCENTILES, Expectation
from benchmarks.budgets.intervals import Interval, percentile_interval, share_interval
from system.lib.quantities import pluralize

MIN_TRIALS = 5  # all on one side of a limit: with four, chance does that to one run in 16, which is more than 5 %
HISTOGRAM_PRECISION = 1e-3  # stored latencies have three digits


@dataclass(frozen=True, slots=True)
class BudgetTrial:
    """The figures of one trial. CPU and memory of the target are None where they could not be measured."""

    measurement: Measurement
    cpu_micros_per_request: float | None = None
    memory_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """`value` in the unit of the expectation. `low`, `high`: None where there is no bound; `gap`: why, as a sentence.

    `settled_by`: how many trials would give an interval, if that is all that is missing.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    gap: str = ""
    settled_by: int | None = None


def gather(
    expectation: Expectation, trials: Sequence[BudgetTrial], whole: Measurement, *, is_rate_lower_bound: bool
) -> Evidence:
    """`trials`: at least one; `whole`: all of them as one.

    `is_rate_lower_bound`: the target may be capable of a higher rate than was measured.
    """
    metric, measurements = expectation.metric, [trial.measurement for trial in trials]
    if metric in ("errors", "non2xx"):
        return _failures(expectation, measurements)
    if metric == "rate":
        return _rate([measurement.rate for measurement in measurements], is_lower_bound=is_rate_lower_bound)
    if metric == "cpu":
        return _cpu(trials)
    if metric == "memory":
        known = [trial.memory_bytes for trial in trials if trial.memory_bytes]
        return _between("memory", max(known, default=None), known, len(trials))
    if metric == "max":
        maxima = [measurement.max_ms for measurement in measurements if measurement.max_ms is not None]
        return _widened(_between("max", whole.max_ms, maxima, len(trials)), measurements)
    return _widened(_percentile(metric, measurements, whole), measurements)


def _failures(expectation: Expectation, measurements: Sequence[Measurement]) -> Evidence:
    """A count is exact for what was sent. A share is estimated, from all requests and from how the trials differ."""
    is_errors = expectation.metric == "errors"
    counts = [trial.errors if is_errors else trial.non_2xx for trial in measurements]
    attempts = [trial.successes + trial.failures for trial in measurements]
    total, attempted = sum(counts), sum(attempts)
    if expectation.unit != "%":
        return Evidence(total, total, total)
    if not attempted:
        return Evidence(None, gap="No request was counted.")
    shares = [100 * count / size for count, size in zip(counts, attempts, strict=True) if size]
    low, high = share_interval(total, attempted)
    between = _trial_interval(shares) or (min(shares), max(shares))
    return Evidence(100 * total / attempted, min(100 * low, between[0]), max(100 * high, between[1]))


def _rate(rates: Sequence[float], *, is_lower_bound: bool) -> Evidence:
    evidence = _between("rate", median(rates), rates, len(rates))
    if not is_lower_bound or evidence.low is None:
        return evidence
    gap = "The target was not at its limit, or shared the machine with the load generator: it may be capable of more."
    return Evidence(evidence.value, evidence.low, None, gap)


def _cpu(trials: Sequence[BudgetTrial]) -> Evidence:
    """The value is the CPU time of all trials divided by all responses."""
    used = [
        (trial.cpu_micros_per_request, trial.measurement.responses) for trial in trials if trial.cpu_micros_per_request
    ]
    responses = sum(count for _, count in used)
    value = sum(micros * count for micros, count in used) / responses if responses else None
    return _between("cpu", value, [micros for micros, _ in used], len(trials))


def _between(metric: str, value: float | None, values: Sequence[float], trials: int) -> Evidence:
    """The interval between trials, of which each has to have a value."""
    if value is None or len(values) < trials:
        return Evidence(value, gap=f"The {metric} of the target could not be measured in every trial.")
    interval = _trial_interval(values)
    if interval is None:
        gap = f"{pluralize(trials, 'trial')} {'gives' if trials == 1 else 'give'} no interval for {metric}."
        return Evidence(value, gap=gap, settled_by=MIN_TRIALS)
    return Evidence(value, min(value, interval[0]), max(value, interval[1]))


def _trial_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """As of a run's rate: 95 % from six trials; the extremes of five. None below that."""
    if len(values) < MIN_TRIALS:
        return None
    return median_interval(values) or (min(values), max(values))


def _percentile(metric: str, measurements: Sequence[Measurement], whole: Measurement) -> Evidence:
    percent = PERCENTILES[metric]
    value = whole.percentiles_ms.get(percent)
    values = [trial.percentiles_ms[percent] for trial in measurements if percent in trial.percentiles_ms]
    if value is None:
        return Evidence(None, gap=_too_few(metric, percent, whole))
    is_pooled = len(values) < len(measurements)
    if not is_pooled and len(measurements) >= MIN_TRIALS:
        return _between(metric, value, values, len(measurements))
    latencies = [trial.latencies_us for trial in ([whole] if is_pooled else measurements)]
    durations_s = [trial.duration_s for trial in ([whole] if is_pooled else measurements)]
    if not all(latencies):
        gap = f"The load generator reports no single latencies, from which a trial would get an interval for {metric}."
        return _open_evidence(value, gap, is_pooled=is_pooled)
    low, high = _hull([
        percentile_interval(trial, float(percent), duration_s)
        for trial, duration_s in zip(latencies, durations_s, strict=True)
    ])  # fmt: skip
    low, high = None if low is None else min(value, low / 1000), None if high is None else max(value, high / 1000)
    if low is None or high is None:
        gap = f"Too few requests were independent of each other to bound {metric}."
        return _open_evidence(value, gap, low, high, is_pooled=is_pooled)
    return Evidence(value, low, high)


def _open_evidence(
    value: float, gap: str, low: float | None = None, high: float | None = None, *, is_pooled: bool
) -> Evidence:
    """`is_pooled`: the trials were too short for the percentile, so that more of them would not help."""
    return Evidence(
        value, low, high, f"{gap} Measure for longer." if is_pooled else gap, None if is_pooled else MIN_TRIALS
    )


def _hull(bounds: Sequence[Interval]) -> Interval:
    """From the lowest to the highest bound; None on a side where one of them is open."""
    lows, highs = [low for low, _ in bounds if low is not None], [high for _, high in bounds if high is not None]
    return min(lows) if len(lows) == len(bounds) else None, max(highs) if len(highs) == len(bounds) else None


def _too_few(metric: str, percent: str, whole: Measurement) -> str:
    needed = round(MIN_TAIL_SAMPLES * 100 / (100 - float(percent)))
    if whole.responses >= needed:
        return f"The load generator does not report {metric}."
    return f"{metric} needs {needed:,} responses, and there were {whole.responses:,}. Measure for longer."


def _widened(evidence: Evidence, measurements: Sequence[Measurement]) -> Evidence:
    """By the digits of stored latencies and by the load generator's resolution, in ms."""
    step_ms = max(trial.resolution_us for trial in measurements) / 1000
    low = None if evidence.low is None else max(0.0, evidence.low * (1 - HISTOGRAM_PRECISION) - step_ms)
    high = None if evidence.high is None else evidence.high * (1 + HISTOGRAM_PRECISION) + step_ms
    return Evidence(evidence.value, low, high, evidence.gap, evidence.settled_by)

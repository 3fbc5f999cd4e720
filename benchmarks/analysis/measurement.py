"""The measurement of one trial, and several merged into one. [pure]"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

Latencies = tuple[tuple[int, int], ...]

PERCENTS = ("50", "90", "95", "99", "99.9")
MIN_TAIL_SAMPLES = 10  # fewer latencies above a percentile are too few to be reliable: it is omitted


@dataclass(frozen=True, slots=True)
class Measurement:
    """One trial. `errors`: failed connections and requests, timeouts included; responses outside 2xx are separate.

    `latencies_us`: every latency with its count, uncorrected, ascending; empty if the generator does not report them.
    `corrected_us`: the same, corrected for coordinated omission by the generator, if it does.
    `resolution_us`: unit to which the generator rounds latencies. `paced_rate`: successful responses per second at a
    fixed rate, over a whole number of the pace's periods.
    """

    duration_s: float
    responses: int
    successes: int
    errors: int
    timeouts: int
    non_2xx: int
    bytes_read: int
    mean_ms: float | None
    max_ms: float | None
    percentiles_ms: dict[str, float]
    latencies_us: Latencies
    connections_used: int
    notes: tuple[str, ...] = ()
    corrected_us: Latencies = ()
    resolution_us: int = 1
    paced_rate: float | None = None

    @property
    def rate(self) -> float:
        """Successful responses per second."""
        return self.successes / self.duration_s if self.duration_s > 0 else 0.0

    @property
    def failures(self) -> int:
        return self.errors + self.non_2xx

    @property
    def error_rate(self) -> float:
        """Share of attempts that failed, 0 to 1."""
        return self.failures / (self.successes + self.failures) if self.failures else 0.0


def percentile_us(latencies: Latencies, percent: float) -> int | None:
    """The smallest latency that `percent` % of all latencies do not exceed."""
    rank = percent / 100 * sum(count for _, count in latencies)
    cumulative = 0
    for value, count in latencies:
        cumulative += count
        if cumulative >= rank:
            return value
    return None


def percentiles_in_ms(latencies: Latencies) -> dict[str, float]:
    """Those of PERCENTS for which the sample is large enough."""
    supported = supported_percentiles(PERCENTS, sum(count for _, count in latencies))
    values_us = {percent: percentile_us(latencies, float(percent)) for percent in supported}
    return {percent: value_us / 1000 for percent, value_us in values_us.items() if value_us is not None}


def supported_percentiles(percents: Iterable[str], count: int) -> list[str]:
    """The percentiles with at least MIN_TAIL_SAMPLES of `count` latencies above them."""
    return [percent for percent in percents if count * (100 - float(percent)) / 100 >= MIN_TAIL_SAMPLES - 1e-6]


def mean_us(latencies: Latencies) -> float | None:
    total = sum(count for _, count in latencies)
    return sum(value * count for value, count in latencies) / total if total else None


def count_from_due(measurement: Measurement) -> Measurement:
    """The measurement with the latencies that the generator corrected; unchanged if it did not."""
    due = measurement.corrected_us
    if not due:
        return measurement
    mean, max_ms = (mean_us(due) or 0.0) / 1000, due[-1][0] / 1000
    return replace(measurement, latencies_us=due, percentiles_ms=percentiles_in_ms(due), mean_ms=mean, max_ms=max_ms)


def merge_latencies(trials: Iterable[Latencies]) -> Latencies:
    counts: Counter[int] = Counter()
    for latencies in trials:
        counts.update(dict(latencies))
    return tuple(sorted(counts.items()))


def merge_trials(trials: Sequence[Measurement]) -> Measurement:
    """Several trials as one: counts are summed, percentiles taken from the merged latencies, never averaged.

    If the generator does not report latencies, each percentile is the median over the trials.
    """
    latencies = _merge_if_all([trial.latencies_us for trial in trials])
    corrected = _merge_if_all([trial.corrected_us for trial in trials])
    mean = mean_us(latencies)
    return Measurement(
        duration_s=sum(trial.duration_s for trial in trials),
        responses=sum(trial.responses for trial in trials),
        successes=sum(trial.successes for trial in trials),
        errors=sum(trial.errors for trial in trials),
        timeouts=sum(trial.timeouts for trial in trials),
        non_2xx=sum(trial.non_2xx for trial in trials),
        bytes_read=sum(trial.bytes_read for trial in trials),
        mean_ms=mean / 1000 if mean is not None else _median([trial.mean_ms for trial in trials]),
        max_ms=max((trial.max_ms for trial in trials if trial.max_ms is not None), default=None),
        percentiles_ms=percentiles_in_ms(latencies) or _median_percentiles(trials),
        latencies_us=latencies,
        connections_used=max(trial.connections_used for trial in trials),
        notes=tuple(dict.fromkeys(note for trial in trials for note in trial.notes)),
        corrected_us=corrected,
        resolution_us=max(trial.resolution_us for trial in trials),
    )


def _merge_if_all(trials: Sequence[Latencies]) -> Latencies:
    return merge_latencies(trials) if all(trials) else ()


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _median_percentiles(trials: Sequence[Measurement]) -> dict[str, float]:
    medians = {key: _median([trial.percentiles_ms.get(key) for trial in trials]) for key in PERCENTS}
    return {key: value for key, value in medians.items() if value is not None}

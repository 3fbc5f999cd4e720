"""What a load generator measured in a trial, and what several trials say together. [pure]"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Latencies = tuple[tuple[int, int], ...]

PERCENTS = ("50", "90", "95", "99", "99.9")
TAIL = 10  # a percentile with fewer latencies than this above it is one of chance, and not shown


@dataclass(frozen=True, slots=True)
class Measurement:
    """One trial. `errors`: connections and requests, timeouts included; answers outside 2xx stand apart.

    `latencies_us`: every latency with its count, uncorrected, ascending; empty when the generator keeps them.
    `corrected_us`: the same as the generator corrects them for coordinated omission, where it does.
    `resolution_us`: what the generator rounds latencies to.
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

    @property
    def rate(self) -> float:
        """Successful responses per second."""
        return self.successes / self.duration_s if self.duration_s > 0 else 0.0

    @property
    def failures(self) -> int:
        return self.errors + self.non_2xx

    @property
    def error_rate(self) -> float:
        """Share of the attempts that did not succeed, 0 to 1."""
        return self.failures / (self.successes + self.failures) if self.failures else 0.0


def percentile_us(latencies: Latencies, percent: float) -> int | None:
    """The smallest latency that `percent` of all do not exceed."""
    rank = percent / 100 * sum(count for _, count in latencies)
    seen = 0
    for value, count in latencies:
        seen += count
        if seen >= rank:
            return value
    return None


def percentiles_of(latencies: Latencies) -> dict[str, float]:
    """Milliseconds of those in PERCENTS that the sample is large enough for."""
    shown = enough_for(PERCENTS, sum(count for _, count in latencies))
    found = {percent: percentile_us(latencies, float(percent)) for percent in shown}
    return {percent: value / 1000 for percent, value in found.items() if value is not None}


def enough_for(percents: Iterable[str], count: int) -> list[str]:
    """The percentiles that a sample of `count` can tell: at least TAIL latencies lie above each."""
    return [percent for percent in percents if count * (100 - float(percent)) / 100 >= TAIL - 1e-6]


def mean_us(latencies: Latencies) -> float | None:
    total = sum(count for _, count in latencies)
    return sum(value * count for value, count in latencies) / total if total else None


def together(every: Iterable[Latencies]) -> Latencies:
    """Latencies of several trials as those of one."""
    counts: Counter[int] = Counter()
    for latencies in every:
        counts.update(dict(latencies))
    return tuple(sorted(counts.items()))


def merged(trials: Sequence[Measurement]) -> Measurement:
    """Several trials as one: sums, latencies of all together; percentiles are never averaged.

    Where a generator keeps the latencies to itself, the median over the trials stands for each percentile.
    """
    latencies = together(trial.latencies_us for trial in trials) if all(each.latencies_us for each in trials) else ()
    corrected = together(trial.corrected_us for trial in trials) if all(each.corrected_us for each in trials) else ()
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
        percentiles_ms=percentiles_of(latencies) or _median_percentiles(trials),
        latencies_us=latencies,
        connections_used=max(trial.connections_used for trial in trials),
        notes=tuple(dict.fromkeys(note for trial in trials for note in trial.notes)),
        corrected_us=corrected,
        resolution_us=max(trial.resolution_us for trial in trials),
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _median_percentiles(trials: Sequence[Measurement]) -> dict[str, float]:
    found = {key: _median([trial.percentiles_ms.get(key) for trial in trials]) for key in PERCENTS}
    return {key: value for key, value in found.items() if value is not None}

"""What a load generator measured, what several trials say together, and how far to trust it. [pure]"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Latencies = tuple[tuple[int, int], ...]

PERCENTS = ("50", "90", "95", "99", "99.9")
MAX_ERROR_RATE = 0.01  # the customary limit of load tests
MIN_REQUESTS = 1000
MIN_DURATION_S = 2.0
BUSY_GENERATOR = 0.9
BUSY_TARGET = 0.9


@dataclass(frozen=True, slots=True)
class Measurement:
    """One trial. `errors`: connections and requests, timeouts included; answers outside 2xx stand apart.

    `latencies_us`: every latency with its count, uncorrected, ascending; empty when the generator keeps them.
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

    @property
    def rate(self) -> float:
        """Successful responses per second."""
        return self.successes / self.duration_s if self.duration_s > 0 else 0.0

    @property
    def error_rate(self) -> float:
        """Share of the attempts that did not succeed, 0 to 1."""
        failed = self.errors + self.non_2xx
        return failed / (self.successes + failed) if failed else 0.0


@dataclass(frozen=True, slots=True)
class Load:
    """How busy both sides were, as a share (1.0 = all that they could use); None where nobody could look."""

    generator: float | None
    target: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`validity`: valid, caution or invalid, with a sentence for each reason."""

    validity: str
    reasons: tuple[str, ...]


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
    """Milliseconds of the percentiles in PERCENTS; empty without latencies."""
    found = {percent: percentile_us(latencies, float(percent)) for percent in PERCENTS}
    return {percent: value / 1000 for percent, value in found.items() if value is not None}


def mean_us(latencies: Latencies) -> float | None:
    total = sum(count for _, count in latencies)
    return sum(value * count for value, count in latencies) / total if total else None


def merged(trials: Sequence[Measurement]) -> Measurement:
    """Several trials as one: sums, latencies of all together, else the median of each percentile."""
    counts: Counter[int] = Counter()
    for trial in trials:
        counts.update(dict(trial.latencies_us))
    latencies = tuple(sorted(counts.items())) if all(trial.latencies_us for trial in trials) else ()
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
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _median_percentiles(trials: Sequence[Measurement]) -> dict[str, float]:
    found = {key: _median([trial.percentiles_ms.get(key) for trial in trials]) for key in PERCENTS}
    return {key: value for key, value in found.items() if value is not None}


def saturation(load: Load) -> str:
    """Who was at its limit: server, generator, contended or none; empty when that is not known."""
    if load.generator is None or load.target is None:
        return ""
    busy = (load.generator >= BUSY_GENERATOR, load.target >= BUSY_TARGET)
    return {
        (False, True): "server", (True, False): "generator", (True, True): "contended", (False, False): "none",
    }[busy]  # fmt: skip


def judge(whole: Measurement, load: Load, notes: Sequence[str] = ()) -> Verdict:
    """How far the figures may be trusted. `notes`: what else stands against them."""
    failed = whole.errors + whole.non_2xx
    share = f"{100 * whole.error_rate:.2g} % of the requests failed ({failed} errors and answers outside 2xx)"
    if whole.error_rate > MAX_ERROR_RATE:
        return Verdict("invalid", (f"{share}; more than 1 % is too many to compare.", *notes))
    reasons = [*([f"{share}."] if failed else []), *notes, *whole.notes]
    if whole.responses < MIN_REQUESTS:
        reasons.append(f"Only {whole.responses} responses were counted; percentiles need {MIN_REQUESTS}.")
    if whole.duration_s < MIN_DURATION_S * 0.95:
        reasons.append(f"It lasted {whole.duration_s:.1f} s only; below {MIN_DURATION_S:g} s chance decides.")
    if load.generator is not None and load.generator >= BUSY_GENERATOR:
        reasons.append(
            f"The load generator used {100 * load.generator:.0f} % of the CPU it could: the target may do more."
        )
    return Verdict("caution" if reasons else "valid", tuple(reasons))

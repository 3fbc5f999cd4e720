"""Series of the benchmarks: finished runs, the queue, the last run of each target and endpoint. [pure]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitoring.exposition.families import Families
from monitoring.exposition.labels import label_text

MAX_KINDS = 200

RunKinds = Mapping[tuple[str, str], int]  # by state and validity


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run of a target and endpoint. `budget`: met, missed or not_shown; None without one."""

    framework: str
    endpoint: str
    method: str
    at: datetime
    rate: float | None
    low: float | None
    high: float | None
    is_valid: bool
    cpu_micros: float | None
    budget: str | None


@dataclass(frozen=True, slots=True)
class RunFigures:
    """`finished`: by state and validity, deleted ones too; `last`: newest first."""

    finished: RunKinds
    queued: int
    active: int
    last: Sequence[LastRun]


def add_runs(families: Families, runs: RunFigures) -> int:
    """Returns how many targets and endpoints are left out, for there are MAX_KINDS at most."""
    for (state, validity), count in runs.finished.items():
        families.add("pm2site_benchmark_runs_total", count, state, validity)
    families.add("pm2site_benchmark_queued_runs", runs.queued)
    families.add("pm2site_benchmark_active_runs", runs.active)
    exported: set[tuple[str, str, str]] = set()
    for run in runs.last[:MAX_KINDS]:
        labels = label_text(run.framework), label_text(run.endpoint), label_text(run.method)
        if labels not in exported:
            exported.add(labels)
            _add_last(families, run, labels)
    return len(runs.last) - len(exported)


def _add_last(families: Families, run: LastRun, labels: tuple[str, str, str]) -> None:
    rate, last = "pm2site_benchmark_last_requests_per_second", "pm2site_benchmark_last"
    families.add(rate, run.rate, *labels)
    families.add(f"{rate}_low", run.low, *labels)
    families.add(f"{rate}_high", run.high, *labels)
    families.add(f"{last}_valid", run.is_valid, *labels)
    families.add(f"{last}_end_timestamp_seconds", run.at.timestamp(), *labels)
    families.add(f"{last}_cpu_seconds_per_request", None if run.cpu_micros is None else run.cpu_micros / 1e6, *labels)
    if run.budget in ("met", "missed"):
        families.add("pm2site_benchmark_budget_met", run.budget == "met", *labels)

"""Rows of the history as sides of a comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from benchmarks.analysis import comparison
from benchmarks.analysis.comparison import Comparison, Side
from benchmarks.errors import RunNotFound, RunUnfinished
from benchmarks.models import Run, RunState, Trial

LARGE = ("output", "histogram", "corrected_histogram", "probe_histogram")


def compare(base: str, new: str) -> Comparison:
    """By their ids. Raises RunNotFound, RunUnfinished."""
    return comparison.compare(side(finished(base)), side(finished(new)))


def with_light_trials(runs: QuerySet[Run] | None = None) -> QuerySet[Run]:
    """Runs as `side` needs them: their trials at hand, without what is large."""
    rows = Run.objects.all() if runs is None else runs
    return rows.prefetch_related(Prefetch("trials", Trial.objects.defer(*LARGE)))


def finished(run_id: str) -> Run:
    """A run that measured something. Raises RunNotFound, RunUnfinished."""
    try:
        run = with_light_trials().get(pk=UUID(run_id))
    except (ValueError, Run.DoesNotExist):
        raise RunNotFound(run_id) from None
    if run.state not in (RunState.DONE, RunState.INTERRUPTED):
        raise RunUnfinished(run_id, run.state)
    return run


def side(run: Run) -> Side:
    """What the run measured in its single trials, and under which conditions."""
    trials = [trial for trial in run.trials.all() if not trial.is_warmup]
    return Side(
        id=str(run.pk),
        name=run.label or run.framework,
        validity=run.validity,
        conditions={
            "endpoint": run.endpoint,
            "method": run.method,
            "body": run.body,
            "generator": run.generator,
            "connections": run.connections_used or run.connections,
            "workers": run.workers,
            "pipelining": run.pipelining,
            "rate": run.rate_per_second,
            "instances": run.instances,
        },
        environment=str(run.environment.get("key", "")),
        values={
            "reqPerSec": [trial.req_per_sec for trial in trials],
            "p50Latency": _known(trials, lambda trial: trial.percentiles_ms.get("50")),
            "p99Latency": _known(trials, lambda trial: trial.percentiles_ms.get("99")),
            "cpuMicrosPerRequest": _known(trials, _cpu_micros),
            "memoryBytes": _known(trials, lambda trial: trial.facts.get("targetMemoryBytes")),
        },
    )


def _known(trials: list[Trial], of: Callable[[Trial], Any]) -> list[float]:
    """The figure of every trial; none at all where one has none."""
    found = [of(trial) for trial in trials]
    return [float(value) for value in found] if all(isinstance(value, (int, float)) for value in found) else []


def _cpu_micros(trial: Trial) -> float | None:
    seconds = trial.facts.get("targetCpuSeconds")
    return 1e6 * seconds / trial.requests if isinstance(seconds, (int, float)) and trial.requests else None

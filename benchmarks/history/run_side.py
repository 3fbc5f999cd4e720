"""Turns runs of the history into the sides of a comparison. [io: database]"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from benchmarks.analysis import comparison
from benchmarks.analysis.comparison import Comparison, Side
from benchmarks.engine.run_figures import TrialFigures
from benchmarks.engine.run_spec import RunSpec
from benchmarks.errors import RunNotFound, RunUnfinished
from benchmarks.history.results import check_columns, types_of_fields
from benchmarks.models import Run, RunState, Trial
from benchmarks.runs.run_rows import spec_of

LARGE_COLUMNS = ("output", "histogram", "corrected_histogram", "probe_histogram")
_PARAMETERS = types_of_fields(RunSpec) | {"connections_used": (int, type(None))}
_FIGURES = types_of_fields(TrialFigures)


def compare_runs(base: str, new: str) -> Comparison:
    """Compare two runs by id. Raises RunNotFound, RunUnfinished."""
    return comparison.compare(to_side(fetch_measured_run(base)), to_side(fetch_measured_run(new)))


def with_trials(runs: QuerySet[Run] | None = None) -> QuerySet[Run]:
    """Runs with their trials prefetched, without large columns, as `to_side` requires."""
    rows = Run.objects.all() if runs is None else runs
    return rows.prefetch_related(Prefetch("trials", Trial.objects.defer(*LARGE_COLUMNS)))


def fetch_measured_run(run_id: str) -> Run:
    """A run that is done, or was interrupted. Raises RunNotFound, RunUnfinished."""
    try:
        run = with_trials().get(pk=UUID(run_id))
    except (ValueError, Run.DoesNotExist):
        raise RunNotFound(run_id) from None
    if run.state not in (RunState.DONE, RunState.INTERRUPTED):
        raise RunUnfinished(run_id, run.state)
    return run


def check_details(run: Run, trials: Iterable[Trial]) -> None:
    """Whether the parameters of the run, and the figures of its trials, can be read. Raises RunUnreadable."""
    check_columns(run, _PARAMETERS, run.pk)
    for trial in trials:
        check_columns(trial, _FIGURES, run.pk)


def to_side(run: Run) -> Side:
    """The values of each trial and the conditions of the run. Raises RunUnreadable."""
    trials = [trial for trial in run.trials.all() if not trial.is_warmup]
    check_details(run, trials)
    spec = spec_of(run)
    return Side(
        id=str(run.pk),
        name=run.label or run.framework,
        validity=run.validity,
        conditions=spec.conditions(run.connections_used),
        environment=str(run.environment.get("key", "")),
        values={}
        if spec.is_sweep
        else {
            "reqPerSec": [trial.req_per_sec for trial in trials],
            "p50Latency": _trial_values(trials, lambda trial: trial.percentiles_ms.get("50")),
            "p99Latency": _trial_values(trials, lambda trial: trial.percentiles_ms.get("99")),
            "cpuMicrosPerRequest": _trial_values(trials, _cpu_micros),
            "memoryBytes": _trial_values(trials, lambda trial: trial.facts.get("targetMemoryBytes")),
        },
    )


def _trial_values(trials: list[Trial], get_value: Callable[[Trial], Any]) -> list[float]:
    """The value of every trial; empty if any trial lacks it."""
    values = [get_value(trial) for trial in trials]
    return [float(value) for value in values] if all(isinstance(value, (int, float)) for value in values) else []


def _cpu_micros(trial: Trial) -> float | None:
    seconds = trial.facts.get("targetCpuSeconds")
    return 1e6 * seconds / trial.requests if isinstance(seconds, (int, float)) and trial.requests else None

"""Writes the rows of a run, during the run and at its end. [io: database]"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from benchmarks.analysis import histogram
from benchmarks.engine import run_result
from benchmarks.engine.execution_monitor import Sample
from benchmarks.engine.generator_execution import ExecutionResult
from benchmarks.engine.run_result import RunResult
from benchmarks.generators.secret_headers import masked
from benchmarks.models import Run, Source, Trial, next_at, next_recorded_at
from benchmarks.runs import run_process
from pm2.models import Exit
from system.lib.wire import iso_time, to_wire

MAX_SAMPLES = 1000
MAX_EXITS = 100
A_STEP = timedelta(seconds=1)  # of the clock; less is how imprecisely the two clocks are read


def record_heartbeat(run: Run, progress: Mapping[str, object] | None = None) -> bool:
    """Write a heartbeat, and the progress if given; returns whether cancellation was requested."""
    columns = run_process.heartbeat_columns() | ({} if progress is None else {"progress": dict(progress)})
    for name, value in columns.items():
        setattr(run, name, value)
    Run.objects.filter(pk=run.pk).update(**columns)
    return Run.objects.filter(pk=run.pk, cancel_requested=True).exists()


def mask_headers(run: Run) -> None:
    """Removes credentials from a row that an earlier version queued with them."""
    run.headers = masked(run.headers)
    Run.objects.filter(pk=run.pk).update(headers=run.headers)


def store_samples(run: Run, samples: Sequence[Sample]) -> None:
    """Store the samples so far: for live views, and in case the process dies."""
    run.samples = [to_wire(sample) for sample in run_result.thin_samples(samples, MAX_SAMPLES)]
    Run.objects.filter(pk=run.pk).update(samples=run.samples)


def store_preflight(run: Run, result: RunResult, server_identity: Mapping[str, object]) -> None:
    """Store the preflight response and the environment; `server_identity` are added to the environment."""
    run.preflight = {
        "before": asdict(result.response_before) if result.response_before else None,
        "isConstant": result.has_constant_body,
    }
    run.tls = to_wire(result.tls)
    run.environment = {**result.environment, **server_identity}
    run.save(update_fields=["preflight", "environment", "tls"])


def create_trial(run: Run, trial: ExecutionResult) -> Trial:
    """Store a trial as a row; index 0 is the warm-up."""
    figures = run_result.build_trial_figures(trial, run.pipelining)
    return Trial.objects.create(
        run=run,
        **{field.name: getattr(figures, field.name) for field in fields(figures)},
        histogram=histogram.encode(trial.measurement.latencies_us),
        corrected_histogram=histogram.encode(trial.measurement.corrected_us),
        probe_histogram=trial.probe.histogram if trial.probe else "",
        output=trial.output.replace("\x00", ""),
    )


def record_trial(run: Run, trial: ExecutionResult, result: RunResult) -> None:
    """Store a trial and the updated figures of the run atomically, so an interrupted run has both."""
    with transaction.atomic():
        create_trial(run, trial)
        if result.trials:
            apply_result(run, result)
            save_run(run)


def apply_result(run: Run, result: RunResult) -> None:
    """Set the columns of `run` that are computed from all trials."""
    figures = result.compute_figures()
    for field in fields(figures):
        setattr(run, field.name, getattr(figures, field.name))
    run.reasons = list(figures.reasons)
    run.command, run.connections_used = list(result.trials[-1].command), result.merged().connections_used
    budget = result.judge_budget()
    run.budget = to_wire(budget) if budget else None
    run.gates = [to_wire(gate) for gate in result.evaluate_gates()]
    run.samples = [to_wire(sample) for sample in run_result.thin_samples(result.samples(), MAX_SAMPLES)]
    run.sweep = to_wire(result.sweep.conclude()) if result.sweep else None
    if result.sweep and result.is_complete:
        run.trials_planned = len(result.trials)  # it was the largest number of steps
    if result.response_after:
        run.preflight = {**run.preflight, "after": asdict(result.response_after)}


def save_run(run: Run) -> None:
    """Save every column except `cancel_requested`, which other processes write."""
    names = [field.name for field in run._meta.concrete_fields if not field.primary_key]
    run.save(update_fields=[name for name in names if name != "cancel_requested"])


@dataclass(frozen=True, slots=True)
class Beginning:
    """When a run began: by the newest exit that was stored then, and by the monotonic clock."""

    last_exit_id: int
    at_s: float

    @classmethod
    def now(cls) -> Beginning:
        return cls(Exit.objects.order_by("-id").values_list("id", flat=True).first() or 0, time.monotonic())


def fetch_exits(run: Run, beginning: Beginning, names: Collection[str]) -> list[dict[str, object]]:
    """Exits of the target's processes since the run began, as recorded by the server; oldest first. `names`: under
    PM2."""
    started_at = run.started_at or run.created_at
    if (step_back := started_at - (timezone.now() - timedelta(seconds=time.monotonic() - beginning.at_s))) > A_STEP:
        started_at -= step_back
    # One before the run may be stored with a delay; one whose time is in the future was before the clock was set back.
    own = Exit.objects.filter(instance__name__in={run.framework, *names})
    exits = own.filter(id__gt=beginning.last_exit_id, at__gte=started_at)
    return [
        {
            "at": iso_time(ended.at), "pmId": ended.instance.pm_id, "exitCode": ended.exit_code, "signal": ended.signal,
            "cause": ended.cause, "text": ended.text,
        }
        for ended in exits.select_related("instance").order_by("id")[:MAX_EXITS]
    ]  # fmt: skip


def finish_run(run: Run, beginning: Beginning, names: Collection[str] = ()) -> None:
    """Save the run with its end time, by which the history is ordered. `names`: of the target's processes under PM2."""
    (run.at, run.clock_at), run.recorded_at = next_at(), next_recorded_at()
    run.progress = {key: value for key, value in run.progress.items() if key not in ("children", "reqPerSec")}
    run.exits = fetch_exits(run, beginning, names) if run.source == Source.SERVER else []
    save_run(run)

"""Baselines: the reference run of each framework, endpoint and method. [io: database]"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.utils import timezone

from benchmarks.analysis import comparison
from benchmarks.analysis.comparison import Comparison
from benchmarks.errors import BenchmarkError, NoBaseline, UnfitBaseline
from benchmarks.generators.scenario import PROFILES, SWEEP
from benchmarks.history.readable_rows import read_results
from benchmarks.history.results import Result
from benchmarks.history.run_side import check_details, fetch_measured_run, to_side, with_trials
from benchmarks.models import Baseline, Run, RunState, Validity
from system.lib.quantities import significant

log = structlog.get_logger("benchmarks")

MIN_PROFILE = PROFILES["standard"]


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """A baseline as sent to clients."""

    result: Result
    set_by: str
    set_at: datetime
    reason: str


def set_baseline(run: Run, by: str, reason: str = "") -> Baseline:
    """Make `run` the baseline of its framework, endpoint and method, replacing any other. Raises UnfitBaseline,
    RunUnreadable."""
    flaws = find_flaws(run)
    if flaws:
        raise UnfitBaseline(str(run.pk), flaws)
    baseline, _ = Baseline.objects.update_or_create(
        framework=run.framework, endpoint=run.endpoint, method=run.method,
        defaults={"run": run, "set_by": by[:200], "set_at": timezone.now(), "reason": reason},
    )  # fmt: skip
    return baseline


def remove_baseline(run: Run) -> None:
    """Raises NoBaseline if `run` is not a baseline."""
    deleted, _ = Baseline.objects.filter(run=run).delete()
    if not deleted:
        raise NoBaseline(f"Run {run.pk} is not a baseline.")


def baseline_for(run: Run) -> Baseline | None:
    """Baseline of the run's framework, endpoint and method; may be the run itself."""
    kind = {"framework": run.framework, "endpoint": run.endpoint, "method": run.method}
    return Baseline.objects.filter(**kind).select_related("run").first()


def list_baselines() -> list[BaselineResult]:
    """All baselines whose run can be read, ordered by framework, endpoint and method."""
    baselines = {baseline.run_id: baseline for baseline in Baseline.objects.all()}
    results = {result.id: result for result in read_results(Run.objects.filter(pk__in=baselines).order_by())}
    return [
        BaselineResult(results[run_id], baseline.set_by, baseline.set_at, baseline.reason)
        for run_id, baseline in baselines.items()
        if run_id in results
    ]


def compare_with_baseline(run_id: str) -> Comparison:
    """Compare the run with its baseline. Raises RunNotFound, RunUnfinished, NoBaseline."""
    run = fetch_measured_run(run_id)
    baseline = baseline_for(run)
    if baseline is None:
        kind = f"{run.framework} {run.method} {run.endpoint}"
        hint = "Set one: POST /api/benchmark/runs/ID/baseline, or in the admin."
        raise NoBaseline(f"There is no baseline for {kind}. {hint}")
    return comparison.compare(to_side(fetch_measured_run(str(baseline.run_id))), to_side(run))


def comparison_for(run: Run, baseline: Baseline | None) -> Comparison | None:
    """Comparison with the baseline; None without one that can be read, for the baseline itself, and for runs that are
    not done."""
    if baseline is None or baseline.run_id == run.pk or run.state != RunState.DONE:
        return None
    try:
        return compare_with_baseline(str(run.pk))
    except BenchmarkError as error:
        log.warning("a run cannot be compared with its baseline", run=str(run.pk), error=str(error))
        return None


def find_flaws(run: Run) -> list[str]:
    """Reasons why the run cannot be a baseline: its noise would skew every comparison. Raises RunUnreadable."""
    check_details(run, ())
    if run.state != RunState.DONE:
        return [f"It is {run.state}."]
    if run.profile == SWEEP:
        return ["It is a sweep, whose trials are at different rates."]
    flaws = [] if run.validity == Validity.VALID else [f"It is {run.validity}, not valid."]
    if run.trials_planned < MIN_PROFILE.trials or run.planned_duration_s < MIN_PROFILE.duration_s:
        flaws.append(
            f"It was planned as {run.trials_planned} × {significant(run.planned_duration_s)} s; at least "
            f"{MIN_PROFILE.trials} × {MIN_PROFILE.duration_s:g} s are needed (profile {MIN_PROFILE.name})."
        )
    if not flaws:
        self_side = to_side(with_trials().get(pk=run.pk))
        flaws += dict.fromkeys(comparison.compare(self_side, self_side).reasons)
    return flaws

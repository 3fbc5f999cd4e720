"""The run that others of its framework, endpoint and method are held against. [io: database]"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from benchmarks.analysis import comparison
from benchmarks.analysis.comparison import Comparison
from benchmarks.errors import NoBaseline, UnfitBaseline
from benchmarks.generators.scenario import PROFILES
from benchmarks.history.results import Result, result
from benchmarks.history.run_side import finished, side, with_light_trials
from benchmarks.models import Baseline, Run, RunState, Validity

LEAST = PROFILES["standard"]


@dataclass(frozen=True, slots=True)
class Named:
    """A baseline as the wire shows it."""

    result: Result
    set_by: str
    set_at: datetime
    reason: str


def name(run: Run, by: str, reason: str = "") -> Baseline:
    """Make `run` the baseline of its kind, in place of the one before. Raises UnfitBaseline."""
    flaws = flaws_of(run)
    if flaws:
        raise UnfitBaseline(str(run.pk), flaws)
    baseline, _ = Baseline.objects.update_or_create(
        framework=run.framework, endpoint=run.endpoint, method=run.method,
        defaults={"run": run, "set_by": by[:200], "set_at": timezone.now(), "reason": reason},
    )  # fmt: skip
    return baseline


def drop(run: Run) -> None:
    """Raises NoBaseline where `run` is none."""
    deleted, _ = Baseline.objects.filter(run=run).delete()
    if not deleted:
        raise NoBaseline(f"Run {run.pk} is not a baseline.")


def of(run: Run) -> Baseline | None:
    """The baseline of the run's kind; it may be the run itself."""
    kind = {"framework": run.framework, "endpoint": run.endpoint, "method": run.method}
    return Baseline.objects.filter(**kind).select_related("run").first()


def named() -> list[Named]:
    """All of them, by framework, endpoint and method."""
    rows = Baseline.objects.select_related("run")
    return [Named(result(each.run), each.set_by, each.set_at, each.reason) for each in rows]


def held_against(run_id: str) -> Comparison:
    """The run compared with the baseline of its kind. Raises RunNotFound, RunUnfinished, NoBaseline."""
    run = finished(run_id)
    baseline = of(run)
    if baseline is None:
        kind = f"{run.framework} {run.method} {run.endpoint}"
        how = "Name one: POST /api/benchmark/runs/ID/baseline, or in the admin."
        raise NoBaseline(f"There is no baseline for {kind}. {how}")
    return comparison.compare(side(finished(str(baseline.run_id))), side(run))


def verdict(run: Run, baseline: Baseline | None) -> Comparison | None:
    """What the baseline says of `run`; None for what cannot be asked: no baseline, the run itself, a run not over."""
    if baseline is None or baseline.run_id == run.pk or run.state != RunState.DONE:
        return None
    return held_against(str(run.pk))


def flaws_of(run: Run) -> list[str]:
    """Why the run cannot be a baseline: others would be measured by its weather."""
    if run.state != RunState.DONE:
        return [f"It is {run.state}."]
    found = [] if run.validity == Validity.VALID else [f"It is {run.validity}, not valid."]
    if run.trials_planned < LEAST.trials or run.planned_duration_s < LEAST.duration_s:
        found.append(
            f"It was made of {run.trials_planned} × {run.planned_duration_s:g} s; at least "
            f"{LEAST.trials} × {LEAST.duration_s:g} s are needed (profile {LEAST.name})."
        )
    if not found:
        itself = side(with_light_trials().get(pk=run.pk))
        found += dict.fromkeys(comparison.compare(itself, itself).reasons)
    return found

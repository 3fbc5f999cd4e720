"""How a framework's rate on one endpoint went over its valid runs, and where it moved to another level."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from benchmarks.analysis.change_points import find_steps
from benchmarks.history.queries import results
from benchmarks.models import Run, Validity

MOST = 500
LOAD = (
    "host", "body", "generator", "generator_version", "connections", "workers", "pipelining", "rate_per_second",
    "instances",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """`id`, `at`: the first run of the new level; requests/s before and after are medians of the levels."""

    id: UUID
    at: datetime
    req_per_sec_before: float
    req_per_sec_after: float
    p: float
    text: str


def change_points(framework: str, endpoint: str, method: str) -> tuple[list[ChangePoint], int]:
    """Oldest first, and how many runs were looked at: of the newest 500 valid ones those that were measured as the
    newest was, for another machine or load makes another rate."""
    wanted = {"framework": framework, "endpoint": endpoint, "method": method, "validity": Validity.VALID}
    rows = results(wanted).filter(req_per_sec__gt=0).only("id", "at", "req_per_sec", "environment", *LOAD)
    newest_first = list(rows[:MOST])
    runs = [run for run in reversed(newest_first) if _conditions(run) == _conditions(newest_first[0])]
    rates = [run.req_per_sec or 0.0 for run in runs]
    found = [
        ChangePoint(runs[step.index].id, runs[step.index].at, step.before, step.after, step.p,
                    _sentence(step.before, step.after))
        for step in find_steps(rates)
    ]  # fmt: skip
    return found, len(runs)


def _conditions(run: Run) -> tuple[object, ...]:
    return (run.environment.get("key"), *(getattr(run, name) for name in LOAD))


def _sentence(before: float, after: float) -> str:
    share = abs(100 * (after / before - 1))
    return f"{share:.1f} % {'faster' if after > before else 'slower'}: {before:,.0f} to {after:,.0f} requests/s."

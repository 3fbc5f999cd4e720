"""Change points in a framework's rate on one endpoint, over its valid runs. [io: database]"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from benchmarks.analysis.change_points import find_steps
from benchmarks.history.completed import completed_runs, without_sweeps
from benchmarks.history.readable_rows import read_rows
from benchmarks.history.recent_rates import POINT_COLUMNS, with_rate
from benchmarks.models import Run, Validity

MAX_RUNS = 500
LOAD_COLUMNS = (
    "host", "body", "generator", "generator_version", "connections", "workers", "pipelining", "rate_per_second",
    "instances",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """`id`, `at`: the first run at the new level; requests/s before and after are medians of the levels."""

    id: Annotated[UUID, "The first run at the new level"]
    at: datetime
    req_per_sec_before: Annotated[float, "Median of the previous level"]
    req_per_sec_after: float
    p: Annotated[float, "Pettitt's test; below 0.001"]
    text: str


def find_change_points(framework: str, endpoint: str, method: str) -> tuple[list[ChangePoint], int]:
    """Change points, oldest first, and the number of runs examined: of the newest 500 valid runs, those on the same
    machine and under the same load as the newest."""
    filters = {"framework": framework, "endpoint": endpoint, "method": method, "validity": Validity.VALID}
    rows = without_sweeps(completed_runs(filters)).filter(req_per_sec__gt=0)
    rows = rows.only(*POINT_COLUMNS, "environment", *LOAD_COLUMNS)
    newest_first = [run for run in read_rows(rows[:MAX_RUNS], with_rate) if run is not None]
    runs = [run for run in reversed(newest_first) if _conditions(run) == _conditions(newest_first[0])]
    rates = [run.req_per_sec or 0.0 for run in runs]
    changes = [
        ChangePoint(runs[step.index].id, runs[step.index].at, step.before, step.after, step.p,
                    _describe_change(step.before, step.after))
        for step in find_steps(rates)
    ]  # fmt: skip
    return changes, len(runs)


def _conditions(run: Run) -> tuple[object, ...]:
    return (run.environment.get("key"), *(getattr(run, name) for name in LOAD_COLUMNS))


def _describe_change(before: float, after: float) -> str:
    share = abs(100 * (after / before - 1))
    return f"{share:.1f} % {'faster' if after > before else 'slower'}: {before:,.0f} to {after:,.0f} requests/s."

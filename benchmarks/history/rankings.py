"""Ranks the frameworks on one endpoint by the newest valid run of each. [io: database]"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from benchmarks.analysis.comparison import Side
from benchmarks.analysis.tiers import rank
from benchmarks.history.completed import completed_runs, without_sweeps
from benchmarks.history.queries import list_frameworks
from benchmarks.history.readable_rows import read_rows
from benchmarks.history.results import Result, to_result
from benchmarks.history.run_side import to_side, with_trials
from benchmarks.models import Validity


@dataclass(frozen=True, slots=True)
class RankedResult:
    tier: Annotated[int, "From 1; shared if no difference is significant"]
    text: Annotated[str, "Comparison with the leader of the previous tier, or of its own"]
    result: Result


@dataclass(frozen=True, slots=True)
class UnrankedResult:
    reasons: Annotated[tuple[str, ...], "Why it cannot be compared with the others"]
    result: Result


def rank_frameworks(endpoint: str, method: str) -> tuple[list[RankedResult], list[UnrankedResult]]:
    """Ranked runs, fastest first, and runs whose conditions are not comparable. Only `valid` runs are considered."""
    newest = _fetch_newest_valid(endpoint, method)
    results = {side.id: result for side, result in newest}
    ranked_runs, unranked_runs = rank([side for side, _ in newest])
    ranked = [RankedResult(run.tier, run.text, results[run.id]) for run in ranked_runs]
    return ranked, [UnrankedResult(run.reasons, results[run.id]) for run in unranked_runs]


def _fetch_newest_valid(endpoint: str, method: str) -> list[tuple[Side, Result]]:
    """Of each framework; newest first."""
    filters = {"endpoint": endpoint, "method": method, "validity": Validity.VALID}
    newest: list[tuple[Side, Result]] = []
    for name in list_frameworks():
        rows = with_trials(without_sweeps(completed_runs({**filters, "framework": name})))
        newest += filter(None, read_rows(rows[:1], lambda run: (to_side(run), to_result(run))))
    return sorted(newest, key=lambda pair: pair[1].timestamp, reverse=True)

"""Ranks the frameworks on one endpoint by the newest valid run of each. [io: database]"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from benchmarks.analysis.tiers import rank
from benchmarks.history.queries import completed_runs, list_frameworks
from benchmarks.history.results import Result, to_result
from benchmarks.history.run_side import to_side, with_trials
from benchmarks.models import Run, Validity


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
    runs = {str(run.pk): run for run in _fetch_newest_valid(endpoint, method)}
    ranked_runs, unranked_runs = rank([to_side(run) for run in runs.values()])
    ranked = [RankedResult(run.tier, run.text, to_result(runs[run.id])) for run in ranked_runs]
    return ranked, [UnrankedResult(run.reasons, to_result(runs[run.id])) for run in unranked_runs]


def _fetch_newest_valid(endpoint: str, method: str) -> list[Run]:
    filters = {"endpoint": endpoint, "method": method, "validity": Validity.VALID}
    newest = [with_trials(completed_runs({**filters, "framework": name})).first() for name in list_frameworks()]
    return sorted((run for run in newest if run), key=lambda run: run.at, reverse=True)

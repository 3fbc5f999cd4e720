"""The frameworks on one endpoint, ranked by the newest valid run of each."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.analysis.tiers import rank
from benchmarks.history.queries import frameworks, results
from benchmarks.history.results import Result, result
from benchmarks.history.run_side import side, with_light_trials
from benchmarks.models import Run, Validity


@dataclass(frozen=True, slots=True)
class Ranked:
    tier: int
    text: str
    result: Result


@dataclass(frozen=True, slots=True)
class Unranked:
    reasons: tuple[str, ...]
    result: Result


def ranking(endpoint: str, method: str) -> tuple[list[Ranked], list[Unranked]]:
    """Fastest first; runs that are not `valid` are left out, those under other conditions are told apart."""
    runs = {str(run.pk): run for run in _newest_valid(endpoint, method)}
    places, unplaced = rank([side(run) for run in runs.values()])
    ranked = [Ranked(place.tier, place.text, result(runs[place.id])) for place in places]
    return ranked, [Unranked(each.reasons, result(runs[each.id])) for each in unplaced]


def _newest_valid(endpoint: str, method: str) -> list[Run]:
    wanted = {"endpoint": endpoint, "method": method, "validity": Validity.VALID}
    found = [with_light_trials(results({**wanted, "framework": name})).first() for name in frameworks()]
    return sorted((run for run in found if run), key=lambda run: run.at, reverse=True)

"""Runs of one endpoint in places that are shared where no difference between them is shown. [pure]

The fastest by the median of its trials leads the first tier. Each slower one is held against the leader of the tier so
far by requests/s alone: it opens the next tier once it is shown to be slower (exact Mann-Whitney below 5 %, and the
interval of the Hodges-Lehmann ratio not within 5 %), else it shares the tier. The tests are not adjusted for the number
of runs: a tier is a place, and a claim about two runs is `compare`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.analysis import comparison
from benchmarks.analysis.comparison import METRICS, Side, Verdict

RATE = METRICS[0].name
SLOWER = (Verdict.WORSE, Verdict.SLIGHTLY_WORSE)


@dataclass(frozen=True, slots=True)
class Place:
    """`tier` counts from 1; `text`: against the leader of its tier, or of the one before where it leads itself."""

    id: str
    tier: int
    text: str


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A run that cannot be ranked with the others, and why."""

    id: str
    reasons: tuple[str, ...]


def placed(newest_first: Sequence[Side]) -> tuple[list[Place], list[Unplaced]]:
    """The newest run that can be compared sets the conditions; what was measured under others has no place."""
    sides = [replace(side, values={RATE: side.values.get(RATE, ())}) for side in newest_first]
    reference = next((side for side in sides if not comparison.compare(side, side).reasons), None)
    alike, unplaced = [], []
    for side in sides:
        reasons = comparison.compare(reference or side, side).reasons
        if reasons:
            unplaced.append(Unplaced(side.id, tuple(dict.fromkeys(reasons))))
        else:
            alike.append(side)
    return _tiers(sorted(alike, key=lambda side: -median(side.values[RATE]))), unplaced


def _tiers(fastest_first: Sequence[Side]) -> list[Place]:
    places: list[Place] = []
    tier = 0
    leader: Side | None = None
    for side in fastest_first:
        found = comparison.compare(leader, side) if leader else None
        if found is None or found.verdict in SLOWER:
            tier, leader = tier + 1, side
        places.append(Place(side.id, tier, found.text if found else ""))
    return places

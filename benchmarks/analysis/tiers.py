"""Ranks runs of one endpoint in tiers: runs without a demonstrated difference share one. [pure]

The fastest run by the median of its trials leads the first tier. Each slower one is compared with the leader of the
current tier by requests/s alone: it opens the next tier if shown to be slower (exact Mann-Whitney below 5 %, and the
interval of the Hodges-Lehmann ratio not within 5 %), else it joins the tier. The tests are not adjusted for the number
of runs: a tier is only a position, and claims about two runs are left to `compare`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.analysis import comparison
from benchmarks.analysis.comparison import METRICS, Side, Verdict

RATE_METRIC = METRICS[0].name
SLOWER = (Verdict.WORSE, Verdict.SLIGHTLY_WORSE)


@dataclass(frozen=True, slots=True)
class RankedRun:
    """`tier` counts from 1; `text`: comparison with the leader of its tier, or for a leader with the previous one."""

    id: str
    tier: int
    text: str


@dataclass(frozen=True, slots=True)
class UnrankedRun:
    """A run that cannot be ranked with the others."""

    id: str
    reasons: tuple[str, ...]


def rank(newest_first: Sequence[Side]) -> tuple[list[RankedRun], list[UnrankedRun]]:
    """The newest comparable run sets the conditions; runs measured under other conditions stay unranked."""
    sides = [replace(side, values={RATE_METRIC: side.values.get(RATE_METRIC, ())}) for side in newest_first]
    reference = next((side for side in sides if not comparison.compare(side, side).reasons), None)
    comparable, unranked = [], []
    for side in sides:
        reasons = comparison.compare(reference or side, side).reasons
        if reasons:
            unranked.append(UnrankedRun(side.id, tuple(dict.fromkeys(reasons))))
        else:
            comparable.append(side)
    return _assign_tiers(sorted(comparable, key=lambda side: -median(side.values[RATE_METRIC]))), unranked


def _assign_tiers(fastest_first: Sequence[Side]) -> list[RankedRun]:
    ranked: list[RankedRun] = []
    tier = 0
    leader: Side | None = None
    for side in fastest_first:
        result = comparison.compare(leader, side) if leader else None
        if result is None or result.verdict in SLOWER:
            tier, leader = tier + 1, side
        ranked.append(RankedRun(side.id, tier, result.text if result else ""))
    return ranked

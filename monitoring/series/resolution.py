"""The tiers of the history, and which of them answers a query. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class Tier:
    """`step_s`: length of an interval; `kept_s`: how long its points are kept; `block_s`: time that a block spans."""

    step_s: int
    kept_s: int
    block_s: int


FINE = Tier(10, DAY_S, HOUR_S)
MEDIUM = Tier(60, 14 * DAY_S, DAY_S)
COARSE = Tier(600, 366 * DAY_S, 10 * DAY_S)
HOURLY = Tier(HOUR_S, COARSE.kept_s, COARSE.block_s)  # besides COARSE: a year is read in a third of the time
TIERS = (FINE, MEDIUM, COARSE, HOURLY)
EXCESS = 1.3  # an interval may be so many times as long as requested


@dataclass(frozen=True, slots=True)
class Resolution:
    """Points of `tier`, `factor` of which are combined."""

    tier: Tier
    factor: int

    @property
    def seconds(self) -> int:
        return self.tier.step_s * self.factor


def choose(from_s: float, to_s: float, points: int, now_s: float) -> Resolution:
    """The coarsest tier that gives about as many points as requested, of those that still hold the beginning; else the
    finest of these."""
    requested_s = max(1.0, (to_s - from_s) / points)
    holding = [tier for tier in TIERS if from_s >= now_s - tier.kept_s] or [COARSE]
    choices = [Resolution(tier, max(1, -int(-requested_s // tier.step_s))) for tier in holding]
    close = [choice for choice in choices if choice.seconds <= EXCESS * requested_s]
    return close[-1] if close else choices[0]

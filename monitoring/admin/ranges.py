"""Ranges of time of the charts: the chosen one up to now or to the end of an instance, or the hour around an exit.
[pure]
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitoring.series.resolution import DAY_S, HOUR_S

RANGES = {"1h": ("1 h", HOUR_S), "1d": ("1 d", DAY_S), "14d": ("14 d", 14 * DAY_S), "1y": ("1 y", 365 * DAY_S)}
DEFAULT = "1d"
PARAMETER = "range"
FIRST_YEAR, LAST_YEAR = 1971, 9998  # a row may hold any time; a year is subtracted or added


@dataclass(frozen=True, slots=True)
class Window:
    """Unix seconds."""

    from_s: float
    to_s: float


def is_usable(at: datetime | None) -> bool:
    """Whether there can be a history around a time that was read from the database."""
    return at is not None and FIRST_YEAR <= at.year <= LAST_YEAR


def up_to_end(name: str, gone_at: datetime | None, now_s: float) -> Window:
    """The range called `name` before the end of an instance, or before now. Raises KeyError."""
    to_s = gone_at.timestamp() if gone_at is not None and is_usable(gone_at) else now_s
    return Window(to_s - RANGES[name][1], to_s)


def around_exit(at: datetime, now_s: float) -> Window:
    """The hour around an exit; of one that was less than half an hour ago, the last hour."""
    at_s = at.timestamp()
    to_s = min(at_s + HOUR_S / 2, max(now_s, at_s))
    return Window(to_s - HOUR_S, to_s)

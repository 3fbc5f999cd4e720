"""Totals over the whole history, updated incrementally: a million rows are not read per request. [io: database]"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from benchmarks.models import Run, RunState, Validity


@dataclass(frozen=True, slots=True)
class FrameworkTotals:
    """Totals of one framework over results that are not invalid. `latency_sum` covers `timed` results."""

    count: int
    rate_sum: float
    rate_max: float | None
    rate_min: float | None
    latency_sum: float
    timed: int

    def combined_with(self, other: FrameworkTotals) -> FrameworkTotals:
        return FrameworkTotals(
            self.count + other.count,
            self.rate_sum + other.rate_sum,
            _extreme(max, self.rate_max, other.rate_max),
            _extreme(min, self.rate_min, other.rate_min),
            self.latency_sum + other.latency_sum,
            self.timed + other.timed,
        )


def _extreme(choose: Any, left: float | None, right: float | None) -> float | None:
    present = [value for value in (left, right) if value is not None]
    return choose(present) if present else None


@dataclass(frozen=True, slots=True)
class HistoryTotals:
    """`count`: all results, including invalid ones, recorded up to and including `until`."""

    database: str
    count: int
    until: datetime | None
    by_framework: dict[str, FrameworkTotals]


# SQLite stores any type in any column; there, text is greater than every number.
IS_NUMBER = Q(req_per_sec__lte=sys.float_info.max)

_cached: HistoryTotals | None = None
_lock = threading.Lock()


def fetch_totals() -> HistoryTotals:
    """Current totals. Recomputed in full when the count does not match, i.e. rows were deleted or changed."""
    global _cached
    with _lock:
        database = str(settings.DATABASES["default"]["NAME"])
        rows = Run.objects.filter(state=RunState.DONE).order_by()
        count, until = rows.count(), rows.aggregate(until=Max("recorded_at"))["until"]
        cached = _cached if _cached and _cached.database == database else None
        if cached and (cached.count, cached.until) == (count, until):
            return cached
        new = _totals_since(rows, cached) if cached and cached.until else None
        if cached and new and cached.count + new.count == count:
            merged = dict(cached.by_framework)
            for name, total in new.by_framework.items():
                merged[name] = merged[name].combined_with(total) if name in merged else total
            _cached = HistoryTotals(database, count, until, merged)
        else:
            _cached = HistoryTotals(database, count, until, _sum_by_framework(rows))
        return _cached


def _totals_since(rows: QuerySet[Run], cached: HistoryTotals) -> HistoryTotals:
    newer = rows.filter(recorded_at__gt=cached.until)
    return HistoryTotals(cached.database, newer.count(), None, _sum_by_framework(newer))


def _sum_by_framework(rows: QuerySet[Run]) -> dict[str, FrameworkTotals]:
    sums = (
        rows.exclude(validity=Validity.INVALID)
        .values("framework")
        .annotate(
            count=Count("id"),
            rate_sum=Sum("req_per_sec"),
            rate_max=Max("req_per_sec", filter=IS_NUMBER),
            rate_min=Min("req_per_sec", filter=IS_NUMBER),
            latency_sum=Sum("avg_latency_ms"),
            timed=Count("avg_latency_ms"),
        )
    )
    return {
        row["framework"]: FrameworkTotals(
            row["count"],
            row["rate_sum"] or 0.0,
            row["rate_max"],
            row["rate_min"],
            row["latency_sum"] or 0.0,
            row["timed"],
        )
        for row in sums.order_by("framework")
    }

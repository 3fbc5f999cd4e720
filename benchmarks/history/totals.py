"""Sums over the whole history, carried on from what is new: a million rows are not read for every question."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, QuerySet, Sum

from benchmarks.models import Run, RunState, Validity


@dataclass(frozen=True, slots=True)
class Total:
    """Of one framework: results that are not invalid. Latency sums count `timed` results."""

    count: int
    rate_sum: float
    rate_max: float | None
    rate_min: float | None
    latency_sum: float
    timed: int

    def with_(self, other: Total) -> Total:
        return Total(
            self.count + other.count,
            self.rate_sum + other.rate_sum,
            _extreme(max, self.rate_max, other.rate_max),
            _extreme(min, self.rate_min, other.rate_min),
            self.latency_sum + other.latency_sum,
            self.timed + other.timed,
        )


def _extreme(choose: Any, left: float | None, right: float | None) -> float | None:
    there = [value for value in (left, right) if value is not None]
    return choose(there) if there else None


@dataclass(frozen=True, slots=True)
class Totals:
    """`count`: all results, invalid ones too, up to and with those recorded at `until`."""

    database: str
    count: int
    until: datetime | None
    by_framework: dict[str, Total]


_known: Totals | None = None
_lock = threading.Lock()


def totals() -> Totals:
    """The sums now. What was deleted or changed since shows in the count, and everything is read again."""
    global _known
    with _lock:
        database = str(settings.DATABASES["default"]["NAME"])
        rows = Run.objects.filter(state=RunState.DONE).order_by()
        count, until = rows.count(), rows.aggregate(until=Max("recorded_at"))["until"]
        known = _known if _known and _known.database == database else None
        if known and (known.count, known.until) == (count, until):
            return known
        added = _added(rows, known) if known and known.until else None
        if known and added and known.count + added.count == count:
            merged = dict(known.by_framework)
            for name, total in added.by_framework.items():
                merged[name] = merged[name].with_(total) if name in merged else total
            _known = Totals(database, count, until, merged)
        else:
            _known = Totals(database, count, until, _summed(rows))
        return _known


def _added(rows: QuerySet[Run], known: Totals) -> Totals:
    newer = rows.filter(recorded_at__gt=known.until)
    return Totals(known.database, newer.count(), None, _summed(newer))


def _summed(rows: QuerySet[Run]) -> dict[str, Total]:
    sums = (
        rows.exclude(validity=Validity.INVALID)
        .values("framework")
        .annotate(
            count=Count("id"),
            rate_sum=Sum("req_per_sec"),
            rate_max=Max("req_per_sec"),
            rate_min=Min("req_per_sec"),
            latency_sum=Sum("avg_latency_ms"),
            timed=Count("avg_latency_ms"),
        )
    )
    return {
        row["framework"]: Total(
            row["count"],
            row["rate_sum"] or 0.0,
            row["rate_max"],
            row["rate_min"],
            row["latency_sum"] or 0.0,
            row["timed"],
        )
        for row in sums.order_by("framework")
    }

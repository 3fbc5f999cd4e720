"""Totals over the whole history, updated incrementally: a million rows are not read per request. [io: database]"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.db.models.signals import post_delete
from django.dispatch import receiver

from benchmarks.history.completed import FILTERS, completed_runs
from benchmarks.models import END_OF_TIME, Run, RunState, Validity

log = structlog.get_logger("benchmarks")

KEYS = ("framework", "endpoint", "method", "validity")
KindAndValidity = tuple[str, str, str, str]  # the values of KEYS
# Rows that another server has deleted are noticed by counting all, at most for this share of the time.
COUNTING_SHARE = 1 / 500
MAX_COUNTS = 100
# SQLite stores any type in any column; there, text is greater than every number.
IS_NUMBER = Q(req_per_sec__lte=sys.float_info.max)


@dataclass(frozen=True, slots=True)
class RunTotals:
    """`latency_sum` covers `timed` results."""

    count: int = 0
    rate_sum: float = 0.0
    rate_max: float | None = None
    rate_min: float | None = None
    latency_sum: float = 0.0
    timed: int = 0

    def combined_with(self, other: RunTotals) -> RunTotals:
        return RunTotals(
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
    """Totals of the rows recorded until `until`, `count_at` of them exactly then."""

    database: str
    until: datetime | None
    count_at: int
    by_kind: Mapping[KindAndValidity, RunTotals]
    counts: dict[tuple[Any, ...], int] = field(default_factory=dict)  # by filters with a time, which need a query

    @property
    def count(self) -> int:
        """Of all results, including invalid ones."""
        return sum(total.count for total in self.by_kind.values())

    def by_framework(self) -> dict[str, RunTotals]:
        """Of the results that are not invalid."""
        totals: dict[str, RunTotals] = {}
        for (framework, _, _, validity), total in self.by_kind.items():
            if validity != Validity.INVALID:
                totals[framework] = totals.get(framework, RunTotals()).combined_with(total)
        return totals

    def kinds(self) -> list[tuple[str, str, str]]:
        """Every framework, endpoint and method of the history."""
        return sorted({(framework, endpoint, method) for framework, endpoint, method, _ in self.by_kind})


_cached: HistoryTotals | None = None
_deleted: list[tuple[KindAndValidity, datetime]] = []  # kind and time of recording of rows deleted since `_cached`
_counted_at_s = _counting_s = 0.0
_lock = threading.Lock()


def forget() -> None:
    """Recompute everything at the next call: rows were deleted without signals."""
    global _cached
    with _lock:
        _cached = None


def prepare() -> None:
    """Compute the totals in a thread, before the first request for them: a million rows take seconds."""
    threading.Thread(target=_fetch_and_close, name="totals", daemon=True).start()


def _fetch_and_close() -> None:
    try:
        fetch_totals()
    except (DatabaseError, InterfaceError) as error:  # the first request tries again
        log.warning("the totals of the history cannot be computed", error=str(error))
    finally:
        connection.close()


@receiver(post_delete, sender=Run)
def _note_deleted(instance: Run, **more: Any) -> None:
    deleted = (instance.framework, instance.endpoint, instance.method, instance.validity), instance.recorded_at
    _deleted.append(deleted)
    transaction.on_commit(lambda: _deleted.append((deleted[0], datetime.min)))  # others see it from now on


def fetch_totals() -> HistoryTotals:
    """Current totals, by a few short queries. Recomputed in full when rows have vanished unnoticed."""
    global _cached, _counted_at_s, _counting_s
    with _lock:
        _cached = _update(_cached) or _compute_all()
        started_s = time.monotonic()
        if started_s - _counted_at_s > _counting_s / COUNTING_SHARE:
            if Run.objects.filter(state=RunState.DONE).count() != _cached.count:
                _cached = _compute_all()
            _counted_at_s = time.monotonic()
            _counting_s = _counted_at_s - started_s
        return _cached


def count_runs(filters: Mapping[str, Any]) -> int:
    """The number of completed runs; `filters` as for `completed_runs`."""
    totals = fetch_totals()
    used = {name: filters[name] for name in (*FILTERS, "search") if name in filters}
    if used.keys() <= set(KEYS):
        return sum(
            total.count
            for key, total in totals.by_kind.items()
            if all(value == key[KEYS.index(name)] for name, value in used.items())
        )
    key = tuple(used.items())
    if key not in totals.counts:
        if len(totals.counts) >= MAX_COUNTS:
            totals.counts.clear()
        totals.counts[key] = completed_runs(used).order_by().count()
    return totals.counts[key]


def _update(cached: HistoryTotals | None) -> HistoryTotals | None:
    """The totals with what was added and deleted since; None if they have to be recomputed."""
    deleted = [_deleted.pop() for _ in range(len(_deleted))]
    until, count_at = _newest()
    if cached is None or cached.database != _database() or cached.until is None:
        return None
    if (until, count_at) == (cached.until, cached.count_at) and not deleted:
        return cached
    expected_at = cached.count_at - sum(recorded_at == cached.until for _, recorded_at in deleted)
    if completed_runs().filter(recorded_at=cached.until).count() != expected_at:
        return None
    rows = completed_runs()
    totals = dict(cached.by_kind)
    for key, added in _sum_by_kind(rows.filter(recorded_at__gt=cached.until)).items():
        totals[key] = totals.get(key, RunTotals()).combined_with(added)
    for key in {key for key, _ in deleted}:
        totals[key] = _sum_by_kind(rows.filter(**dict(zip(KEYS, key, strict=True)))).get(key, RunTotals())
    remaining = {key: total for key, total in totals.items() if total.count}
    return HistoryTotals(cached.database, until, count_at, remaining)


def _compute_all() -> HistoryTotals:
    until, count_at = _newest()
    return HistoryTotals(_database(), until, count_at, _sum_by_kind(completed_runs()))


def _newest() -> tuple[datetime | None, int]:
    """The newest time of recording, and the number of rows recorded then."""
    recorded = completed_runs().filter(recorded_at__lte=END_OF_TIME).order_by("-recorded_at")
    until = recorded.values_list("recorded_at", flat=True).first()
    return until, completed_runs().filter(recorded_at=until).count() if until else 0


def _database() -> str:
    return str(settings.DATABASES["default"]["NAME"])


def _sum_by_kind(rows: QuerySet[Run]) -> dict[KindAndValidity, RunTotals]:
    sums = rows.values(*KEYS).annotate(
        count=Count("id"),
        rate_sum=Sum("req_per_sec"),
        rate_max=Max("req_per_sec", filter=IS_NUMBER),
        rate_min=Min("req_per_sec", filter=IS_NUMBER),
        latency_sum=Sum("avg_latency_ms"),
        timed=Count("avg_latency_ms"),
    )
    totals: dict[KindAndValidity, RunTotals] = {}
    for row in sums.order_by():
        key = row["framework"], row["endpoint"], row["method"], row["validity"]
        total = RunTotals(
            row["count"], row["rate_sum"] or 0.0, row["rate_max"], row["rate_min"], row["latency_sum"] or 0.0,
            row["timed"],
        )  # fmt: skip
        # Text that is not UTF-8, and bytes, may be read as the text of another group.
        totals[key] = totals.get(key, RunTotals()).combined_with(total)
    return totals

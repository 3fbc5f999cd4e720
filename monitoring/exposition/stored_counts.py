"""What a scrape needs from the database: exits, restarts of deleted instances, runs. [io: database]

Read on the thread of the request, every few seconds at most; while the database cannot be read, the previous counts are
as good as any, for they only grow.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import Count

from benchmarks.history import queries, totals
from benchmarks.history.results import Result
from benchmarks.history.totals import HistoryTotals
from benchmarks.models import ACTIVE, Run, RunState, Validity, unfinished_runs
from monitoring.exposition.pm2_series import MAX_PROCESSES, ExitCounts
from monitoring.exposition.run_series import LastRun, RunFigures, RunKinds
from monitoring.models import RunCount
from pm2.daemon.process import Key
from pm2.exits.classify import Cause
from pm2.instance_tracking import lasting_counts

log = structlog.get_logger("monitoring.exposition")

REFRESH_S = 2.0
NOT_DONE = (RunState.FAILED, RunState.CANCELLED, RunState.INTERRUPTED)
UNJUDGED = "none"  # the validity of a run that did not finish
KINDS = tuple((RunState.DONE.value, validity.value) for validity in Validity) + tuple(
    (state.value, UNJUDGED) for state in NOT_DONE
)


@dataclass(frozen=True, slots=True)
class StoredCounts:
    """`is_current`: read just now, or a few seconds ago; otherwise the database could not be read since."""

    exits: ExitCounts
    restarts_of_deleted: Mapping[Key, int]
    runs: RunFigures
    is_current: bool = True


class StoredCountsReader:
    """Reads them for all scrapes. Thread-safe: a second thread waits for what the first reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: StoredCounts | None = None
        self._listed: tuple[frozenset[str], frozenset[str]] = frozenset(), frozenset()
        self._read_s = float("-inf")
        self._totals: HistoryTotals | None = None
        self._last: list[LastRun] = []

    def read(self, names: Collection[str], tokens: Collection[str]) -> StoredCounts | None:
        """`names`: of the listed apps, as they are stored; `tokens`: of their instances. None if the database could not
        be read yet."""
        listed = frozenset(names), frozenset(tokens)
        with self._lock:
            is_fresh = time.monotonic() - self._read_s < REFRESH_S and listed == self._listed
            if self._counts is None or not is_fresh:
                self._refresh(listed)
            return self._counts

    def _refresh(self, listed: tuple[frozenset[str], frozenset[str]]) -> None:
        names, tokens = listed
        try:
            self._counts = StoredCounts(
                lasting_counts.load_exit_counts(names, MAX_PROCESSES * len(Cause)),
                lasting_counts.load_restarts_of_deleted(names, tokens),
                self._read_runs(),
            )
            self._listed, self._read_s = listed, time.monotonic()
        except (DatabaseError, InterfaceError, OSError) as error:
            log.warning("the counts for /metrics cannot be read", error=str(error))
            if self._counts:
                counts = self._counts
                self._counts = StoredCounts(counts.exits, counts.restarts_of_deleted, counts.runs, is_current=False)

    def _read_runs(self) -> RunFigures:
        history = totals.fetch_totals()
        if history is not self._totals:
            newest = sorted(queries.fetch_latest_by_framework().values(), key=lambda one: one.timestamp, reverse=True)
            self._last, self._totals = [_last_run(result) for result in newest], history
        unfinished = list(unfinished_runs().values_list("state", flat=True))
        active = sum(state in ACTIVE for state in unfinished)
        return RunFigures(_keep_count(_count_runs(history)), len(unfinished) - active, active, tuple(self._last))


def _count_runs(history: HistoryTotals) -> dict[tuple[str, str], int]:
    """Stored runs by state and validity."""
    counts = dict.fromkeys(KINDS, 0)
    for (_, _, _, validity), total in history.by_kind.items():
        if (RunState.DONE.value, validity) in counts:
            counts[RunState.DONE.value, validity] += total.count
    rows = Run.objects.filter(state__in=NOT_DONE).order_by().values_list("state").annotate(Count("pk"))
    return counts | {(state, UNJUDGED): count for state, count in rows}


def _keep_count(stored: Mapping[tuple[str, str], int]) -> RunKinds:
    """The stored runs with those that were removed since they were counted first."""
    known = {(row.state, row.validity): row for row in RunCount.objects.all()}
    if any(kind not in known or known[kind].stored != count for kind, count in stored.items()):
        with transaction.atomic():
            known = {(row.state, row.validity): row for row in RunCount.objects.select_for_update()}
            for (state, validity), count in stored.items():
                row = known.setdefault((state, validity), RunCount(state=state, validity=validity))
                row.removed += max(0, row.stored - count)
                row.stored = count
                row.save()
    return {kind: known[kind].stored + known[kind].removed for kind in stored}


def _last_run(result: Result) -> LastRun:
    return LastRun(
        framework=result.framework,
        endpoint=result.endpoint,
        method=result.method,
        at=result.timestamp,
        rate=result.req_per_sec,
        low=result.req_per_sec_low,
        high=result.req_per_sec_high,
        is_valid=result.validity == Validity.VALID,
        cpu_micros=result.cpu_micros_per_request,
        budget=result.budget.met if result.budget else None,
    )

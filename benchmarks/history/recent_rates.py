"""Newest rates of runs of one kind, i.e. the same framework, endpoint and method. [io: database]"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from benchmarks.errors import RunUnreadable
from benchmarks.history.queries import completed_runs
from benchmarks.history.readable_rows import read_rows
from benchmarks.models import Run, Validity

SPARKLINE_POINTS = 20
HISTORY_POINTS = 500

RunKind = tuple[str, str, str]


def kind_of(run: Run) -> RunKind:
    return run.framework, run.endpoint, run.method


def fetch_newest(kind: RunKind) -> list[Run]:
    """At most HISTORY_POINTS runs that have a rate, oldest first, without large columns."""
    rows = completed_runs(dict(zip(("framework", "endpoint", "method"), kind, strict=True)))
    summary_rows = rows.only("id", "at", "req_per_sec", "req_per_sec_low", "req_per_sec_high", "validity")
    read = read_rows(summary_rows.exclude(req_per_sec=None)[:HISTORY_POINTS], with_rate)
    return [run for run in read if run is not None][::-1]


def with_rate(run: Run) -> Run:
    """The row itself, if it can be a point of a chart. Raises RunUnreadable."""
    if not isinstance(run.at, datetime):
        raise RunUnreadable(run.pk, "at", run.at)
    if not isinstance(run.req_per_sec, (int, float)):
        raise RunUnreadable(run.pk, "req_per_sec", run.req_per_sec)
    return run


def fetch_rates(kinds: Iterable[RunKind]) -> dict[RunKind, list[float]]:
    """Newest rates of each kind, oldest first, without invalid runs: one query, a short index scan per kind."""
    unique_kinds = list(dict.fromkeys(kinds))
    rates: dict[RunKind, list[float]] = {kind: [] for kind in unique_kinds}
    selects: list[str] = []
    parameters: list[Any] = []
    for index, kind in enumerate(unique_kinds):
        rows = completed_runs(dict(zip(("framework", "endpoint", "method"), kind, strict=True)))
        newest = rows.exclude(validity=Validity.INVALID).exclude(req_per_sec=None)[:SPARKLINE_POINTS]
        sql, sql_parameters = newest.values_list(
            "framework", "endpoint", "method", "req_per_sec"
        ).query.sql_with_params()
        selects.append(f"SELECT * FROM ({sql}) AS kind_{index}")  # noqa: S608 - Django's own SQL; values are parameters
        parameters += sql_parameters
    if selects:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(selects), parameters)
            for framework, endpoint, method, rate in cursor.fetchall():
                if isinstance(rate, (int, float)):  # SQLite stores any type in any column
                    rates[framework, endpoint, method].insert(0, rate)
    return rates

"""The newest rates of runs of one kind: same framework, endpoint and method. [io: database]"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection

from benchmarks.history.queries import results
from benchmarks.models import Run, Validity

SPARK_POINTS = 20
HISTORY_POINTS = 500

Kind = tuple[str, str, str]


def kind(run: Run) -> Kind:
    return run.framework, run.endpoint, run.method


def newest(wanted: Kind) -> list[Run]:
    """At most HISTORY_POINTS runs with a rate, oldest first, without what is large."""
    rows = results(dict(zip(("framework", "endpoint", "method"), wanted, strict=True)))
    light = rows.only("id", "at", "req_per_sec", "req_per_sec_low", "req_per_sec_high", "validity")
    return list(light.exclude(req_per_sec=None)[:HISTORY_POINTS])[::-1]


def rates(kinds: Iterable[Kind]) -> dict[Kind, list[float]]:
    """The newest rates of each kind, oldest first, without invalid runs: one query, a few steps in the index each."""
    wanted = list(dict.fromkeys(kinds))
    found: dict[Kind, list[float]] = {each: [] for each in wanted}
    parts: list[str] = []
    values: list[Any] = []
    for place, each in enumerate(wanted):
        rows = results(dict(zip(("framework", "endpoint", "method"), each, strict=True)))
        part = rows.exclude(validity=Validity.INVALID).exclude(req_per_sec=None)[:SPARK_POINTS]
        sql, given = part.values_list("framework", "endpoint", "method", "req_per_sec").query.sql_with_params()
        parts.append(f"SELECT * FROM ({sql}) AS kind_{place}")  # noqa: S608 - Django's own SQL; values are parameters
        values += given
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), values)
            for framework, endpoint, method, rate in cursor.fetchall():
                found[framework, endpoint, method].insert(0, rate)
    return found

"""The runs that make up the history: in state `done`, newest first. [io: database]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from benchmarks.errors import RunUnreadable
from benchmarks.generators.scenario import SWEEP
from benchmarks.models import END_OF_TIME, NOT_DONE, Run
from system.stored_times import is_time

Position = tuple[datetime, UUID]  # of a run in the order of the history: newest first, then by id
RunKind = tuple[str, str, str]  # framework, endpoint, method
KIND = ("framework", "endpoint", "method")
MAX_KINDS = 200  # in one query; SQLite joins at most 500 by UNION
SEARCHED = ("framework", "method", "endpoint", "label")
SEARCHED_RUNS = 20_000  # a search reads at most these
FILTERS = {
    "framework": "framework",
    "endpoint": "endpoint",
    "method": "method",
    "validity": "validity",
    "since": "at__gte",
    "until": "at__lt",
}


def completed_runs(filters: Mapping[str, Any] | None = None) -> QuerySet[Run]:
    """`filters`: values by the keys of FILTERS, and `search`; others are ignored."""
    given = filters or {}
    conditions = {FILTERS[name]: value for name, value in given.items() if name in FILTERS}
    # Two conditions are for SQLite's planner. Without statistics it expects few rows with `state = "done"`, finds them
    # by an index, and sorts them. Without a limit of the time, it may sort the table instead of following the index.
    rows = Run.objects.filter(at__lte=END_OF_TIME, **conditions).exclude(state__in=NOT_DONE).order_by("-at", "-id")
    return _containing(rows, given["search"]) if given.get("search") else rows


def _containing(rows: QuerySet[Run], text: str) -> QuerySet[Run]:
    """The rows with each word of `text` in a column of SEARCHED. No index helps, so only the newest are read, however
    many exist."""
    oldest = completed_runs().values_list("at", flat=True)[SEARCHED_RUNS : SEARCHED_RUNS + 1].first()
    if oldest is not None:
        rows = rows.filter(at__gt=oldest)
    for word in text.split():
        rows = rows.filter(reduce(or_, (Q(**{f"{column}__icontains": word}) for column in SEARCHED)))
    return rows


def without_sweeps(rows: QuerySet[Run]) -> QuerySet[Run]:
    """Those whose rates can be compared: that of a sweep is not what was answered to as many requests as possible."""
    return rows.exclude(profile=SWEEP)


def position_of(run: Run) -> Position:
    """Raises RunUnreadable."""
    if not is_time(run.at):
        raise RunUnreadable(run.pk, "at", "no time")
    if not isinstance(run.id, UUID):
        raise RunUnreadable(run.pk, "id", "no id")
    return run.at, run.id


def rows_after(rows: QuerySet[Run], position: Position | None) -> QuerySet[Run]:
    """The rows after a position; an index leads to the first of them."""
    if position is None:
        return rows
    at, run_id = position
    return rows.filter(Q(at__lt=at) | Q(id__lt=run_id), at__lte=at)


def newest_of_kinds(
    rows: QuerySet[Run], kinds: Sequence[RunKind], columns: Sequence[str], count: int
) -> list[tuple[Any, ...]]:
    """`columns` of the newest `count` of `rows` of each kind, as the database returns them.

    One query for many kinds, with a short index scan for each.
    """
    # Django takes longer to write the SQL than the database to answer: so it is written once, with names as values.
    values = rows.filter(**dict(zip(KIND, KIND, strict=True))).values_list(*columns)[:count]
    sql, names = values.query.sql_with_params()
    fetched: list[tuple[Any, ...]] = []
    for start in range(0, len(kinds), MAX_KINDS):
        part = kinds[start : start + MAX_KINDS]
        selects = [f"SELECT * FROM ({sql}) AS kind_{number}" for number in range(len(part))]  # noqa: S608 - Django's SQL
        parameters = [dict(zip(KIND, kind, strict=True)).get(name, name) for kind in part for name in names]
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(selects), parameters)
            fetched += cursor.fetchall()
    return fetched


def kind_of(run: Run) -> RunKind:
    return run.framework, run.endpoint, run.method

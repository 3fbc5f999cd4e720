"""Queries of the history: filters, pages, newest by framework, statistics; and adding a result. [io: database]"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q, QuerySet

from benchmarks.errors import InvalidCursor, RunsUnreadable, RunUnreadable
from benchmarks.history.readable_rows import read_results, read_rows
from benchmarks.history.results import Result, to_result
from benchmarks.history.submission import without_details
from benchmarks.models import Run, RunState, Source, Trial
from system.lib.storable_json import storable_json

T = TypeVar("T")
Position = tuple[datetime, UUID]  # in the order of the history: newest first, then by id
CHUNK_SIZE = 500
FILTERS = {
    "framework": "framework",
    "endpoint": "endpoint",
    "method": "method",
    "validity": "validity",
    "since": "at__gte",
    "until": "at__lt",
}


def completed_runs(filters: Mapping[str, Any] | None = None) -> QuerySet[Run]:
    """Runs in state `done`, newest first; `filters`: values by the keys of FILTERS, others are ignored."""
    conditions = {FILTERS[name]: value for name, value in (filters or {}).items() if name in FILTERS}
    return Run.objects.filter(state=RunState.DONE, **conditions).order_by("-at", "-id")


def iter_chunks(rows: QuerySet[Run], convert: Callable[[Run], T] = to_result) -> Iterator[list[T]]:  # type: ignore[assignment]
    """Iterate over `rows` with one chunk in memory. Each chunk is a separate query, so no transaction stays open.

    Rows that cannot be read are left out. Raises RunsUnreadable where no row of a chunk can be read.
    """
    position: Position | None = None
    while True:
        read = read_rows(rows_after(rows, position)[:CHUNK_SIZE], lambda run: (position_of(run), convert(run)))
        chunk = [item for item in read if item is not None]
        if chunk:
            yield [value for _, value in chunk]
            position = chunk[-1][0]
        if len(read) < CHUNK_SIZE:
            return
        if not chunk:
            raise RunsUnreadable(CHUNK_SIZE)


def position_of(run: Run) -> Position:
    """Raises RunUnreadable."""
    if not isinstance(run.at, datetime):
        raise RunUnreadable(run.pk, "at", run.at)
    return run.at, run.id


def fetch_latest(count: int) -> list[Result]:
    """The newest results."""
    return read_results(completed_runs()[:count])


def rows_after(rows: QuerySet[Run], position: Position | None) -> QuerySet[Run]:
    """Rows after the position (time, id), newest first."""
    if position is None:
        return rows
    at, run_id = position
    return rows.filter(Q(at__lt=at) | Q(at=at, id__lt=run_id))


def fetch_page(filters: Mapping[str, Any], limit: int, cursor: str) -> tuple[list[Result], int, str | None]:
    """Results of one page, total number of rows, cursor of the next page. Raises InvalidCursor."""
    rows = completed_runs(filters)
    after = rows_after(rows, decode_cursor(cursor) if cursor else None)
    read = read_rows(after[: limit + 1], lambda run: (position_of(run), to_result(run)))
    page = [item for item in read[:limit] if item is not None]
    if not page and len(read) > limit:
        raise RunsUnreadable(limit)
    next_cursor = encode_cursor(page[-1][0]) if len(read) > limit else None
    return [result for _, result in page], rows.count(), next_cursor


def encode_cursor(position: Position) -> str:
    at, run_id = position
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{run_id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Position:
    """Raises InvalidCursor."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, run_id = text.partition("|")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise InvalidCursor
        return moment, UUID(run_id)
    except (ValueError, binascii.Error) as error:
        raise InvalidCursor from error


def fetch_latest_by_framework() -> dict[str, Result]:
    """The newest result of every framework, endpoint and method: `fastify:/simple:GET` → result."""
    kinds = completed_runs().order_by("framework", "endpoint", "method").values_list("framework", "endpoint", "method")
    newest = {}
    for framework, endpoint, method in kinds.distinct():
        rows = completed_runs({"framework": framework, "endpoint": endpoint, "method": method})
        for result in read_results(rows[:1]):
            newest[f"{framework}:{endpoint}:{method}"] = result
    return newest


def list_frameworks() -> list[str]:
    """Framework names in the history, by one index lookup each."""
    names: list[str] = []
    rows = Run.objects.order_by("framework").values_list("framework", flat=True)
    while (next_name := rows.filter(framework__gt=names[-1] if names else "").first()) is not None:
        names.append(next_name)
    return names


def add_result(columns: Mapping[str, Any], original: Mapping[str, Any]) -> tuple[Run, bool]:
    """Store a result that was measured elsewhere, with its trials, once per id. `columns`: validated by
    `SubmittedResultSerializer`. Returns the row and whether it is new."""
    values = {**columns, "source": Source.CLIENT, "original": storable_json(without_details(original))}
    run_id, trials = values.pop("id", None) or uuid4(), values.pop("trials")
    with transaction.atomic():
        run, is_new = Run.objects.get_or_create(id=run_id, defaults=values)
        if is_new:
            Trial.objects.bulk_create(Trial(run=run, **trial) for trial in trials)
    return run, is_new

"""Queries of the history: filters, pages, newest by framework, statistics; and adding a result. [io: database]"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import QuerySet

from benchmarks.errors import InvalidCursor, RunsUnreadable
from benchmarks.history import totals
from benchmarks.history.completed import (
    Position,
    completed_runs,
    newest_of_kinds,
    position_of,
    rows_after,
    without_sweeps,
)
from benchmarks.history.readable_rows import read_results, read_rows
from benchmarks.history.results import COLUMNS, Result, to_result
from benchmarks.history.submission import without_details
from benchmarks.models import Run, Source, Trial, next_recorded_at
from system.lib.storable_json import storable_json

T = TypeVar("T")
CHUNK_SIZE = 500
# The next name is looked up after the stored one, by the database: what is read of text that is not UTF-8, or of bytes,
# sorts elsewhere, so that a search after it would find the same row for ever.
NAMES_SQL = """
    WITH RECURSIVE names(name) AS (
        SELECT min(framework) FROM {table}
        UNION ALL
        SELECT (SELECT min(framework) FROM {table} WHERE framework > name) FROM names WHERE name IS NOT NULL
    )
    SELECT name FROM names WHERE name IS NOT NULL
"""


def iter_chunks(rows: QuerySet[Run], convert: Callable[[Run], T] = to_result) -> Iterator[list[T]]:  # type: ignore[assignment]
    """Iterate over `rows` with one chunk in memory. Each chunk is a separate query, so no transaction stays open.

    The first is read by the call, so that its errors come before a response begins. Rows that cannot be read are left
    out. Raises RunsUnreadable where no row of a chunk can be read.
    """
    chunks = _read_chunks(rows, convert)
    return chain(list(islice(chunks, 1)), chunks)


def _read_chunks(rows: QuerySet[Run], convert: Callable[[Run], T]) -> Iterator[list[T]]:
    rows = rows.only(*COLUMNS, "state")
    position: Position | None = None
    previous: set[Position] = set()
    while True:
        read = read_rows(rows_after(rows, position)[:CHUNK_SIZE], lambda run: (position_of(run), convert(run)))
        chunk = [item for item in read if item is not None and item[0] not in previous]
        if chunk:
            yield [value for _, value in chunk]
        if len(read) < CHUNK_SIZE:
            return
        previous = {at for at, _ in chunk}
        position = _advanced(position, [at for at, _ in chunk], CHUNK_SIZE)


def _advanced(position: Position | None, read: Sequence[Position], count: int) -> Position:
    """The position after `read`. A time that was not written by Django, such as one without seconds, may sort in the
    database before the position that is read of it. Raises RunsUnreadable where the same rows would be read again."""
    last = min(read, default=None)
    if last is None or (position is not None and last >= position):
        raise RunsUnreadable(count)
    return last


def fetch_latest(count: int) -> list[Result]:
    """The newest results."""
    return read_results(completed_runs()[:count])


def fetch_page(filters: Mapping[str, Any], limit: int, cursor: str) -> tuple[list[Result], int, str | None]:
    """Results of one page, total number of rows, cursor of the next page. Raises InvalidCursor."""
    rows = completed_runs(filters)
    position = decode_cursor(cursor) if cursor else None
    after = rows_after(rows, position).only(*COLUMNS)
    read = read_rows(after[: limit + 1], lambda run: (position_of(run), to_result(run)))
    page = [item for item in read[:limit] if item is not None]
    next_cursor = None
    if len(read) > limit:
        next_cursor = encode_cursor(_advanced(position, [at for at, _ in page], limit))
    return [result for _, result in page], totals.count_runs(filters), next_cursor


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
        return moment.astimezone(UTC), UUID(run_id)
    except (ValueError, OverflowError) as error:  # binascii.Error is a ValueError
        raise InvalidCursor from error


def fetch_latest_by_framework() -> dict[str, Result]:
    """The newest result of every framework, endpoint and method: `fastify:/simple:GET` → result."""
    rows, kinds = without_sweeps(completed_runs()), totals.fetch_totals().kinds()
    ids = [str(run_id) for (run_id,) in newest_of_kinds(rows, kinds, ["id"], 1)]
    results = read_results(Run.objects.filter(pk__in=filter(_is_uuid, ids)).order_by())
    return dict(sorted((f"{result.framework}:{result.endpoint}:{result.method}", result) for result in results))


def _is_uuid(text: str) -> bool:
    """SQLite stores any text in the column."""
    return re.fullmatch("[0-9a-f]{32}", text.replace("-", "")) is not None


def list_frameworks() -> list[str]:
    """Framework names in the history, by one index lookup each. Bytes, which no query by text finds, are left out."""
    with connection.cursor() as cursor:
        cursor.execute(NAMES_SQL.format(table=connection.ops.quote_name(Run._meta.db_table)))
        names = [name for (name,) in cursor.fetchall()]
    return list(dict.fromkeys(name for name in names if name and isinstance(name, str)))


def add_result(columns: Mapping[str, Any], original: Mapping[str, Any]) -> tuple[Run, bool]:
    """Store a result that was measured elsewhere, with its trials, once per id. `columns`: validated by
    `SubmittedResultSerializer`. Returns the row and whether it is new."""
    values = {
        **columns,
        "source": Source.CLIENT,
        "recorded_at": next_recorded_at(),
        "original": storable_json(without_details(original)),
    }
    run_id, trials = values.pop("id", None) or uuid4(), values.pop("trials")
    with transaction.atomic():
        run, is_new = Run.objects.get_or_create(id=run_id, defaults=values)
        if is_new:
            Trial.objects.bulk_create(Trial(run=run, **trial) for trial in trials)
    return run, is_new

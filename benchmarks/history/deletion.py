"""Deletes many runs, by few statements and in short transactions. [io: database]"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from benchmarks.history import totals
from benchmarks.models import Run
from system.database import long_work


def delete_runs(ids: Iterable[UUID]) -> Iterator[int]:
    """Deletes the runs and all rows that refer to them. Yields the number of deleted runs after each batch.

    It sends no signals: for these Django would read every row, whole, and delete it by a statement of its own.
    Raises ServerStops between two batches.
    """
    try:
        yield from long_work.write_in_batches(ids, _delete_batch)
    finally:
        totals.forget()


def _delete_batch(ids: Sequence[UUID]) -> int:
    for relation in Run._meta.related_objects:
        _delete_rows(relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": ids}))
    return _delete_rows(Run.objects.filter(pk__in=ids).order_by())


def _delete_rows(rows: Any) -> int:
    """One DELETE, without Django's collector."""
    return int(rows._raw_delete(rows.db))

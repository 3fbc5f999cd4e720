"""Reads rows so that one that cannot be read does not take the others along. [io: database]"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import structlog
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from benchmarks.errors import RunUnreadable
from benchmarks.history.results import COLUMNS, Result, to_result
from benchmarks.models import Run

T = TypeVar("T")
ERRORS = (RunUnreadable, ValueError, TypeError)  # the latter two of Django's converters
log = structlog.get_logger("benchmarks")


def read_rows(rows: QuerySet[Run], convert: Callable[[Run], T]) -> list[T | None]:
    """The converted rows of a slice; None for each that cannot be read or converted, which is logged."""
    try:
        return [convert(run) for run in rows]
    except ERRORS:
        return list(_read_singly(rows, convert))


def read_results(rows: QuerySet[Run]) -> list[Result]:
    """The results of a slice, without those that cannot be read."""
    return [result for result in read_rows(rows.only(*COLUMNS), to_result) if result is not None]


def readable(run: Run) -> Run:
    """The row itself. Raises RunUnreadable."""
    to_result(run)
    return run


def _read_singly(rows: QuerySet[Run], convert: Callable[[Run], T]) -> Iterator[T | None]:
    stored_ids = rows.annotate(stored_id=Cast("pk", TextField())).values_list("stored_id", flat=True)
    for offset, stored_id in enumerate(stored_ids):
        try:
            yield from [convert(run) for run in rows.all()[offset : offset + 1]]
        except ERRORS as error:
            log.warning("a run of the history cannot be read", run=stored_id, error=str(error))
            yield None

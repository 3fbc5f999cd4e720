"""Imports `.bench-history.json`, and our own JSON export. The file is only ever read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from benchmarks.errors import HistoryUnreadable
from benchmarks.history import submitted_result
from benchmarks.history.submitted_result import BadEntry
from benchmarks.models import Run, Source

LARGEST_BYTES = 256 * 2**20
BATCH = 500
GENERATOR = "autocannon"  # the only one that the original had


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry that was not imported: its place in the list, counted from 0, and why."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """`skipped`: entries that the history had already."""

    path: str
    imported: int
    skipped: int
    bad: tuple[LeftOut, ...]


def import_found() -> Report | None:
    """Import the first of BENCH_HISTORY_FILES that exists; None when there is none. Raises HistoryUnreadable."""
    for path in settings.BENCH_HISTORY_FILES:
        if Path(path).is_file():
            return import_file(Path(path))
    return None


def import_file(path: Path) -> Report:
    """Keep what is new. Raises HistoryUnreadable, and then nothing has changed."""
    rows: dict[Any, Run] = {}
    bad: list[LeftOut] = []
    twice = 0
    for index, raw in enumerate(read(path)):
        try:
            run = _run(raw)
        except BadEntry as error:
            bad.append(LeftOut(index, f"{error}."))
            continue
        twice += run.id in rows
        rows.setdefault(run.id, run)
    imported = _keep(rows)
    return Report(str(path), imported, len(rows) - imported + twice, tuple(bad))


def read(path: Path) -> list[object]:
    """The entries of the file. Raises HistoryUnreadable with line and column."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise HistoryUnreadable(str(path), f"it is larger than {LARGEST_BYTES // 2**20} MiB")
        shape = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise HistoryUnreadable(str(path), error.strerror or str(error)) from error
    except json.JSONDecodeError as error:
        raise HistoryUnreadable(str(path), error.msg, error.lineno, error.colno) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        column = error.start - error.object.rfind(b"\n", 0, error.start)
        raise HistoryUnreadable(str(path), "it is not UTF-8", line, column) from error
    except (ValueError, RecursionError) as error:
        raise HistoryUnreadable(str(path), f"its JSON cannot be read ({error})") from error
    found = shape.get("results") if isinstance(shape, dict) else shape
    if not isinstance(found, list):
        raise HistoryUnreadable(str(path), "it holds no list of results")
    return found


def _run(raw: object) -> Run:
    entry = submitted_result.checked(raw)
    assert isinstance(raw, dict)  # noqa: S101 - checked() refuses anything else
    columns = submitted_result.fields_of(entry)
    columns["id"] = columns.get("id") or submitted_result.legacy_id(raw)
    columns["generator"] = columns["generator"] or GENERATOR
    return Run(**columns, source=Source.IMPORT, original=_jsonable(raw))


def _jsonable(raw: dict[str, Any]) -> dict[str, Any]:
    """Python reads NaN from JSON; a database does not take it as a number."""
    shape: dict[str, Any] = json.loads(json.dumps(raw), parse_constant=str)
    return shape


def _keep(rows: dict[Any, Run]) -> int:
    imported = 0
    with transaction.atomic():
        for batch in _batches(rows.values()):
            known = set(Run.objects.filter(id__in=[run.id for run in batch]).values_list("id", flat=True))
            fresh = [run for run in batch if run.id not in known]
            Run.objects.bulk_create(fresh, ignore_conflicts=True)
            imported += len(fresh)
    return imported


def _batches(rows: Iterable[Run]) -> Iterable[list[Run]]:
    every = list(rows)
    return [every[start : start + BATCH] for start in range(0, len(every), BATCH)]

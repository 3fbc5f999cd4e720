"""Imports `.bench-history.json` and JSON exports. The file is never modified. [io: database, files]"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.db import transaction
from rest_framework.exceptions import ValidationError

from benchmarks.errors import HistoryUnreadable
from benchmarks.history.submission import ImportedSerializer
from benchmarks.models import Run, Source
from system import database
from system.lib.fields import error_sentences
from system.lib.storable_json import storable_json

NAMESPACE = uuid5(NAMESPACE_URL, "pm2site:bench-history")
MAX_FILE_BYTES = 256 * 2**20
BATCH_SIZE = 500
DEFAULT_GENERATOR = "autocannon"  # the only generator of the original program


@dataclass(frozen=True, slots=True)
class RejectedEntry:
    """An entry that was not imported. `index`: position in the list, from 0."""

    index: Annotated[int, "Position in the list, from 0"]
    reason: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`skipped`: entries already in the history."""

    path: str
    imported: int
    skipped: int
    bad: tuple[RejectedEntry, ...]


def import_default_file() -> ImportReport | None:
    """Import the first of BENCH_HISTORY_FILES that exists; None if none does. Raises HistoryUnreadable."""
    for path in settings.BENCH_HISTORY_FILES:
        if Path(path).is_file():
            return import_file(Path(path))
    return None


def import_file(path: Path) -> ImportReport:
    """Import the new entries. Raises HistoryUnreadable before any change to the database."""
    rows: dict[Any, Run] = {}
    rejected: list[RejectedEntry] = []
    duplicates = 0
    serializer = ImportedSerializer()  # one for all: it builds its fields once
    for index, raw in enumerate(read_entries(path)):
        try:
            run = _build_run(serializer, raw)
        except ValidationError as error:
            rejected.append(RejectedEntry(index, " ".join(error_sentences(error.detail))))
            continue
        except RecursionError:
            rejected.append(RejectedEntry(index, "It is nested too deeply."))
            continue
        duplicates += run.id in rows
        rows.setdefault(run.id, run)
    imported = _insert_new(rows)
    if imported:
        database.update_statistics()
    return ImportReport(str(path), imported, len(rows) - imported + duplicates, tuple(rejected))


def read_entries(path: Path) -> list[object]:
    """The raw entries of the file. Raises HistoryUnreadable with line and column."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise HistoryUnreadable(str(path), f"it is larger than {MAX_FILE_BYTES // 2**20} MiB")
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
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
    entries = content.get("results") if isinstance(content, dict) else content
    if not isinstance(entries, list):
        raise HistoryUnreadable(str(path), "it does not contain a list of results")
    return entries


def _build_run(serializer: ImportedSerializer, raw: Any) -> Run:
    """Raises ValidationError."""
    columns = serializer.run_validation(raw)
    columns["id"] = columns.get("id") or legacy_id(raw)
    columns["generator"] = columns["generator"] or DEFAULT_GENERATOR
    return Run(**columns, source=Source.IMPORT, original=storable_json(raw))


def legacy_id(entry: Mapping[str, Any]) -> UUID:
    """A deterministic id, from the values as they are in the file, so that importing an entry again does not duplicate
    it."""
    keys = ("timestamp", "framework", "endpoint", "method", "reqPerSec", "totalReqs")
    return uuid5(NAMESPACE, "|".join(str(entry.get(key)) for key in keys))


def _insert_new(rows: dict[Any, Run]) -> int:
    imported = 0
    with transaction.atomic():
        for batch in _batches(rows.values()):
            existing = set(Run.objects.filter(id__in=[run.id for run in batch]).values_list("id", flat=True))
            new_runs = [run for run in batch if run.id not in existing]
            Run.objects.bulk_create(new_runs, ignore_conflicts=True)
            imported += len(new_runs)
    return imported


def _batches(rows: Iterable[Run]) -> Iterable[list[Run]]:
    runs = list(rows)
    return [runs[start : start + BATCH_SIZE] for start in range(0, len(runs), BATCH_SIZE)]

"""Imports `.bench-history.json` and JSON exports. The file is never modified. [io: database, files]"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from rest_framework.exceptions import ValidationError

from benchmarks.errors import HistoryUnreadable, ImportIncomplete
from benchmarks.history.submission import ImportedSerializer
from benchmarks.models import Run, Source, next_recorded_at
from system.database import long_work, statistics
from system.errors import ServerStops
from system.lib.fields import error_sentences
from system.lib.storable_json import storable_json

NAMESPACE = uuid5(NAMESPACE_URL, "pm2site:bench-history")
MAX_FILE_BYTES = 256 * 2**20
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
    """Import the new entries, in short transactions. Raises HistoryUnreadable and ServerStops before any change to the
    database, and ImportIncomplete after that."""
    entries = read_entries(path)
    rejected: list[RejectedEntry] = []
    imported = 0
    try:
        for count in long_work.write_in_batches(_valid_runs(entries, rejected), _insert_new):
            imported += count
    except (DatabaseError, InterfaceError, ServerStops) as error:
        if not imported:
            raise
        raise ImportIncomplete(str(path), imported, str(error)) from error
    if imported:
        statistics.update_statistics()
    return ImportReport(str(path), imported, len(entries) - len(rejected) - imported, tuple(rejected))


def _valid_runs(entries: Iterable[object], rejected: list[RejectedEntry]) -> Iterator[Run]:
    """Unsaved rows of the entries; those that are not valid are added to `rejected`."""
    serializer = ImportedSerializer()  # one for all: it builds its fields once
    for index, raw in enumerate(entries):
        try:
            yield _build_run(serializer, raw)
        except ValidationError as error:
            rejected.append(RejectedEntry(index, " ".join(error_sentences(error.detail))))
        except RecursionError:
            rejected.append(RejectedEntry(index, "It is nested too deeply."))


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


def _insert_new(runs: Sequence[Run]) -> int:
    """Stores the runs whose id is new; of two with the same id the first."""
    by_id = {run.id: run for run in reversed(runs)}
    # In no order: an order would be that of the history, by a column of the rows, which are not read for the ids alone.
    existing = set(Run.objects.filter(id__in=by_id).order_by().values_list("id", flat=True))
    new_runs = [run for run_id, run in by_id.items() if run_id not in existing]
    recorded_at = next_recorded_at()
    for run in new_runs:
        run.recorded_at = recorded_at
    Run.objects.bulk_create(reversed(new_runs), ignore_conflicts=True)
    return len(new_runs)

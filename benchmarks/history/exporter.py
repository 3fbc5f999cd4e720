"""Exports the history as JSON (which can be re-imported), CSV, Markdown or benchstat input. [io: database, files]"""

from __future__ import annotations

import csv
import errno
import io
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from benchmarks.budgets.judgement import judgement_words
from benchmarks.errors import BackupFailed, ClearIncomplete
from benchmarks.history.deletion import delete_runs
from benchmarks.history.queries import iter_chunks
from benchmarks.history.results import Result, to_result
from benchmarks.models import UNFINISHED, Run, newest_recorded_at
from benchmarks.sweeps.steps import SweepStep
from system.database import long_work
from system.errors import ServerStops
from system.lib import files
from system.lib.quantities import significant
from system.lib.wire import iso_time, to_wire, to_wire_object, wire_keys

T = TypeVar("T")
ResultChunks = Iterator[list[Result]]
ID_BYTES = 16
# The original program's columns in its order, then all others.
ORIGINAL_COLUMNS = (
    "id", "timestamp", "framework", "endpoint", "method", "reqPerSec", "avgLatency", "p50Latency", "p90Latency",
    "p99Latency", "totalReqs", "duration", "connections", "workers", "pipelining", "errors", "timeouts", "non2xx",
    "instances", "generator", "trials",
)  # fmt: skip
OBJECTS = ("tls", "sweep")  # not in a table
COLUMNS = tuple(key for key in dict.fromkeys((*ORIGINAL_COLUMNS, *wire_keys(Result).values())) if key not in OBJECTS)


def render_json(chunks: Iterator[list[Any]]) -> Iterator[str]:
    """`chunks`: results, or objects as they are on the wire."""
    yield f'{{"version":"2.0","exportedAt":"{iso_time(datetime.now(UTC))}","results":['
    comma = ""
    for chunk in chunks:
        objects = (result if isinstance(result, dict) else to_wire(result) for result in chunk)
        yield comma + ",".join(json.dumps(item, allow_nan=False, separators=(",", ":")) for item in objects)
        comma = ","
    yield "]}\n"


def render_csv(chunks: ResultChunks) -> Iterator[str]:
    yield _render_csv_rows([COLUMNS])
    for chunk in chunks:
        rows = [to_wire(result) for result in chunk]
        yield _render_csv_rows([[_csv_cell(row[name]) for name in COLUMNS] for row in rows if isinstance(row, dict)])


def render_sweep(sweep: Mapping[str, Any]) -> str:
    """The steps of a stored sweep as CSV, in the order of their execution. Steps that are none are left out."""
    columns = tuple(wire_keys(SweepStep).values())
    steps = sweep.get("steps")
    rows = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    return _render_csv_rows([columns, *([_csv_cell(row.get(name)) for name in columns] for row in rows)])


def _render_csv_rows(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _csv_cell(value: object) -> str:
    """Prefix text that a spreadsheet would evaluate as a formula."""
    if isinstance(value, dict):
        value = value.get("met")
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    text = "" if value is None else str(value)
    return "'" + text if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def render_markdown(chunks: ResultChunks) -> Iterator[str]:
    yield "| time | framework | endpoint | requests/s | p50 ms | p99 ms | errors | validity | budget |\n"
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: | --- | --- |\n"
    for chunk in chunks:
        yield "".join(_markdown_row(result) for result in chunk)


def _markdown_row(result: Result) -> str:
    rate = "" if result.req_per_sec is None else f"{result.req_per_sec:,.0f}"
    if result.validity == "invalid":
        rate = f"~~{rate}~~"
    latencies = [
        "" if value is None else significant(value) for value in (result.p50_latency_ms, result.p99_latency_ms)
    ]
    target = f"{result.method} {result.endpoint}"
    cells = [f"{result.timestamp:%Y-%m-%d %H:%M:%S}", result.framework, target, rate, *latencies]
    cells += [str(result.errors), result.validity, judgement_words(result.budget)]
    escaped = [cell.replace("|", "\\|").replace("\n", " ") for cell in cells]
    return f"| {' | '.join(escaped)} |\n"


def render_benchstat(chunks: ResultChunks) -> Iterator[str]:
    """Go's benchmark format: name, iterations, then pairs of value and unit."""
    for chunk in chunks:
        yield "".join(
            _benchstat_line(result) for result in chunk if result.validity != "invalid" and result.req_per_sec
        )


def _benchstat_line(result: Result) -> str:
    path = "".join(character if character.isalnum() else "_" for character in f"{result.method}{result.endpoint}")
    name = "".join(character if character.isalnum() else "_" for character in result.framework.capitalize())
    metrics = [(result.req_per_sec, "req/s"), (result.p50_latency_ms, "p50-ms"), (result.p99_latency_ms, "p99-ms")]
    # All digits and no separators: for programs.
    values = " ".join(f"{significant(value, 15, separator='')} {unit}" for value, unit in metrics if value is not None)
    return f"Benchmark{name}/{path}-{result.connections} {max(1, result.total_requests or 1)} {values}\n"


FORMATS: dict[str, tuple[str, Callable[[ResultChunks], Iterator[str]]]] = {
    "json": ("application/json", render_json),
    "csv": ("text/csv; charset=utf-8", render_csv),
    "md": ("text/markdown; charset=utf-8", render_markdown),
    "benchstat": ("text/plain; charset=utf-8", render_benchstat),
}


def clear_history() -> tuple[int, Path]:
    """Back up every finished run, then delete exactly those rows: a run that cannot be read is not deleted.

    Memory is constant but for 16 bytes per run. Returns the number of deleted runs, and the backup. Raises
    BackupFailed, OSError (disk full), ServerStops and errors of the database before anything was deleted, and
    ClearIncomplete after that.
    """
    moment = datetime.now(UTC)
    # Those that are added meanwhile are recorded later, also if the clock was set back.
    rows = Run.objects.exclude(state__in=UNFINISHED).filter(recorded_at__lte=newest_recorded_at() or moment)
    rows = rows.order_by("-at", "-id")
    ids = bytearray()

    def convert(run: Run) -> dict[str, object]:
        entry = to_backup_entry(run)
        ids.extend(run.pk.bytes)
        return entry

    path = write_backup(render_json(_until_server_stops(iter_chunks(rows, convert))), moment)
    total, deleted = len(ids) // ID_BYTES, 0
    try:
        for count in delete_runs(UUID(bytes=bytes(ids[at : at + ID_BYTES])) for at in range(0, len(ids), ID_BYTES)):
            deleted += count
    except (DatabaseError, InterfaceError, ServerStops) as error:
        raise ClearIncomplete(deleted, total, str(path), str(error)) from error
    return deleted, path


def _until_server_stops(chunks: Iterator[T]) -> Iterator[T]:
    """Raises ServerStops."""
    for chunk in chunks:
        long_work.may_go_on()
        yield chunk


def to_backup_entry(run: Run) -> dict[str, object]:
    """The result (partial if the run did not finish) with the run's state, so that an import restores it."""
    return {**to_wire_object(to_result(run)), "state": run.state}


def write_backup(pieces: Iterator[str], moment: datetime) -> Path:
    """Raises BackupFailed, OSError (disk full)."""
    name = f"history-{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}.json"
    path = Path(settings.BACKUP_DIR) / name
    try:
        files.make_parent(path)
        files.write_atomically(path, pieces)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise BackupFailed(str(path), error.strerror or str(error)) from error
    return path

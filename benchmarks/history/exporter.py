"""The history as a file: JSON (can be imported again), CSV, Markdown, and the text that benchstat reads."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from benchmarks.errors import BackupFailed
from benchmarks.history.queries import chunks
from benchmarks.history.results import Result, result
from benchmarks.models import UNFINISHED, Run
from system.lib.wire import camel_case, iso_time, to_wire

Chunks = Iterator[list[Result]]
COLUMNS = tuple(camel_case(field.name) for field in fields(Result))


def as_json(parts: Iterator[list[Any]]) -> Iterator[str]:
    yield f'{{"version":"2.0","exportedAt":"{iso_time(datetime.now(UTC))}","results":['
    comma = ""
    for part in parts:
        yield comma + ",".join(json.dumps(to_wire(each), allow_nan=False, separators=(",", ":")) for each in part)
        comma = ","
    yield "]}\n"


def as_csv(parts: Chunks) -> Iterator[str]:
    yield _csv_lines([COLUMNS])
    for part in parts:
        rows = [to_wire(each) for each in part]
        yield _csv_lines([[_cell(row[name]) for name in COLUMNS] for row in rows if isinstance(row, dict)])


def _csv_lines(rows: list[object] | list[tuple[str, ...]] | list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()


def _cell(value: object) -> str:
    """A text that a spreadsheet would take for a formula is marked as text."""
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    text = "" if value is None else str(value)
    return "'" + text if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def as_markdown(parts: Chunks) -> Iterator[str]:
    yield "| time | framework | endpoint | requests/s | p50 ms | p99 ms | errors | validity |\n"
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: | --- |\n"
    for part in parts:
        yield "".join(_markdown_row(each) for each in part)


def _markdown_row(each: Result) -> str:
    rate = "" if each.req_per_sec is None else f"{each.req_per_sec:,.0f}"
    if each.validity == "invalid":
        rate = f"~~{rate}~~"
    latencies = ["" if value is None else f"{value:g}" for value in (each.p50_latency, each.p99_latency)]
    where = f"{each.method} {each.endpoint}"
    cells = [f"{each.timestamp:%Y-%m-%d %H:%M:%S}", each.framework, where, rate, *latencies]
    shown = [cell.replace("|", "\\|").replace("\n", " ") for cell in [*cells, str(each.errors), each.validity]]
    return f"| {' | '.join(shown)} |\n"


def as_benchstat(parts: Chunks) -> Iterator[str]:
    """Go's benchmark format: name, iterations, then value and unit pairs."""
    for part in parts:
        yield "".join(_benchstat_line(each) for each in part if each.validity != "invalid" and each.req_per_sec)


def _benchstat_line(each: Result) -> str:
    path = "".join(character if character.isalnum() else "_" for character in f"{each.method}{each.endpoint}")
    name = "".join(character if character.isalnum() else "_" for character in each.framework.capitalize())
    pairs = [(each.req_per_sec, "req/s"), (each.p50_latency, "p50-ms"), (each.p99_latency, "p99-ms")]
    shown = " ".join(f"{value:g} {unit}" for value, unit in pairs if value is not None)
    return f"Benchmark{name}/{path}-{each.connections} {max(1, each.total_reqs or 1)} {shown}\n"


FORMATS: dict[str, tuple[str, Callable[[Chunks], Iterator[str]]]] = {
    "json": ("application/json", as_json),
    "csv": ("text/csv; charset=utf-8", as_csv),
    "md": ("text/markdown; charset=utf-8", as_markdown),
    "benchstat": ("text/plain; charset=utf-8", as_benchstat),
}


def clear() -> tuple[int, Path]:
    """Write every finished run to a backup, then delete exactly those. Raises BackupFailed, OSError (disk full)."""
    moment = datetime.now(UTC)
    rows = Run.objects.exclude(state__in=UNFINISHED).filter(recorded_at__lte=moment).order_by("-at", "-id")
    path = write_backup(as_json(chunks(rows, with_state)), moment)
    deleted = rows.count()
    rows.order_by().delete()
    return deleted, path


def with_state(run: Run) -> dict[str, object]:
    """A result, or what there is of one, with how the run ended; an import brings it back as it was."""
    shape = to_wire(result(run))
    assert isinstance(shape, dict)  # noqa: S101 - a dataclass becomes an object
    return {**shape, "state": run.state}


def write_backup(text: Iterator[str], moment: datetime) -> Path:
    """A file that is complete once it has its name, for its owner only, and on the disk."""
    name = f"history-{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}.json"
    path = Path(settings.BACKUP_DIR) / name
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 - a mode
            file.writelines(text)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise BackupFailed(str(path), error.strerror or str(error)) from error
    finally:
        partial.unlink(missing_ok=True) if partial.parent.is_dir() else None
    return path

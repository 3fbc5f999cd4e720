"""The file of targets that people keep in their repository. [io: files, database]

It has the keys of the API. Credentials are never in it: `{ secret = true }` stands for one that the server keeps.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w
from django.db import transaction
from rest_framework.exceptions import ValidationError

from benchmarks.targets import store
from benchmarks.targets.errors import TargetsUnreadable
from benchmarks.targets.target import SECRET, Target
from benchmarks.targets.target_serializer import TargetSerializer
from system.lib import files
from system.lib.fields import error_sentences
from system.lib.wire import to_wire_object

MAX_BYTES = 4 * 2**20
_NOT_WRITTEN = ("source", "running")  # what the server sees


def export_targets(path: Path) -> int:
    """Writes all own targets; returns their number. Raises OSError."""
    tables = [_table(target) for target in store.list_stored()]
    files.write_atomically(path, [tomli_w.dumps({"targets": tables}, multiline_strings=True)])
    return len(tables)


def _table(target: Target) -> dict[str, Any]:
    wired = to_wire_object(target)
    endpoints = [_without_empty(_without_values(endpoint)) for endpoint in wired.pop("endpoints")]
    kept = {name: value for name, value in wired.items() if name not in _NOT_WRITTEN}
    return {**_without_empty(kept), "endpoints": endpoints}


def _without_values(endpoint: dict[str, Any]) -> dict[str, Any]:
    headers = {
        name: dict(SECRET) if isinstance(value, Mapping) else value for name, value in endpoint["headers"].items()
    }
    return {**endpoint, "headers": headers}


def _without_empty(table: dict[str, Any]) -> dict[str, Any]:
    """Without defaults: TOML has no null."""
    return {name: value for name, value in table.items() if value not in (None, "", [], {}, False)}


def import_targets(path: Path, actor: str) -> int:
    """Creates and replaces the targets of a file, all or none; returns their number. Raises TargetsUnreadable."""
    rows = [_checked(path, number, raw) for number, raw in enumerate(_read(path), 1)]
    with transaction.atomic():
        for columns in rows:
            store.save(columns, actor=actor)
    return len(rows)


def _read(path: Path) -> list[Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TargetsUnreadable(str(path), f"it is larger than {MAX_BYTES // 2**20} MiB")
        content = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise TargetsUnreadable(str(path), error.strerror or str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TargetsUnreadable(str(path), f"it is not TOML: {error}") from error
    targets = content.get("targets")
    if not isinstance(targets, list):
        raise TargetsUnreadable(str(path), "it has no [[targets]]")
    return targets


def _checked(path: Path, number: int, raw: Any) -> dict[str, Any]:
    name = raw.get("name") if isinstance(raw, dict) else None
    try:
        return dict(TargetSerializer().run_validation(raw))
    except ValidationError as error:
        sentences = " ".join(error_sentences(error.detail))
        raise TargetsUnreadable(str(path), f"target {number} ({name!r:.80}): {sentences}") from error

"""Exports the benchmark history to stdout or to a file."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dashboard_client.commands.progress import Waiting, print_status
from dashboard_client.errors import ClientError, Usage
from dashboard_client.network.api import Api

FILTERS = ("framework", "endpoint", "since", "until", "validity")


def export_history(api: Api, options: Namespace) -> int:
    filters = {name: getattr(options, name) for name in FILTERS}
    if options.output is None:
        api.benchmark_export(sys.stdout.buffer, options.format, **filters)
        sys.stdout.buffer.flush()
        return 0
    try:
        with Waiting("Exporting the history"), _open_for_replacing(options.output) as file:
            count = api.benchmark_export(file, options.format, **filters)
    except OSError as error:
        raise ClientError(f"Cannot write {options.output}: {error.strerror}.") from error
    print_status(f"Wrote {count:,} bytes to {options.output}")
    return 0


@contextmanager
def _open_for_replacing(path: Path) -> Iterator[BinaryIO]:
    """Replaces the file when the block ends; if it raises, the file stays as it was. Raises Usage, OSError."""
    if path.is_dir() or not path.parent.is_dir():
        raise Usage(f"Cannot write {path}: {'a directory' if path.is_dir() else f'{path.parent} does not exist'}.")
    if path.exists() and not path.is_file():  # a device or a pipe
        with path.open("wb") as file:
            yield file
        return
    target = path.resolve()
    temporary = target.with_name(f"{target.name}.tmp{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)

"""Replaces the database by a backup, and keeps what was there. [io: files]"""

from __future__ import annotations

import os
import shlex
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from pm2site.backup import backups, compatibility, postgresql, sqlite_file
from pm2site.backup.sqlite_file import Contents
from pm2site.errors import DatabaseUnusable
from system.lib import files


@dataclass(frozen=True, slots=True)
class Restored:
    """`aside`: where the earlier database is now, a file or a schema of PostgreSQL; None if there was none."""

    aside: str | None
    contents: Contents | None


def restore_sqlite(file: Path, database: Path) -> Restored:
    """Checks the file, then replaces the database by a copy. The caller holds the database's lock.

    Raises DatabaseUnusable, before anything has changed, and OSError.
    """
    check_is_readable(file)
    if database.exists() and file.samefile(database):
        raise DatabaseUnusable(f"{file} is the present database. Name a backup of it.")
    _check_is_sqlite(file)
    files.make_parent(database)
    descriptor, name = tempfile.mkstemp(prefix=f"{database.name}.tmp", dir=database.parent)
    os.close(descriptor)
    copy = Path(name)
    try:
        contents = backups.copy_checked(file, copy, Event(), in_use=False)
        files.make_private(copy)
        _sync(copy)
        aside = _put_aside(database)
        copy.replace(database)
        files.sync_folder(database.parent)
    finally:
        for suffix in ("", "-journal", *sqlite_file.SIDE_FILES):
            sqlite_file.with_suffix(copy, suffix).unlink(missing_ok=True)
    return Restored(str(aside) if aside else None, contents)


async def restore_postgresql(file: Path, moment: datetime) -> Restored:
    """Checks the dump, then loads it. Raises DatabaseUnusable, ChildTimeout; the database is then as before."""
    check_is_readable(file)
    compatibility.check(str(file), await postgresql.read_migrations(file))
    with tempfile.TemporaryDirectory() as folder:
        return Restored(f"schema {await postgresql.load(file, Path(folder) / 'dump.sql', moment)}", None)


def check_is_readable(file: Path) -> None:
    """Raises DatabaseUnusable."""
    try:
        with file.open("rb") as stream:
            stream.read(1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatabaseUnusable(
            f"{file} cannot be read: {reason}. This shows what is there: ls -l {shlex.quote(str(file.parent))}"
        ) from error


def _check_is_sqlite(file: Path) -> None:
    """A better message than that of damage for a file of another kind."""
    with file.open("rb") as stream:
        if stream.read(len(sqlite_file.MAGIC)) != sqlite_file.MAGIC:
            raise DatabaseUnusable(f"{file} is not a backup: it is not an SQLite database.")


def _put_aside(database: Path) -> Path | None:
    """Renames the database with its side files; the names keep belonging together for SQLite. None without one."""
    stem = f"{database.stem}.replaced-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    aside, number = database.with_name(stem + database.suffix), 1
    while os.path.lexists(aside):
        number += 1
        aside = database.with_name(f"{stem}-{number}{database.suffix}")
    # The database first: interrupted here, it is missing beside its log, which a start refuses.
    moved = [suffix for suffix in ("", *sqlite_file.SIDE_FILES) if _rename(database, aside, suffix)]
    return aside if moved else None


def _rename(database: Path, aside: Path, suffix: str) -> bool:
    try:
        sqlite_file.with_suffix(database, suffix).replace(sqlite_file.with_suffix(aside, suffix))
    except FileNotFoundError:
        return False
    return True


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())

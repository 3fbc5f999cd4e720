"""SQLite files, those in use included: copies, damage, contents. [io: sqlite3]"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from system.lib import files

MAGIC = b"SQLite format 3\0"
SIDE_FILES = ("-wal", "-shm")  # SQLite names them after the database
PAGES_PER_STEP = 1024
INSTRUCTIONS_PER_LOOK = 100_000  # of SQLite's virtual machine, between two looks at the stop event
BUSY_S = 20.0
MAX_FINDINGS = 3
SqliteError = sqlite3.Error
DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
MIGRATIONS = "django_migrations"
COUNTED = {"runs": "benchmarks_run", "users": "auth_user", "entries": "pm2site_activity"}


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds. `migrations`: (app, name) of those applied; `entries`: of the audit trail."""

    tables: frozenset[str]
    migrations: frozenset[tuple[str, str]]
    runs: int = 0
    users: int = 0
    entries: int = 0


def with_suffix(path: Path, suffix: str) -> Path:
    """The side file of a database: `pm2site.sqlite3` and `-wal` → `pm2site.sqlite3-wal`."""
    return path.with_name(path.name + suffix)


def has_unmerged_rows(path: Path) -> bool:
    """Whether the database's write-ahead log holds anything."""
    try:
        return with_suffix(path, "-wal").stat().st_size > 0
    except OSError:
        return False


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says by this error that a file is damaged, or none of its own."""
    return str(getattr(error, "sqlite_errorname", "")).startswith(DAMAGE)


@contextmanager
def _open_to_read(path: Path, stop: Event, *, in_use: bool) -> Iterator[sqlite3.Connection]:
    """`in_use`: other processes may write. Otherwise nothing is created beside the file, which may be on a CD."""
    is_still = not in_use and not has_unmerged_rows(path)
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' * is_still}"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None)
    connection.set_progress_handler(lambda: int(stop.is_set()), INSTRUCTIONS_PER_LOOK)
    try:
        yield connection
    finally:
        connection.close()


def create(path: Path) -> None:
    """Makes a missing file, or one of 0 bytes, a database without tables, with mode 0600.

    SQLite would create it with a mode by the umask. Its side files get the mode of the database. Raises OSError,
    sqlite3.Error.
    """
    os.close(files.open_private(path, os.O_RDWR | os.O_CREAT))
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_S)
    try:
        connection.execute("PRAGMA journal_mode=WAL")  # writes the first page
    finally:
        connection.close()


def find_damage(path: Path, stop: Event, *, in_use: bool, thorough: bool) -> str | None:
    """What SQLite finds wrong with the file; None for an intact one. Raises sqlite3.Error if it cannot be checked.

    `thorough` compares every index with its table (`integrity_check`), otherwise the pages only (`quick_check`).
    """
    pragma = "integrity_check" if thorough else "quick_check"
    try:
        with _open_to_read(path, stop, in_use=in_use) as connection:
            rows = [str(row[0]) for row in connection.execute(f"PRAGMA {pragma}({MAX_FINDINGS})")]
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return str(error)
        raise
    lines = [line for row in rows for line in row.splitlines() if not line.startswith("***")]
    return None if lines == ["ok"] else "; ".join(lines[:MAX_FINDINGS])


def read_contents(path: Path, *, in_use: bool) -> Contents:
    """Raises sqlite3.Error."""
    with _open_to_read(path, Event(), in_use=in_use) as connection:
        tables = {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        counts = {
            name: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - constants
            for name, table in COUNTED.items()
            if table in tables
        }
        rows = connection.execute("SELECT app, name FROM django_migrations").fetchall() if MIGRATIONS in tables else []
    return Contents(frozenset(tables), frozenset((str(app), str(name)) for app, name in rows), **counts)


def copy(source: Path, target: Path, stop: Event, *, in_use: bool) -> None:
    """Writes the source as it is at one moment into the target, an empty file, while others write to the source.

    Raises sqlite3.Error; `interrupted` once `stop` is set.
    """

    def look(status: int, remaining: int, total: int) -> None:
        if stop.is_set():
            raise sqlite3.OperationalError("interrupted")

    with _open_to_read(source, stop, in_use=in_use) as reader:
        # Without a transaction of its own the copy would begin anew at every write by others.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        writer = sqlite3.connect(target, isolation_level=None)
        try:
            reader.backup(writer, pages=PAGES_PER_STEP, progress=look, sleep=0)
            writer.execute("PRAGMA journal_mode=DELETE")  # one file, which can be read where nothing can be written
        finally:
            writer.close()

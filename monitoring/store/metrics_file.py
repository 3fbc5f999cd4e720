"""Opens metrics.sqlite3; puts a damaged one aside, so that recording goes on with an empty one. [io: SQLite]"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog

from system.lib import files

log = structlog.get_logger("monitoring.store")

NAME = "metrics.sqlite3"
APPLICATION_ID = 0x706D3273  # "pm2s": a file of another program is not written to
VERSION = 1
BUSY_S = 5.0
LOG_BYTES = 4 * 2**20  # to which the log is cut after packing, which may need 50 MB for 5,000 series
DAMAGED_KEPT = 2  # newest of the files that were put aside
COMPANIONS = ("", "-wal", "-shm")
SCHEMA = """
CREATE TABLE series (id INTEGER PRIMARY KEY, metric TEXT NOT NULL, subject TEXT NOT NULL, last_at INTEGER NOT NULL,
  UNIQUE (metric, subject));
CREATE TABLE steps (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE blocks (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, series INTEGER NOT NULL, start INTEGER NOT NULL,
  data BLOB NOT NULL, UNIQUE (step, series, start));
CREATE TABLE events (id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX events_at ON events (at);
"""


class DamagedFile(Exception):
    """The file is no database, another program's, or has pages that SQLite cannot read."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is damaged: not one that is locked, on a full disk or unreadable for now."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, (sqlite3.OperationalError, sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.InterfaceError)
    )


def open_for_writing(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """A connection, to be used by one thread at a time, and where a damaged file was put. Raises sqlite3.Error,
    OSError."""
    aside = None
    try:
        connection = _open(path)
    except DamagedFile as error:
        aside = put_aside(path, str(error))
        connection = _open(path)
    return connection, aside


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Raises sqlite3.Error, also if there is no file yet."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        connection.execute("BEGIN")  # one state of the file for all that is read
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _open(path: Path) -> sqlite3.Connection:
    if path.is_symlink():
        raise DamagedFile(f"{path} is a symlink, and not followed")
    # Closing a descriptor of the file releases SQLite's locks on it in this process: only a new one is opened here.
    if path.exists():
        files.make_private(path)
    else:
        for companion in COMPANIONS[1:]:  # of a file that was deleted: SQLite would apply its log to the new one
            path.with_name(path.name + companion).unlink(missing_ok=True)
        os.close(files.open_private(path, os.O_RDWR | os.O_CREAT))
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection)
    except sqlite3.Error as error:
        connection.close()
        if is_damage(error):
            raise DamagedFile(str(error)) from error
        raise
    except DamagedFile:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables:
        _check(connection)
    else:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
    if not tables:
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
        connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} {marks} COMMIT;")


def _check(connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, version) != (APPLICATION_ID, VERSION):
        raise DamagedFile(f"it has the application id {application:#x} and version {version}")
    (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if result != "ok":
        raise DamagedFile(str(result))


def put_aside(path: Path, reason: str) -> Path:
    """Renames the file, and keeps the newest `DAMAGED_KEPT` of these. Returns its new path. Raises OSError."""
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    for companion in COMPANIONS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + companion).rename(aside.with_name(aside.name + companion))
    log.error("history of metrics is damaged and was put aside", path=str(aside), reason=reason)
    for old in put_asides(path)[:-DAMAGED_KEPT]:
        for companion in COMPANIONS:
            old.with_name(old.name + companion).unlink(missing_ok=True)
    return aside


def put_asides(path: Path) -> list[Path]:
    """The damaged files that were put aside, oldest first."""
    names = sorted(path.parent.glob(f"{path.name}.damaged-*"))
    return [name for name in names if not name.name.endswith(("-wal", "-shm"))]


def identity(path: Path) -> tuple[tuple[int, int] | None, ...]:
    """Which files the path and its companions name now. What a connection writes to deleted ones is lost."""
    return tuple(_inode(path.with_name(path.name + companion)) for companion in COMPANIONS)


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def size_bytes(path: Path) -> int:
    """Of the file and its log."""
    total = 0
    for companion in COMPANIONS[:2]:
        with suppress(OSError):
            total += path.with_name(path.name + companion).stat().st_size
    return total


def is_present(path: Path) -> bool:
    """Whether a history can be read."""
    try:
        with closing(open_for_reading(path)) as connection:
            connection.execute("SELECT 1 FROM series LIMIT 1")
    except sqlite3.Error:
        return False
    return True

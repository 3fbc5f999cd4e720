"""Backups of the database: made, checked, found, removed. [io: files]"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event

from django.conf import settings

from pm2site.backup import compatibility, databases, postgresql, sqlite_file
from pm2site.backup.sqlite_file import Contents
from pm2site.errors import DatabaseUnusable
from system.lib import files, installation

SCHEDULED, BY_HAND = "scheduled-", f"{installation.NAME}-"
SUFFIXES = (".sqlite3", ".dump")
FIRST_BYTES = (sqlite_file.MAGIC, b"PGDMP")
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Backup:
    """A checked backup. `contents`: None for PostgreSQL, whose dumps are only read through."""

    path: Path
    size_bytes: int
    contents: Contents | None


def default_path(moment: datetime, prefix: str = BY_HAND) -> Path:
    suffix = SUFFIXES[1] if databases.is_postgresql() else SUFFIXES[0]
    return Path(settings.BACKUP_DIR) / f"{prefix}{moment:%Y%m%d-%H%M%S}{suffix}"


def is_backup(path: Path) -> bool:
    """Whether an existing file looks like a backup, by its first bytes. Raises OSError."""
    with path.open("rb") as file:
        return file.read(16).startswith(FIRST_BYTES)


def find_all() -> list[Path]:
    """The backups in BACKUP_DIR, newest first. A file dated in the future is the last: its date is wrong."""
    now_s = time.time()
    dated: list[tuple[float, Path]] = []
    with suppress(OSError):
        for path in Path(settings.BACKUP_DIR).iterdir():
            if path.name.startswith((SCHEDULED, BY_HAND)) and path.suffix in SUFFIXES:
                changed_s = path.stat().st_mtime
                dated.append((changed_s if changed_s <= now_s else 0.0, path))
    return [path for _, path in sorted(dated, reverse=True)]


def seconds_since_last() -> float | None:
    """Age of the newest backup; None without one, or if only a wrong clock has dated them."""
    now_s = time.time()
    ages = [now_s - path.stat().st_mtime for path in find_all()]
    return min((age for age in ages if age >= 0), default=None)


async def make(target: Path, stop: Event) -> Backup:
    """Writes a backup, checks it, and only then gives it its name. Ends early once `stop` is set.

    Raises DatabaseUnusable, ChildTimeout, OSError; an earlier file of that name is then as before.
    """
    source = databases.sqlite_path()
    if source is None and not databases.is_postgresql():
        raise DatabaseUnusable("Only SQLite and PostgreSQL can be backed up. Use the database's own programs.")
    files.make_parent(target)
    with _replacing(target) as temporary:
        if source is None:
            await postgresql.dump(temporary)
            compatibility.check(str(temporary), await postgresql.read_migrations(temporary))
            contents = None
        else:
            contents = await asyncio.to_thread(copy_checked, source, temporary, stop, in_use=True)
    return _describe(target, contents)


def _describe(path: Path, contents: Contents | None) -> Backup:
    return Backup(path, path.stat().st_size, contents)


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A temporary file beside the target, with mode 0600; it becomes the target if the block succeeds."""
    descriptor, name = tempfile.mkstemp(prefix=f"{target.name}.tmp", dir=target.parent)
    temporary = Path(name)
    try:
        os.fchmod(descriptor, files.FILE_MODE)
        os.close(descriptor)
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
        files.sync_folder(target.parent)
    except BaseException:
        for suffix in ("", "-journal", *sqlite_file.SIDE_FILES):
            sqlite_file.with_suffix(temporary, suffix).unlink(missing_ok=True)
        raise


def copy_checked(source: Path, target: Path, stop: Event, *, in_use: bool) -> Contents:
    """Copies an SQLite database of ours into an empty file, and checks every page and index there. Blocks.

    Raises DatabaseUnusable; what is then in the target is useless.
    """
    try:
        if not source.exists():
            raise DatabaseUnusable(f"There is no database at {source}.")
        sqlite_file.copy(source, target, stop, in_use=in_use)
        damage = sqlite_file.find_damage(target, stop, in_use=False, thorough=True)
        contents = None if damage else sqlite_file.read_contents(target, in_use=False)
    except sqlite_file.SqliteError as error:
        if not sqlite_file.is_damage(error):
            raise DatabaseUnusable(f"{source} could not be copied to {target.parent}: {error}.") from error
        damage, contents = str(error), None
    if contents is None:
        raise DatabaseUnusable(f"{source} is damaged: {damage}.")
    compatibility.check(str(source), contents.migrations)
    return contents


def remove_old() -> list[Path]:
    """Removes all scheduled backups but the newest BACKUP_KEEP, and remains of interrupted ones; returns the former."""
    scheduled = [path for path in find_all() if path.name.startswith(SCHEDULED)]
    old = scheduled[settings.BACKUP_KEEP :]
    for path in old:
        path.unlink(missing_ok=True)
    for path in Path(settings.BACKUP_DIR).glob(f"{SCHEDULED}*.tmp*"):
        with suppress(FileNotFoundError):
            if abs(time.time() - path.stat().st_mtime) > DAY_S:
                path.unlink()
    return old

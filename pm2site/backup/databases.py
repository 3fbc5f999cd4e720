"""The configured database, and the lock of its users."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from pm2site.errors import DatabaseUnusable
from system.lib import locks

SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"


def sqlite_path() -> Path | None:
    """The database's file; None if it is not SQLite."""
    database = settings.DATABASES["default"]
    return Path(str(database["NAME"])).absolute() if database["ENGINE"] == SQLITE else None


def is_postgresql() -> bool:
    return bool(settings.DATABASES["default"]["ENGINE"] == POSTGRESQL)


def migration_lock() -> Path:
    """Exists once a database has been migrated for this DATA_DIR."""
    return Path(settings.DATA_DIR) / "locks" / "migrate"


def _lock_file() -> Path:
    return Path(settings.DATA_DIR) / locks.DATABASE


@contextmanager
def used_by(user: str) -> Iterator[None]:
    """Keeps `restore` from replacing the database during the block. Raises DatabaseUnusable while it does; OSError."""
    with locks.shared(_lock_file(), f"{user}, pid {os.getpid()}") as holder:
        if holder:
            raise DatabaseUnusable(f"{holder} is replacing the database. Start again when it has finished.")
        yield


@contextmanager
def held_alone(user: str) -> Iterator[None]:
    """Raises DatabaseUnusable if a server or a run uses this DATA_DIR; OSError."""
    with locks.exclusive(_lock_file(), f"{user}, pid {os.getpid()}") as holder:
        if holder:
            raise DatabaseUnusable(f"{settings.DATA_DIR} is in use by {holder}. Stop the server and its runs first.")
        yield

"""SQLite connections that never create the file, follow no symlink to it, and notice when it is replaced. [io: sqlite3]

SQLite creates what it does not find, with a mode by the umask, and a program that has lost its history would go on
with an empty one. Only `migrate`, a first start and `restore` create the file, in `pm2site/backup/`. When it is deleted
below a running server, open connections would go on writing to a file that has no name any more. So each connection
before it opens the file, and each query, compares it with the file of the server's start, which takes microseconds.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from django.db import OperationalError, connections

from system.lib import installation

Identity = tuple[int, int]  # device and inode, of a symlink its own


class DatabaseMissing(OperationalError):
    """There is no file, or one that nothing was ever written to."""

    def __init__(self, state: str) -> None:
        super().__init__(f"{state}. Create the database: {installation.MANAGE} migrate")


class DatabaseGone(OperationalError):
    """The file is not the one that the server has opened."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"{file} was deleted or replaced while the server runs, so that nothing can be stored. "
            f"Stop the server, then restore a backup: {installation.MANAGE} restore FILE. "
            f"As long as it runs, the old content can be copied from /proc/{os.getpid()}/fd."
        )


_expected: tuple[Path, Identity] | None = None  # the absolute path, and the file at the server's start


class ExistingFile(sqlite3.Connection):
    """The `factory` of Django's connections."""

    def __init__(self, database: str | Path, **options: Any) -> None:
        """Raises DatabaseGone, DatabaseMissing, OperationalError. What is at the path is then as before."""
        self._path = Path(database).absolute()
        self._check()
        try:
            is_symlink, size = self._path.is_symlink(), self._path.stat().st_size
        except FileNotFoundError:
            raise DatabaseMissing(f"{self._path} does not exist") from None
        except OSError as error:
            raise _unreadable(self._path, error) from error
        if is_symlink:
            raise OperationalError(f"{self._path} is a symlink, and not followed")
        if not size:
            raise DatabaseMissing(f"{self._path} has 0 bytes")
        # The mode is for the moment between the checks and this; Django sets `uri` anyway.
        super().__init__(f"{self._path.as_uri()}?mode=rw", **{**options, "uri": True})

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        """Django makes one for each query. Raises DatabaseGone."""
        self._check()
        return super().cursor(*arguments, **options)

    def _check(self) -> None:
        if _expected is not None and _expected[0] == self._path and identify(self._path) != _expected[1]:
            raise DatabaseGone(self._path)


def _unreadable(path: Path, error: OSError) -> OperationalError:
    return OperationalError(f"{path} cannot be read: {error.strerror}")


def identify(file: Path) -> Identity | None:
    """None if there is no file. Raises OperationalError where that cannot be known."""
    try:
        status = file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(file, error) from error
    return status.st_dev, status.st_ino


def expect_present_file() -> None:
    """Connections of this process, and their queries, raise DatabaseGone from now on when the file is another one."""
    global _expected
    database = connections.settings["default"]
    file = Path(str(database["NAME"])).absolute()
    identity = identify(file) if database["ENGINE"] == "django.db.backends.sqlite3" else None
    _expected = (file, identity) if identity else None

"""Notices that the SQLite file was deleted or replaced below a running server. [io: files, database]

SQLite would not: open connections go on writing to a file that has no name any more, and a new one writes to whatever
is there. Each new connection, before it opens the file, and each query compares the file with that of the start, which
takes microseconds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from system.lib import installation


class DatabaseGone(OperationalError):
    """The file is not the one that the server has opened."""

    def __init__(self, file: Path) -> None:
        pid = os.getpid()
        super().__init__(
            f"{file} was deleted or replaced while the server runs, so that nothing can be stored. "
            f"Stop the server, then restore a backup: {installation.MANAGE} restore FILE. "
            f"As long as it runs, the old content can be copied from /proc/{pid}/fd."
        )


class _Watch:
    """`identity`: device and inode of `file`."""

    def __init__(self, file: Path, identity: tuple[int, int]) -> None:
        self.file, self.identity = file, identity

    def execute(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """As a wrapper of Django's queries. Raises DatabaseGone."""
        self.check()
        return execute(sql, params, many, context)

    def check(self) -> None:
        if identify(self.file) != self.identity:
            raise DatabaseGone(self.file)

    def install(self, connection: BaseDatabaseWrapper, **_: Any) -> None:
        connection.execute_wrappers.append(self.execute)


_watch: _Watch | None = None


def identify(file: Path) -> tuple[int, int] | None:
    """Device and inode, of a symlink its own; None if there is no file."""
    try:
        status = file.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def watch_file() -> None:
    """From now on, new connections and their queries raise DatabaseGone when the file is not the present one."""
    global _watch
    database = connections.settings["default"]
    file = Path(str(database["NAME"])).absolute()
    identity = identify(file)
    if database["ENGINE"] != "django.db.backends.sqlite3" or identity is None:
        return
    if _watch is not None:
        connection_created.disconnect(_watch.install)
    _watch = _Watch(file, identity)
    connection_created.connect(_watch.install)


def check_is_the_same(file: Path) -> None:
    """For a connection that is about to open the file, an absolute path. Raises DatabaseGone; without `watch_file`
    nothing happens."""
    if _watch is not None and _watch.file == file:
        _watch.check()

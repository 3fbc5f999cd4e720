"""SQLite connections that never create the file, and follow no symlink to it. [io: sqlite3]

SQLite creates what it does not find, with a mode by the umask, and a program that has lost its history would go on with
an empty one. Only `migrate`, a first start and `restore` create the file, in `pm2site/backup/`.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from django.db import OperationalError

from system.database import presence
from system.lib import installation


class DatabaseMissing(OperationalError):
    """There is no file, or one that nothing was ever written to."""

    def __init__(self, state: str) -> None:
        super().__init__(f"{state}. Create the database: {installation.MANAGE} migrate")


class ExistingFile(sqlite3.Connection):
    """The `factory` of Django's connections."""

    def __init__(self, database: str | Path, **options: Any) -> None:
        """Raises DatabaseGone, DatabaseMissing, OperationalError. What is at the path is then as before."""
        path = Path(database).absolute()
        presence.check_is_the_same(path)
        if path.is_symlink():
            raise OperationalError(f"{path} is a symlink, and not followed")
        if not path.exists():
            raise DatabaseMissing(f"{path} does not exist")
        if not path.stat().st_size:
            raise DatabaseMissing(f"{path} has 0 bytes")
        # The mode is for the moment between the checks and this; Django sets `uri` anyway.
        super().__init__(f"{path.as_uri()}?mode=rw", **{**options, "uri": True})

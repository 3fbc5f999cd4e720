"""How long a process waits for the one that writes to SQLite, and which one that is. [io: database, /proc]

SQLite has one writer at a time, and reads go on beside it. PostgreSQL needs none of this.
"""

from __future__ import annotations

from pathlib import Path

from django.db import connections

from system.host.process_lookup import inspect_process
from system.lib.text import printable

# A client waits behind this, and most clients give up after 5 s or more.
REQUEST_WAIT_S = 4.0
LOCKS = Path("/proc/locks")
# The byte of `FILE-shm` that the writer locks: https://sqlite.org/walformat.html, "WAL locks".
WRITER_BYTE = 120


def limit_waiting(wait_s: float = REQUEST_WAIT_S) -> None:
    """In this process, connections that are opened from now on fail with "database is locked" after `wait_s`.

    Commands and the processes of runs, for which nobody waits, keep the longer limit of the settings.
    """
    database = connections.settings["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["OPTIONS"]["timeout"] = wait_s


def explain_lock(database: Path) -> str:
    """A sentence that names the process that writes to the database, if the kernel shows it, and the next step."""
    pid = find_writer(database)
    info = inspect_process(pid) if pid else None
    if info is None:
        return f"Another process is writing to {database} and has not finished. Try again."
    return (
        f"{printable(info.name)} (pid {pid}) is writing to {database} and has not finished. "
        f"Try again; this shows it: ps -o pid,stat,etime,args -p {pid}."
    )


def find_writer(database: Path) -> int | None:
    """The pid of the process that writes to an SQLite database in WAL mode; None if none does, or it is in another
    container."""
    try:
        inode = database.with_name(database.name + "-shm").stat().st_ino
        lines = LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((pid for line in lines if (pid := _parse_writer(line, inode))), None)


def _parse_writer(line: str, inode: int) -> int | None:
    """The pid in `1: POSIX  ADVISORY  WRITE 4711 08:01:131 120 120`, if that is the writer's lock on the file."""
    match line.split():
        case [_, "POSIX", _, "WRITE", pid, file, start, end] if file.rpartition(":")[2] == str(inode):
            reaches = end == "EOF" or int(end) >= WRITER_BYTE
            return int(pid) if int(start) <= WRITER_BYTE and reaches and int(pid) > 0 else None
    return None

"""Reads and replaces PM2's saved list, which PM2 starts again after a reboot. [io: files]

A JSON array of the processes' descriptions with their environments, whose values must not leave the server. Source:
`dump` and `resurrect` of lib/API/Startup.js, PM2 7.0.4.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from system.lib import files

MAX_BYTES = 16 * 2**20  # a process takes 5 to 20 KB
_NOT_SAVED = ("instances", "pm_id", "prev_restart_delay")  # PM2 decides on them anew

Entry = dict[str, object]


@dataclass(frozen=True, slots=True)
class SavedList:
    """`saved_at`: when the file was written; None if there is none. `problem`: a sentence, if it cannot be read."""

    entries: tuple[Entry, ...] = ()
    saved_at: datetime | None = None
    problem: str | None = None


def dump_path(home: Path) -> Path:
    return home / "dump.pm2"


def backup_path(home: Path) -> Path:
    return home / "dump.pm2.bak"


def read(path: Path) -> SavedList:
    """A damaged file is an empty list with a problem. A FIFO is not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return SavedList()
    except OSError as error:
        return SavedList(problem=f"{path} cannot be read: {(error.strerror or str(error)).lower()}.")
    try:
        return _read_open(path, descriptor)
    finally:
        os.close(descriptor)


def _read_open(path: Path, descriptor: int) -> SavedList:
    status = os.fstat(descriptor)
    saved_at = datetime.fromtimestamp(status.st_mtime, UTC)
    if not stat.S_ISREG(status.st_mode):
        return SavedList(problem=f"{path} is not a regular file. Move it away, and save the list again.")
    if status.st_size > MAX_BYTES:
        size = f"{status.st_size / 2**20:,.0f} MB"
        return SavedList((), saved_at, f"{path} has {size}, more than the {MAX_BYTES // 2**20} MB that are read of it.")
    try:
        with os.fdopen(os.dup(descriptor), "rb") as file:
            value = json.loads(file.read(MAX_BYTES + 1))
    except (OSError, ValueError, RecursionError):
        return SavedList((), saved_at, f"{path} is damaged: it is not JSON. Save the list again.")
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        return SavedList((), saved_at, f"{path} is damaged: it is not a list of processes. Save the list again.")
    return SavedList(tuple(value), saved_at)


def saved_form(entries: Sequence[Entry]) -> list[Entry]:
    """What `pm2 save` writes of `getMonitorData`: no modules, and not what PM2 decides on anew."""
    environments = [entry.get("pm2_env") for entry in entries]
    return [
        {key: value for key, value in env.items() if key not in _NOT_SAVED}
        for env in environments
        if isinstance(env, dict) and not env.get("pmx_module")
    ]


def replace(home: Path, entries: Sequence[Entry]) -> None:
    """Writes the file, whole or not at all, and keeps the previous one as `dump.pm2.bak`. Both belong to the owner of
    `home`. Raises OSError."""
    path, backup = dump_path(home), backup_path(home)
    # As JavaScript writes it, a lone surrogate as an escape; PM2 reads the file as JavaScript.
    text = json.dumps(list(entries), indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace")
    owner = home.stat()
    if os.geteuid() not in (0, owner.st_uid):
        raise PermissionError(errno.EPERM, "PM2_HOME belongs to another user", str(home))
    temporary, kept = (path.with_name(f"{path.name}.tmp{secrets.token_hex(4)}") for _ in range(2))
    with files.naming(path):
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, files.FILE_MODE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text)
                file.flush()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                if stat.S_ISREG(path.lstat().st_mode):
                    os.link(path, kept, follow_symlinks=False)  # a rename would leave a moment without a saved list
                    kept.rename(backup)
            temporary.rename(path)
        finally:
            for left in (temporary, kept):
                left.unlink(missing_ok=True)

"""Our folder in PM2_HOME, which all servers and commands on one daemon share: locks and announcements. [io: files]

It belongs to the owner of PM2_HOME, also if root acts there, so that the owner's server can use it too. Root follows
nothing there that the owner could have put in place: no symlink, no hard link, no FIFO.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from system.lib import files

NAME = "pm2site"
MAX_BYTES = 4096
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # the last: a FIFO would wait for its other end


def path_of(home: Path, name: str) -> Path:
    return home / NAME / name


def open_shared(path: Path, flags: int) -> int:
    """Like `os.open`, for a file of ours in the folder, which is created if it is missing.

    Raises OSError: EPERM if neither this user nor root owns PM2_HOME, ELOOP or ENOTDIR for a symlink, EINVAL for a file
    that is not regular, has another name too, or belongs to another user.
    """
    with _folder(path.parent.parent, is_created=bool(flags & os.O_CREAT)) as folder:
        owner = os.fstat(folder)
        if flags & os.O_CREAT:
            with suppress(FileExistsError):
                return _create(folder, path.name, flags, owner)
        descriptor = os.open(path.name, flags & ~(os.O_CREAT | os.O_EXCL) | _FILE_FLAGS, dir_fd=folder)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1 or status.st_uid != owner.st_uid:
            os.close(descriptor)
            raise OSError(errno.EINVAL, "Not a regular file of this folder's owner", str(path))
        return descriptor


def replace_text(path: Path, text: str) -> None:
    """Writes a file of ours in the folder, which others read whole or not at all. Raises OSError like `open_shared`."""
    with _folder(path.parent.parent, is_created=True) as folder:
        temporary = f"{path.name}.tmp{secrets.token_hex(4)}"
        descriptor = _create(folder, temporary, os.O_WRONLY, os.fstat(folder))
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.rename(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise


def read_shared(path: Path) -> str:
    """At most `MAX_BYTES`. Raises OSError like `open_shared`."""
    descriptor = open_shared(path, os.O_RDONLY)
    try:
        return os.pread(descriptor, MAX_BYTES, 0).decode(errors="replace")
    finally:
        os.close(descriptor)


@contextmanager
def _folder(home: Path, *, is_created: bool) -> Iterator[int]:
    """A descriptor of the folder: a path could lead elsewhere a moment later."""
    if is_created and not home.exists():
        files.make_folder(home)
    home_descriptor = os.open(home, _FOLDER_FLAGS)
    try:
        owner = os.fstat(home_descriptor)
        if os.geteuid() not in (0, owner.st_uid):
            raise PermissionError(errno.EPERM, "PM2_HOME belongs to another user", str(home))
        is_new = is_created and _make_folder(home_descriptor)
        folder = os.open(NAME, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=home_descriptor)
    finally:
        os.close(home_descriptor)
    try:
        status = os.fstat(folder)
        if is_new and status.st_uid != owner.st_uid:
            os.fchown(folder, owner.st_uid, owner.st_gid)
        elif status.st_uid != owner.st_uid:
            raise PermissionError(errno.EPERM, "It does not belong to the owner of PM2_HOME", str(home / NAME))
        if stat.S_IMODE(status.st_mode) != files.FOLDER_MODE:
            os.fchmod(folder, files.FOLDER_MODE)
        yield folder
    finally:
        os.close(folder)


def _make_folder(home: int) -> bool:
    """Whether it did not exist."""
    try:
        os.mkdir(NAME, files.FOLDER_MODE, dir_fd=home)
    except FileExistsError:
        return False
    return True


def _create(folder: int, name: str, flags: int, owner: os.stat_result) -> int:
    descriptor = os.open(name, flags | os.O_CREAT | os.O_EXCL | _FILE_FLAGS, files.FILE_MODE, dir_fd=folder)
    if owner.st_uid != os.geteuid():
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor

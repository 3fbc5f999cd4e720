"""Files of ours: for this user only whatever the umask, never through a symlink, never half written. [io: files]"""

from __future__ import annotations

import errno
import os
import pwd
import shlex
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

FILE_MODE, FOLDER_MODE = 0o600, 0o700
NO_SPACE_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the limit of the disk, of the user and of the process
LOG_BYTES, LOGS_KEPT = 10 * 2**20, 5
PROBE_BYTES = 64 * 1024  # more than a file system stores within an inode


def open_private(path: str | Path, flags: int) -> int:
    """Like `os.open`, for a regular file of ours with mode 0600; an `opener` of `open`.

    Raises OSError: ELOOP for a symlink, which is not followed, and EINVAL for what is not a regular file.
    """
    # O_NONBLOCK: a FIFO would wait for its other end.
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, FILE_MODE)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a FIFO that nobody reads, or a socket
            raise _not_regular(path) from error
        raise
    try:
        _check_and_correct(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _not_regular(path: str | Path) -> OSError:
    return OSError(errno.EINVAL, "Not a regular file", str(path))


def _check_and_correct(descriptor: int, path: str | Path) -> None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise _not_regular(path)
    if stat.S_IMODE(status.st_mode) != FILE_MODE and status.st_uid == os.geteuid():
        os.fchmod(descriptor, FILE_MODE)


def make_private(path: Path) -> None:
    """Gives an existing file mode 0600. Nothing happens if there is none. Raises OSError like `open_private`."""
    try:
        # Closing any other kind of descriptor would release the locks that SQLite holds on the file in this process.
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            number = errno.ELOOP if stat.S_ISLNK(status.st_mode) else errno.EINVAL
            raise OSError(number, os.strerror(number), str(path))
        if stat.S_IMODE(status.st_mode) != FILE_MODE:
            Path(f"/proc/self/fd/{descriptor}").chmod(FILE_MODE)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Creates a folder of ours with mode 0700, or gives it that mode; missing parents get the same.

    Raises OSError: ENOTDIR for a symlink that another user made, which could lead anywhere.
    """
    if not path.parent.exists():
        make_folder(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=FOLDER_MODE)
    link, status = path.lstat(), path.stat()
    is_foreign_link = stat.S_ISLNK(link.st_mode) and link.st_uid not in (0, os.geteuid())
    if is_foreign_link or not stat.S_ISDIR(status.st_mode):
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    if stat.S_IMODE(status.st_mode) != FOLDER_MODE and status.st_uid == os.geteuid():
        path.chmod(FOLDER_MODE)


def create_once(path: Path, text: str) -> str:
    """The content of the file, which is `text` if there was none. Of two processes that create it, one wins.

    Raises OSError like `open_private`, UnicodeDecodeError.
    """
    with suppress(FileNotFoundError):
        return read_private(path)
    make_parent(path)
    descriptor, temporary = tempfile.mkstemp(prefix=f"{path.name}.tmp", dir=path.parent)
    try:
        os.fchmod(descriptor, FILE_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path, follow_symlinks=False)  # unlike a rename, never replaces
    finally:
        Path(temporary).unlink(missing_ok=True)
    return read_private(path)


def make_parent(path: Path) -> None:
    """Creates the folder of a file if it is missing. One that exists keeps its mode: it may hold other files too."""
    if not path.parent.exists():
        make_folder(path.parent)


def open_to_append(path: Path) -> BinaryIO:
    """A file of ours, created with its folder if missing. Raises OSError like `open_private`."""
    make_parent(path)
    return open(path, "ab", opener=open_private)


def read_private(path: Path) -> str:
    """The text of a file of ours, whose mode is corrected. Raises OSError like `open_private`, UnicodeDecodeError."""
    with open(open_private(path, os.O_RDONLY), encoding="utf-8") as file:
        return file.read()


def write_atomically(path: Path, pieces: Iterable[str]) -> None:
    """Replaces the file through `NAME.tmp…` next to it, with mode 0600. It is on disk when this returns.

    Raises OSError with `path` as its filename, after which the file is as before and the temporary one is gone.
    """
    with naming(path):
        descriptor, temporary = tempfile.mkstemp(prefix=f"{path.name}.tmp", dir=path.parent)
        try:
            os.fchmod(descriptor, FILE_MODE)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Gives the system's errors in the block the name of the file: those of writes have none, those of a temporary file
    another."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename = str(path)
        raise


def rotate(path: Path, max_bytes: int = LOG_BYTES, kept: int = LOGS_KEPT) -> bool:
    """Renames a log file of `max_bytes` or more to `NAME.1`, that to `NAME.2`, and so on; deletes what exceeds `kept`.

    Returns whether it did. A process that has the file open goes on writing to `NAME.1`.
    """
    try:
        if path.lstat().st_size < max_bytes:
            return False
    except FileNotFoundError:
        return False
    for number in range(kept, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        newer = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
        with suppress(FileNotFoundError):
            newer.replace(older)
    return True


def sync_folder(folder: Path) -> None:
    """Makes renames in the folder last through a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_writable(folder: Path) -> None:
    """Creates the folder if it is missing, then writes a file there and deletes it. Raises OSError."""
    if not folder.exists():
        make_folder(folder)
    with tempfile.TemporaryFile(dir=folder) as file:  # has no name: nothing to delete, whatever happens
        file.write(bytes(PROBE_BYTES))
        file.flush()
        os.fsync(file.fileno())


def describe_refusal(path: Path, error: OSError) -> str:
    """Why the system refused to write to the file or folder, and the command that helps: two sentences."""
    if error.errno == errno.ENOTDIR:
        path = _nearest(path)  # what is in place of a folder, not the file that was to be in it
    quoted = shlex.quote(str(path))
    if error.errno in NO_SPACE_ERRNOS:
        return f"{path} cannot be written: {_lower(error)}. Make room; this shows the disk: df -h {quoted}"
    if error.errno == errno.EROFS:
        mount = shlex.quote(str(_mount_point(path)))
        return f"{path} cannot be written: its file system is read-only. Change that: mount -o remount,rw {mount}"
    if error.errno == errno.ELOOP:
        return f"{path} is a symlink, and not followed. Put the file there: mv $(readlink -f {quoted}) {quoted}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{path} cannot be written: {_describe_owner(path)}. {_permission_command(path)}"
    return f"{path} cannot be written: {_lower(error)}. This shows what is there: ls -ld {quoted}"


def _lower(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return reason[:1].lower() + reason[1:]


def _mount_point(path: Path) -> Path:
    return next((folder for folder in (path, *path.parents) if folder.is_mount()), Path("/"))


def _nearest(path: Path) -> Path:
    """The path, or the nearest parent that exists."""
    return next((folder for folder in (path, *path.parents) if folder.exists()), Path("/"))


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _describe_owner(path: Path) -> str:
    existing = _nearest(path)
    status = existing.stat()
    name = "it" if existing == path else str(existing)
    owner, mode = _user_name(status.st_uid), stat.S_IMODE(status.st_mode)
    return f"{name} belongs to {owner} with mode {mode:04o}, and this is {_user_name(os.geteuid())}"


def _permission_command(path: Path) -> str:
    existing = _nearest(path)
    quoted = shlex.quote(str(existing))
    if existing.stat().st_uid == os.geteuid():
        return f"Allow it: chmod u+rw{'x' * existing.is_dir()} {quoted}"
    return f"Give it to this user: sudo chown -R {_user_name(os.geteuid())} {quoted}"

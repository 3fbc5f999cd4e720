"""File locks between processes; the kernel releases them however the holder ends. [io: flock]"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from system.lib import files

# Below DATA_DIR. Held shared by servers and runs, exclusively while the database is replaced.
DATABASE = Path("locks", "database")
LABEL_BYTES = 200
TRIES, PAUSE_S = 3, 0.005  # a concurrent `holder` holds the lock for an instant
WAIT_POLL_S = 0.05


OpenFile = Callable[[Path, int], int]  # path and flags of `os.open` to a descriptor


def _open_private(path: Path, flags: int) -> int:
    files.make_parent(path)
    return files.open_private(path, flags)


@contextmanager
def exclusive(
    path: Path, label: str = "", *, wait_s: float = 0.0, open_file: OpenFile = _open_private
) -> Iterator[str | None]:
    """Acquires the lock at `path`, with `label` as its content. Yields None if acquired, else the holder's label.

    Waits up to `wait_s` seconds for it. The body always runs and must check. Raises OSError.
    """
    yield from _held(path, fcntl.LOCK_EX, label, wait_s, open_file)


@contextmanager
def shared(path: Path, label: str = "") -> Iterator[str | None]:
    """Like `exclusive`, but others may hold it `shared` at the same time. The label is that of the last one."""
    yield from _held(path, fcntl.LOCK_SH, label, 0.0, _open_private)


def _held(path: Path, kind: int, label: str, wait_s: float, open_file: OpenFile) -> Iterator[str | None]:
    descriptor = open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        if not _try_lock(descriptor, kind, wait_s):
            yield _read_label(descriptor)
            return
        with suppress(OSError):  # on a full disk the lock counts, not its label
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, label.encode()[:LABEL_BYTES], 0)
        yield None
    finally:
        os.close(descriptor)


def _open_existing(path: Path, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)


def holder(path: Path, open_file: OpenFile = _open_existing) -> str | None:
    """The label of the lock's `exclusive` holder; None if it has none. Raises OSError."""
    try:
        descriptor = open_file(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_label(descriptor)
    finally:
        os.close(descriptor)
    return None


def _try_lock(descriptor: int, kind: int, wait_s: float) -> bool:
    deadline_s = time.monotonic() + wait_s
    attempt = 0
    while True:
        attempt += 1
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt >= TRIES and time.monotonic() >= deadline_s:
                return False
            time.sleep(PAUSE_S if attempt < TRIES else WAIT_POLL_S)
        else:
            return True


def _read_label(descriptor: int) -> str:
    return os.pread(descriptor, LABEL_BYTES, 0).decode(errors="replace") or "another program"

"""File locks between processes; the kernel releases them however the holder ends. [io: flock]"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LABEL_BYTES = 200
TRIES, PAUSE_S = 3, 0.005  # a concurrent `holder` holds the lock for an instant


@contextmanager
def exclusive(path: Path, label: str = "") -> Iterator[str | None]:
    """Acquires the lock at `path`, with `label` as its content. Yields None if acquired, else the holder's label.

    The body always runs and must check.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if not _try_lock(descriptor):
            yield _read_label(descriptor)
            return
        os.truncate(descriptor, 0)
        os.write(descriptor, label.encode())
        yield None
    finally:
        os.close(descriptor)


def holder(path: Path) -> str | None:
    """The label of the lock's holder; None if the lock is free."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_label(descriptor)
    finally:
        os.close(descriptor)
    return None


def _try_lock(descriptor: int) -> bool:
    for attempt in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < TRIES - 1:
                time.sleep(PAUSE_S)
        else:
            return True
    return False


def _read_label(descriptor: int) -> str:
    return os.read(descriptor, LABEL_BYTES).decode(errors="replace") or "another program"

"""Locks between programs, by files: they end with the process that holds them, however it ends. [io: flock]"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SAID_BYTES = 200
TRIES, PAUSE_S = 3, 0.005  # `holder` has the lock for an instant


@contextmanager
def exclusive(path: Path, said: str = "") -> Iterator[str | None]:
    """Hold the lock at `path`, with `said` in it for the others. Gives None, or what its holder says when there is
    one: the block runs in any case, and must look."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if not _taken(descriptor):
            yield _said(descriptor)
            return
        os.truncate(descriptor, 0)
        os.write(descriptor, said.encode())
        yield None
    finally:
        os.close(descriptor)


def holder(path: Path) -> str | None:
    """What the holder of the lock says; None when nobody holds it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _said(descriptor)
    finally:
        os.close(descriptor)
    return None


def _taken(descriptor: int) -> bool:
    for attempt in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < TRIES - 1:
                time.sleep(PAUSE_S)
        else:
            return True
    return False


def _said(descriptor: int) -> str:
    return os.read(descriptor, SAID_BYTES).decode(errors="replace") or "another program"

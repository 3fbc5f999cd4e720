"""Locks between programs, by files: they end with the process that holds them, however it ends. [io: flock]"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path, said: str = "") -> Iterator[str | None]:
    """Hold the lock at `path`, with `said` in it for the others. Gives None, or what its holder says when there is
    one: the block runs in any case, and must look."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield os.read(descriptor, 200).decode(errors="replace") or "another program"
            return
        os.truncate(descriptor, 0)
        os.write(descriptor, said.encode())
        yield None
    finally:
        os.close(descriptor)

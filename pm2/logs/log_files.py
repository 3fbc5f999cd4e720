"""Reads PM2's log files backwards, in blocks and only as far as needed. [io: log files]"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pm2.logs.line_formats import NO_FORMAT, LineFormat

BLOCK_BYTES = 256 * 1024
MAX_LINE_BYTES = BLOCK_BYTES  # of a longer line only the beginning is kept
LAST_LINES_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class LogFiles:
    """Paths as reported by PM2, empty if it writes no file, and the format of what it writes."""

    out: str
    err: str
    format: LineFormat = NO_FORMAT


def file_size(path: Path) -> int | None:
    """Size in bytes; None if the file is missing or inaccessible."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def identify(path: Path) -> tuple[int, int] | None:
    """Device and inode: equal for all paths of a file. None if it is missing, inaccessible, or not a regular file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def read_backwards(path: Path, deadline_s: float = float("inf")) -> Iterator[str]:
    """Yields the lines, last one first. Nothing of what is not a regular file: opening a named pipe would block.

    The file is read in blocks of `BLOCK_BYTES`. A hole, or a block of zeros only, is skipped; it separates lines.
    Raises OSError if the file is unreadable, TimeoutError between blocks after `deadline_s` (monotonic).
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            for line in _split_backwards(_read_blocks(descriptor, status.st_size, deadline_s)):
                yield line.lstrip(b"\0").removesuffix(b"\r").decode(errors="replace")
    finally:
        os.close(descriptor)


def _read_blocks(descriptor: int, size: int, deadline_s: float) -> Iterator[bytes]:
    """The blocks of a file, last one first; an empty one in place of zeros. Raises OSError, TimeoutError."""
    position = size
    while position > 0:
        if time.monotonic() > deadline_s:
            raise TimeoutError
        data_end = _skip_hole(descriptor, position)
        if data_end < position:
            position = data_end
            yield b""
            continue
        start = max(0, position - BLOCK_BYTES)
        block = os.pread(descriptor, position - start, start)
        position = start
        yield block if block.strip(b"\0") else b""


def _skip_hole(descriptor: int, end: int) -> int:
    """The end of the data before `end`, accurate to a block: `end` itself unless a hole of a block or more ends there.

    The step grows while there is a hole, so that a hole of any size takes few calls.
    """
    step = BLOCK_BYTES
    while end > 0:
        start = max(0, end - step)
        data = _find_data(descriptor, start)
        if data is None or data >= end:
            end, step = start, 2 * step
        elif step > BLOCK_BYTES:
            step //= 2
        else:
            break
    return end


def _find_data(descriptor: int, start: int) -> int | None:
    """The first position from `start` on that is not in a hole; None if there is none. `start` itself on a file system
    that does not know holes."""
    try:
        return os.lseek(descriptor, start, os.SEEK_DATA)
    except OSError as error:
        return None if error.errno == errno.ENXIO else start


def _split_backwards(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The lines in blocks that are given last one first. A hole may have left zeros before a line, in its block.
    `pending`: the beginning of a line, as far as it is read."""
    pending: bytes | None = None
    for block in blocks:
        if not block:
            if pending is not None:
                yield pending
            pending = None
            continue
        first, *others = block.split(b"\n")
        if others:
            last = others.pop()
            if last.strip(b"\0") or pending is not None:  # nothing begins after the end of the last line
                yield (last + (pending or b"")).lstrip(b"\0")[:MAX_LINE_BYTES]
            yield from reversed(others)
            pending = first
        else:
            pending = (block.lstrip(b"\0") + (pending or b""))[:MAX_LINE_BYTES]
    if pending is not None:
        yield pending


def read_last_lines(path: Path, count: int) -> list[str]:
    """The last lines, oldest first; fewer if reading them takes longer than `LAST_LINES_TIMEOUT_S`, none if the file is
    unreadable."""
    lines: list[str] = []
    with suppress(OSError):  # of which TimeoutError is one
        for line in read_backwards(path, time.monotonic() + LAST_LINES_TIMEOUT_S):
            lines.append(line)
            if len(lines) == count:
                break
    return lines[::-1]

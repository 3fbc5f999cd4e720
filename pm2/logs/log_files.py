"""Reads PM2's log files backwards, in blocks and only as far as needed. [io: log files]"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

BLOCK_BYTES = 64 * 1024
MAX_LINE_BYTES = 256 * 1024  # of a longer line only the end is kept
# The prefix that `log_date_format` and `--time` write, followed by a colon.
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?: ?(Z|[+-]\d\d:?\d\d))?: ?")


@dataclass(frozen=True, slots=True)
class LogFiles:
    """Paths as reported by PM2; empty if it writes no file."""

    out: str
    err: str


def file_size(path: Path) -> int | None:
    """Size in bytes; None if the file is missing or inaccessible."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def read_backwards(path: Path, end: int | None = None) -> Iterator[str]:
    """Yields the lines before byte `end` (default: the end of the file), last one first. Empty if unreadable."""
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        size = file.seek(0, os.SEEK_END)
        position = size if end is None else min(end, size)
        if position == 0:
            return
        file.seek(position - 1)
        if file.read(1) == b"\n":  # ends the last line; no other line starts here
            position -= 1
        rest = b""
        while position > 0:
            step = min(BLOCK_BYTES, position)
            position -= step
            file.seek(position)
            lines = (file.read(step) + rest).split(b"\n")
            rest = lines[0][-MAX_LINE_BYTES:]
            for line in reversed(lines[1:]):
                yield _decode(line)
        yield _decode(rest)


def _decode(line: bytes) -> str:
    return line.removesuffix(b"\r").decode(errors="replace")


def read_last_lines(path: Path, count: int) -> list[str]:
    """The last lines, oldest first; empty if the file is unreadable."""
    lines = []
    for line in read_backwards(path):
        lines.append(line)
        if len(lines) == count:
            break
    return lines[::-1]


def split_timestamp(line: str) -> tuple[datetime | None, str]:
    """The timestamp that PM2 wrote before a line, and the line without it. Without a zone it is local time."""
    match = _TIMESTAMP.match(line)
    if not match:
        return None, line
    try:
        at = datetime.fromisoformat(match[1] + (match[2] or ""))
    except ValueError:
        return None, line
    return at.astimezone(UTC), line[match.end() :]

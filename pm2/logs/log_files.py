"""PM2's log files, read from their end, in pieces, as far as is needed and no further. [io: log files]"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

BLOCK_BYTES = 64 * 1024
LONGEST_LINE_BYTES = 256 * 1024  # what is longer is shown from its end
# `log_date_format` and `--time` write one of these in front, and a colon behind.
_TIME = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?: ?(Z|[+-]\d\d:?\d\d))?: ?")


@dataclass(frozen=True, slots=True)
class LogFiles:
    """Paths as PM2 says them; empty where it keeps none."""

    out: str
    err: str


def size(path: Path) -> int | None:
    """Bytes; None when there is no such file or it may not be read."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def backwards(path: Path, end: int | None = None) -> Iterator[str]:
    """The lines before byte `end` (the file's end by default), the last one first. Nothing when it cannot be read."""
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
        if file.read(1) == b"\n":  # the end of the last line, not the beginning of another
            position -= 1
        rest = b""
        while position > 0:
            step = min(BLOCK_BYTES, position)
            position -= step
            file.seek(position)
            lines = (file.read(step) + rest).split(b"\n")
            rest = lines[0][-LONGEST_LINE_BYTES:]
            for line in reversed(lines[1:]):
                yield _text(line)
        yield _text(rest)


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode(errors="replace")


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines, oldest first; empty when it cannot be read."""
    found = []
    for line in backwards(path):
        found.append(line)
        if len(found) == count:
            break
    return found[::-1]


def split_time(line: str) -> tuple[datetime | None, str]:
    """The time that PM2 has written in front of a line, and the line without it. Without a zone it is local time."""
    found = _TIME.match(line)
    if not found:
        return None, line
    try:
        moment = datetime.fromisoformat(found[1] + (found[2] or ""))
    except ValueError:
        return None, line
    return moment.astimezone(UTC), line[found.end() :]

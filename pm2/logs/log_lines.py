"""Assembles lines from the chunks on PM2's bus, which are split at any position. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pm2.daemon.bus_events import LogChunk

MAX_LINE_CHARACTERS = 16 * 1024  # longer lines are split
PARTIAL_LINE_TIMEOUT_S = 0.3  # wait for the rest of a line


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. `at`: when PM2 received it; None if read from a file without times."""

    at: Annotated[datetime | None, "null: from before this server started, in a file without times"]
    pm_id: Annotated[int | None, "null: from a file shared by several instances"]
    name: Annotated[str, "Several names, with a comma between them, if it is from a file that their apps share"]
    stream: Annotated[str | None, ("out", "err"), "null: from a file that both streams share"]
    text: str


@dataclass(slots=True)
class _PartialLine:
    name: str
    at_ms: float
    text: str
    received_s: float


class LineAssembler:
    """Joins chunks into lines, separately for each process and stream."""

    def __init__(self) -> None:
        self._partial_lines: dict[tuple[int, str], _PartialLine] = {}

    def add_chunk(self, chunk: LogChunk, now_s: float) -> list[LogLine]:
        """The lines completed by `chunk`, which came at `now_s` by the monotonic clock."""
        key = (chunk.pm_id, chunk.stream)
        partial = self._partial_lines.pop(key, None)
        pieces = ((partial.text if partial else "") + chunk.data).split("\n")
        rest = pieces.pop()
        if rest:
            self._partial_lines[key] = _PartialLine(chunk.name, chunk.at_ms, rest[-MAX_LINE_CHARACTERS:], now_s)
            if len(rest) > MAX_LINE_CHARACTERS:
                pieces.append(rest[:-MAX_LINE_CHARACTERS])
        at = _to_datetime(chunk.at_ms)
        return [
            _line(at, chunk.pm_id, chunk.name, chunk.stream, text) for piece in pieces for text in _split_long(piece)
        ]

    def take_overdue(self, now_s: float) -> list[LogLine]:
        """Removes and returns partial lines that were not completed in time: a prompt, or a process's last output."""
        overdue = [
            key for key, partial in self._partial_lines.items() if now_s - partial.received_s >= PARTIAL_LINE_TIMEOUT_S
        ]
        lines = []
        for key in overdue:
            partial = self._partial_lines.pop(key)
            lines.append(_line(_to_datetime(partial.at_ms), key[0], partial.name, key[1], partial.text))
        return lines


def _line(at: datetime, pm_id: int, name: str, stream: str, text: str) -> LogLine:
    return LogLine(at, pm_id, name, stream, text.removesuffix("\r"))


def _split_long(piece: str) -> list[str]:
    if len(piece) <= MAX_LINE_CHARACTERS:
        return [piece]
    return [piece[start : start + MAX_LINE_CHARACTERS] for start in range(0, len(piece), MAX_LINE_CHARACTERS)]


def _to_datetime(at_ms: float) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)

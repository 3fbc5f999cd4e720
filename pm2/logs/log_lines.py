"""Lines out of the pieces that PM2 hands on: cut anywhere, several at once, of many processes. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pm2.daemon.bus_events import LogChunk

LINE_CHARACTERS = 16 * 1024  # what is longer is cut into lines of this length
HALF_LINE_S = 0.3  # how long the rest of a line is waited for


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. `at`: when PM2 got it; None for one that is read from a file without times. `pm_id`: None where
    several instances write into one file."""

    at: datetime | None
    pm_id: int | None
    name: str
    stream: str
    text: str


@dataclass(slots=True)
class _Half:
    name: str
    at_ms: float
    text: str


class Assembler:
    """Puts together what belongs together, for each process and stream."""

    def __init__(self) -> None:
        self._halves: dict[tuple[int, str], _Half] = {}

    def take(self, chunk: LogChunk) -> list[LogLine]:
        """The lines that `chunk` completes."""
        key = (chunk.pm_id, chunk.stream)
        half = self._halves.pop(key, None)
        pieces = ((half.text if half else "") + chunk.data).split("\n")
        rest = pieces.pop()
        if rest:
            self._halves[key] = _Half(chunk.name, chunk.at_ms, rest[-LINE_CHARACTERS:])
            if len(rest) > LINE_CHARACTERS:
                pieces.append(rest[:-LINE_CHARACTERS])
        moment = _moment(chunk.at_ms)
        return [_line(moment, chunk.pm_id, chunk.name, chunk.stream, cut) for piece in pieces for cut in _cut(piece)]

    def overdue(self, now_ms: float) -> list[LogLine]:
        """Halves whose rest did not come: a prompt, or the last words of a process."""
        due = [key for key, half in self._halves.items() if now_ms - half.at_ms >= 1000 * HALF_LINE_S]
        lines = []
        for key in due:
            half = self._halves.pop(key)
            lines.append(_line(_moment(half.at_ms), key[0], half.name, key[1], half.text))
        return lines


def _line(at: datetime, pm_id: int, name: str, stream: str, text: str) -> LogLine:
    return LogLine(at, pm_id, name, stream, text.removesuffix("\r"))


def _cut(piece: str) -> list[str]:
    if len(piece) <= LINE_CHARACTERS:
        return [piece]
    return [piece[start : start + LINE_CHARACTERS] for start in range(0, len(piece), LINE_CHARACTERS)]


def _moment(at_ms: float) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)

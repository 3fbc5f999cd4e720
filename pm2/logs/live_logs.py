"""The newest lines of everything under PM2, as they are written: kept, counted, handed on."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from pm2.daemon.bus_events import LogChunk
from pm2.logs.log_lines import Assembler, LogLine
from system.lib.feed import Feed

KEPT_LINES = 10_000
KEPT_BYTES = 8 * 2**20
LINE_OVERHEAD_BYTES = 200
LAST_WORDS = 20  # lines of stderr that are kept for each process, for when it ends
RATE_WINDOW_S = 10.0

feed: Feed[LogLine] = Feed(
    "lines",
    max_items=KEPT_LINES,
    max_bytes=KEPT_BYTES,
    filters={
        "framework": lambda line, name: line.name == name,
        "stream": lambda line, stream: line.stream == stream,
        "search": lambda line, text: text.lower() in line.text.lower(),
    },
    choices={"stream": ("out", "err")},
)


@dataclass(slots=True)
class _Meter:
    """Lines and bytes of the last `RATE_WINDOW_S`, in ten parts."""

    parts: deque[tuple[float, int, int]] = field(default_factory=deque)

    def add(self, now_s: float, lines: int, size: int) -> None:
        if self.parts and now_s - self.parts[-1][0] < RATE_WINDOW_S / 10:
            at, before, before_size = self.parts.pop()
            self.parts.append((at, before + lines, before_size + size))
        else:
            self.parts.append((now_s, lines, size))
        self._forget(now_s)

    def _forget(self, now_s: float) -> None:
        while self.parts and now_s - self.parts[0][0] > RATE_WINDOW_S:
            self.parts.popleft()

    def rates(self, now_s: float) -> tuple[float, float]:
        self._forget(now_s)
        lines, size = sum(part[1] for part in self.parts), sum(part[2] for part in self.parts)
        return round(lines / RATE_WINDOW_S, 1), round(size / RATE_WINDOW_S, 1)


class LogTaker:
    """Takes what the bus brings. One for each connection to a daemon."""

    def __init__(self) -> None:
        self._assembler = Assembler()
        self._meters: dict[tuple[str, str], _Meter] = {}
        self._last_words: dict[int, deque[tuple[float, str]]] = {}

    def take(self, chunk: LogChunk) -> None:
        lines = self._assembler.take(chunk)
        meter = self._meters.setdefault((chunk.name, chunk.stream), _Meter())
        meter.add(time.monotonic(), len(lines), len(chunk.data))
        self._keep(lines)

    def flush(self) -> None:
        """Half lines whose rest does not come."""
        self._keep(self._assembler.overdue(1000 * time.time()))

    def _keep(self, lines: list[LogLine]) -> None:
        if not lines:
            return
        for line in lines:
            if line.stream == "err" and line.pm_id is not None:
                words = self._last_words.setdefault(line.pm_id, deque(maxlen=2 * LAST_WORDS))
                words.append((1000 * line.at.timestamp() if line.at else 0.0, line.text))
        feed.append(lines, [len(line.text) + LINE_OVERHEAD_BYTES for line in lines])

    def last_words(self, pm_id: int, before_ms: float) -> tuple[str, ...]:
        """The last lines of stderr of a process until then; each is told once."""
        self.flush()
        words = self._last_words.get(pm_id, ())
        told = [text for at_ms, text in words if at_ms <= before_ms]
        self._last_words[pm_id] = deque((word for word in words if word[0] > before_ms), maxlen=2 * LAST_WORDS)
        return tuple(told[-LAST_WORDS:])

    def rates(self, name: str, stream: str) -> tuple[float, float]:
        """Lines and bytes per second."""
        meter = self._meters.get((name, stream))
        return meter.rates(time.monotonic()) if meter else (0.0, 0.0)

    def forget(self, names: set[str]) -> None:
        """Keep only what belongs to processes that are still there."""
        self._meters = {key: meter for key, meter in self._meters.items() if key[0] in names}

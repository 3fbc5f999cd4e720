"""Collects live log lines from the bus: a bounded feed, rates, and the last stderr lines of each process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from pm2.daemon.bus_events import LogChunk
from pm2.daemon.process import Key
from pm2.logs.line_formats import NO_FORMAT, LineFormat
from pm2.logs.log_lines import LineAssembler, LogLine
from system.lib.feed import Feed

MAX_LINES = 10_000
MAX_BYTES = 8 * 2**20
LINE_OVERHEAD_BYTES = 200
STDERR_LINES = 20  # last lines of stderr stored with an exit
RATE_WINDOW_S = 10.0

feed: Feed[LogLine] = Feed(
    "lines",
    max_items=MAX_LINES,
    max_bytes=MAX_BYTES,
    filters={
        "framework": lambda line, name: line.name == name,
        "stream": lambda line, stream: line.stream == stream,
        "search": lambda line, text: text.casefold() in line.text.casefold(),
    },
    choices={"stream": ("out", "err")},
)


@dataclass(slots=True)
class _RateMeter:
    """Lines and bytes of the last `RATE_WINDOW_S`, in ten buckets."""

    buckets: deque[tuple[float, int, int]] = field(default_factory=deque)

    def add(self, now_s: float, lines: int, size: int) -> None:
        if self.buckets and now_s - self.buckets[-1][0] < RATE_WINDOW_S / 10:
            started_s, bucket_lines, bucket_size = self.buckets.pop()
            self.buckets.append((started_s, bucket_lines + lines, bucket_size + size))
        else:
            self.buckets.append((now_s, lines, size))
        self._expire(now_s)

    def _expire(self, now_s: float) -> None:
        while self.buckets and now_s - self.buckets[0][0] > RATE_WINDOW_S:
            self.buckets.popleft()

    def rates(self, now_s: float) -> tuple[float, float]:
        self._expire(now_s)
        lines, size = sum(bucket[1] for bucket in self.buckets), sum(bucket[2] for bucket in self.buckets)
        return round(lines / RATE_WINDOW_S, 1), round(size / RATE_WINDOW_S, 1)


class LogCollector:
    """Assembles chunks from the bus into lines. One for each monitored daemon."""

    def __init__(self) -> None:
        self.formats: Mapping[Key, LineFormat] = {}  # the monitor replaces them with each list
        self._assembler = LineAssembler()
        self._meters: dict[tuple[str, str], _RateMeter] = {}
        self.stderr_position = 0  # the number of the last line of stderr, of all processes
        self._stderr: dict[int, deque[tuple[int, float, str]]] = {}  # number, PM2's time (ms), text

    def add_chunk(self, chunk: LogChunk) -> None:
        now_s = time.monotonic()
        lines = self._assembler.add_chunk(chunk, now_s)
        meter = self._meters.setdefault((chunk.name, chunk.stream), _RateMeter())
        meter.add(now_s, len(lines), len(chunk.data))
        self._publish(lines)

    def flush(self) -> None:
        """Publishes partial lines that were not completed in time."""
        self._publish(self._assembler.take_overdue(time.monotonic()))

    def _publish(self, raw_lines: list[LogLine]) -> None:
        lines = [line for raw in raw_lines for line in self._parse(raw)]
        if not lines:
            return
        for line in lines:
            if line.stream == "err" and line.pm_id is not None:
                stderr = self._stderr.setdefault(line.pm_id, deque(maxlen=2 * STDERR_LINES))
                self.stderr_position += 1
                stderr.append((self.stderr_position, 1000 * line.at.timestamp() if line.at else 0.0, line.text))
        feed.append(lines, [len(line.text) + LINE_OVERHEAD_BYTES for line in lines])

    def _parse(self, raw: LogLine) -> list[LogLine]:
        """The lines of the app in a line of PM2, with the time of the bus, which is more precise."""
        line_format = self.formats.get((raw.name, raw.pm_id or 0), NO_FORMAT)
        if line_format.is_bare(raw.text):
            return [raw]
        return [LogLine(raw.at, raw.pm_id, raw.name, raw.stream, item.text) for item in line_format.parse(raw.text)]

    def take_stderr(self, pm_id: int, position: int, before_ms: float) -> tuple[str, ...]:
        """Removes and returns the last lines of stderr of a process: those up to the number `position`, whatever their
        times are, and later ones up to PM2's time `before_ms`."""
        self.flush()
        lines = self._stderr.pop(pm_id, ())
        due = [line for line in lines if line[0] <= position or line[1] <= before_ms]
        if left := [line for line in lines if line not in due]:
            self._stderr[pm_id] = deque(left, maxlen=2 * STDERR_LINES)
        return tuple(text for _, _, text in due[-STDERR_LINES:])

    def rates(self, name: str, stream: str) -> tuple[float, float]:
        """Lines and bytes per second."""
        meter = self._meters.get((name, stream))
        return meter.rates(time.monotonic()) if meter else (0.0, 0.0)

    def prune_rates(self, names: set[str]) -> None:
        """Drops the rates of processes that are no longer listed."""
        self._meters = {key: meter for key, meter in self._meters.items() if key[0] in names}

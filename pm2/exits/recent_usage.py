"""Keeps the last minute of CPU and memory of every process, to be stored with its exit."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

from pm2.daemon.process import Process
from pm2.exits.classify import UsageSample

WINDOW_S = 60.0
MIN_INTERVAL_S = 0.9  # streams may sample four times a second; the history keeps at most about one sample a second


class UsageHistory:
    """Samples per process and run; runs are distinguished by pid."""

    def __init__(self) -> None:
        self._points: dict[tuple[int, int], deque[tuple[float, float, int]]] = {}

    def record(self, processes: Iterable[Process]) -> None:
        now = time.monotonic()
        for process in processes:
            if process.pid > 0:
                points = self._points.setdefault((process.pm_id, process.pid), deque())
                if not points or now - points[-1][0] >= MIN_INTERVAL_S:
                    points.append((now, process.cpu, process.memory_bytes))
        self._points = {key: recent for key, points in self._points.items() if (recent := _drop_expired(points, now))}

    def last_minute(self, pm_id: int, pid: int) -> tuple[UsageSample, ...]:
        """Oldest first; empty if the process was never sampled."""
        now = time.monotonic()
        points = self._points.get((pm_id, pid), ())
        return tuple(UsageSample(round(now - at, 1), cpu, memory) for at, cpu, memory in points if now - at <= WINDOW_S)


def _drop_expired(points: deque[tuple[float, float, int]], now: float) -> deque[tuple[float, float, int]]:
    while points and now - points[0][0] > WINDOW_S:
        points.popleft()
    return points

"""CPU and memory of the last minute of everything under PM2: what a black box shows of an end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

from pm2.daemon.process import Process
from pm2.exits.classify import Sample

KEPT_S = 60.0
CLOSEST_S = 0.9  # streams may sample four times a second; a curve needs no more than one point


class Curves:
    """Points per process and life, told apart by pid."""

    def __init__(self) -> None:
        self._points: dict[tuple[int, int], deque[tuple[float, float, int]]] = {}

    def note(self, processes: Iterable[Process]) -> None:
        now = time.monotonic()
        for each in processes:
            if each.pid > 0:
                points = self._points.setdefault((each.pm_id, each.pid), deque())
                if not points or now - points[-1][0] >= CLOSEST_S:
                    points.append((now, each.cpu, each.memory_bytes))
        self._points = {key: kept for key, points in self._points.items() if (kept := _recent(points, now))}

    def last_minute(self, pm_id: int, pid: int) -> tuple[Sample, ...]:
        """Oldest first; empty for a process that was never sampled."""
        now = time.monotonic()
        points = self._points.get((pm_id, pid), ())
        return tuple(Sample(round(now - at, 1), cpu, memory) for at, cpu, memory in points)


def _recent(points: deque[tuple[float, float, int]], now: float) -> deque[tuple[float, float, int]]:
    while points and now - points[0][0] > KEPT_S:
        points.popleft()
    return points

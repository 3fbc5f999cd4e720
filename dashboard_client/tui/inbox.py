"""Where the network's events wait for the screen: bounded, and of a gauge only the newest."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict, deque

from dashboard_client.tui.model.events import Event, Metric, Missed

GAUGES = frozenset({"system:metrics", "pm2:stats", "redis:stats", "benchmark:progress"})
KEPT = 2000


class Inbox:
    """Threads put, the screen takes; `wake` is a descriptor that is ready when something is there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gauges: OrderedDict[str, Metric] = OrderedDict()
        self._others: deque[Event] = deque()
        self._lost: dict[str, int] = {}
        self.wake, self._waker = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(self._waker, False)

    def put(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, Metric) and event.stream in GAUGES:
                self._gauges[event.stream] = event
            else:
                if not isinstance(event, Metric):  # a lost connection comes after what was heard before
                    self._others.extend(self._gauges.values())
                    self._gauges.clear()
                self._others.append(event)
                if len(self._others) > KEPT:
                    self._lose_one()
        self.ring()

    def _lose_one(self) -> None:
        for index, event in enumerate(self._others):
            if isinstance(event, Metric):
                del self._others[index]
                self._lost[event.stream] = self._lost.get(event.stream, 0) + 1
                return

    def ring(self) -> None:
        try:
            os.write(self._waker, b"\0")
        except BlockingIOError:  # it is full of reasons to wake up already
            return

    def take(self, limit: int) -> list[Event]:
        """At most `limit` events, oldest first, and the newest of each gauge."""
        try:
            while os.read(self.wake, 4096):
                pass
        except BlockingIOError:
            pass
        with self._lock:
            taken: list[Event] = [self._others.popleft() for _ in range(min(limit, len(self._others)))]
            taken += [Missed(stream, None) for stream in self._lost]
            taken += self._gauges.values()
            self._lost.clear()
            self._gauges.clear()
            more = bool(self._others)
        if more:
            self.ring()
        return taken

    def close(self) -> None:
        os.close(self.wake)
        os.close(self._waker)

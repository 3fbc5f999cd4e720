"""Bounded queue of events for the screen; keeps only the latest value of each gauge stream."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict, deque

from dashboard_client.tui.model.events import Event, Missed, StreamData

GAUGES = frozenset({"system:metrics", "pm2:stats", "redis:stats", "benchmark:progress"})
MAX_QUEUED = 2000


class Inbox:
    """Thread-safe. `wake` is a file descriptor, readable while events are queued."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gauges: OrderedDict[str, StreamData] = OrderedDict()
        self._queue: deque[Event] = deque()
        self._lost: dict[str, int] = {}
        self.wake, self._wake_sender = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(self._wake_sender, False)

    def put(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, StreamData) and event.stream in GAUGES:
                self._gauges[event.stream] = event
            else:
                if not isinstance(event, StreamData):  # keeps a disconnect after the values received before it
                    self._queue.extend(self._gauges.values())
                    self._gauges.clear()
                self._queue.append(event)
                if len(self._queue) > MAX_QUEUED:
                    self._drop_oldest_stream_data()
        self.wake_up()

    def _drop_oldest_stream_data(self) -> None:
        for index, event in enumerate(self._queue):
            if isinstance(event, StreamData):
                del self._queue[index]
                self._lost[event.stream] = self._lost.get(event.stream, 0) + 1
                return

    def wake_up(self) -> None:
        try:
            os.write(self._wake_sender, b"\0")
        except BlockingIOError:  # the pipe is full, so it is already readable
            return

    def take(self, limit: int) -> list[Event]:
        """At most `limit` queued events, oldest first, then the latest value of each gauge."""
        try:
            while os.read(self.wake, 4096):
                pass
        except BlockingIOError:
            pass
        with self._lock:
            taken: list[Event] = [self._queue.popleft() for _ in range(min(limit, len(self._queue)))]
            taken += [Missed(stream, None) for stream in self._lost]
            taken += self._gauges.values()
            self._lost.clear()
            self._gauges.clear()
            has_more = bool(self._queue)
        if has_more:
            self.wake_up()
        return taken

    def close(self) -> None:
        os.close(self.wake)
        os.close(self._wake_sender)

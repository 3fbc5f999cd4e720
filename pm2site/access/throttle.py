"""Limits invalid credentials per address, against brute force."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque

from pm2site.errors import TooManyAttempts

MAX_FAILURES = 10
WINDOW_S = 60.0
MAX_ADDRESSES = 10_000  # beyond this the least recently failed address is dropped


class Attempts:
    """Times of the failed attempts of the last minute, per address."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, address: str) -> None:
        """Counts an attempt as failed, before anything slow decides whether it is. Raises TooManyAttempts."""
        now = time.monotonic()
        with self._lock:
            times = self._recent(address, now)
            if len(times) >= MAX_FAILURES:
                raise TooManyAttempts(max(1.0, times[0] + WINDOW_S - now))
            times.append(now)
            self._failures.move_to_end(address)
            while len(self._failures) > MAX_ADDRESSES:
                self._failures.popitem(last=False)

    def withdraw(self, address: str) -> None:
        """The last counted attempt was right after all."""
        with self._lock:
            times = self._failures.get(address)
            if times:
                times.pop()

    def clear(self) -> None:
        with self._lock:
            self._failures.clear()

    def _recent(self, address: str, now: float) -> deque[float]:
        times = self._failures.setdefault(address, deque(maxlen=MAX_FAILURES))
        while times and now - times[0] > WINDOW_S:
            times.popleft()
        return times


attempts = Attempts()

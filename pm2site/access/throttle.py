"""Counts wrong keys per address, so that nobody can guess at leisure."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque

from pm2site.errors import TooManyAttempts

ALLOWED = 10
WINDOW_S = 60.0
ADDRESSES = 10_000  # the longest-silent address is forgotten beyond this


class Attempts:
    """Times of the wrong attempts of the last minute, per address."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, address: str) -> None:
        """Raises TooManyAttempts."""
        now = time.monotonic()
        with self._lock:
            times = self._recent(address, now)
            if len(times) >= ALLOWED:
                raise TooManyAttempts(max(1.0, times[0] + WINDOW_S - now))

    def failed(self, address: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._recent(address, now).append(now)
            self._failures.move_to_end(address)
            while len(self._failures) > ADDRESSES:
                self._failures.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._failures.clear()

    def _recent(self, address: str, now: float) -> deque[float]:
        times = self._failures.setdefault(address, deque(maxlen=ALLOWED))
        while times and now - times[0] > WINDOW_S:
            times.popleft()
        return times


attempts = Attempts()

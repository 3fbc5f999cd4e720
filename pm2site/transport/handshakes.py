"""WebSocket handshakes in slices of time, so that a burst of them does not hold up other requests."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

SLICE_S = 0.01  # a handshake takes 1 to 3 ms


class HandshakeQueue:
    """Starts handshakes in their order; between two slices, the event loop does what else there is to do."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: deque[Callable[[], object]] = deque()

    def add(self, start: Callable[[], object]) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._run_slice)
        self._waiting.append(start)

    def _run_slice(self) -> None:
        deadline_s = self._clock() + SLICE_S
        try:
            while self._waiting and self._clock() < deadline_s:
                self._waiting.popleft()()
        finally:
            if self._waiting:
                asyncio.get_running_loop().call_soon(self._run_slice)

"""What this server itself costs: CPU, memory, sockets, and the delay of its event loop. [io: /proc]"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LAG_INTERVAL_S = 0.5


def _no_sockets() -> int:
    return 0


_socket_count: Callable[[], int] = _no_sockets


def set_socket_count(count: Callable[[], int]) -> None:
    """How many WebSockets are open."""
    global _socket_count
    _socket_count = count


def open_sockets() -> int:
    return _socket_count()


@dataclass(frozen=True, slots=True)
class OwnCost:
    """`cpu`: percent of one core since the last sample, None for the first; `loop_lag_ms`: the longest delay of the
    event loop since then, None if it was not measured."""

    cpu: float | None
    memory_bytes: int | None
    sockets: int
    loop_lag_ms: float | None


class LoopLag:
    """The longest time by which a timer of the event loop came late."""

    def __init__(self) -> None:
        self._longest_s: float | None = None

    async def measure(self) -> None:
        """Measures until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + LAG_INTERVAL_S
            await asyncio.sleep(LAG_INTERVAL_S)
            self._longest_s = max(self._longest_s or 0.0, loop.time() - due_s)

    def take_ms(self) -> float | None:
        """The longest since the last call; None if there was no measurement."""
        longest_s, self._longest_s = self._longest_s, None
        return None if longest_s is None else round(1000 * max(0.0, longest_s), 3)


loop_lag = LoopLag()
_before: tuple[float, float] | None = None  # monotonic time and CPU seconds of the last sample


async def sample() -> OwnCost:
    global _before
    times = os.times()
    now_s, cpu_s = time.monotonic(), times.user + times.system
    before, _before = _before, (now_s, cpu_s)
    cpu = None if before is None or now_s <= before[0] else 100 * (cpu_s - before[1]) / (now_s - before[0])
    return OwnCost(cpu, _resident_bytes(), _socket_count(), loop_lag.take_ms())


def _resident_bytes() -> int | None:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")

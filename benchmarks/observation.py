"""Watches generator and target while a trial goes on: live rate, CPU of both sides."""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmarks.measurement import Load
from system import sampler


class Watch:
    """One trial seen from outside. The rate is what the generator has read, divided by an answer's size."""

    def __init__(self, target_pids: Sequence[int], workers: int, cpus: int, response_bytes: int) -> None:
        self.target_pids = tuple(target_pids)
        self.generator_cpus = max(1, min(workers, cpus))
        self.target_cpus = max(1, min(len(self.target_pids), cpus))
        self.response_bytes = max(1, response_bytes)
        self.is_fresh = True
        self.target_cpu_s = 0.0
        self._pid = 0
        self._began_s = self._seen_s = time.monotonic()
        self._read_chars: int | None = None
        self._generator_share: float | None = None
        self._target_before_s = 0.0

    async def start(self, pid: int) -> None:
        """Begin with the generator's pid, just after it was started."""
        self._pid = pid
        self._target_before_s = await sampler.cpu_seconds(self.target_pids)
        self._began_s = self._seen_s = time.monotonic()

    async def tick(self) -> float | None:
        """Requests per second since the last tick; the first has nothing to compare with, for programs load."""
        chars, now_s = await sampler.read_chars(self._pid), time.monotonic()
        before, since_s = self._read_chars, now_s - self._seen_s
        self.is_fresh, self._read_chars, self._seen_s = False, chars, now_s
        used_s = await sampler.cpu_seconds([self._pid])
        if used_s and now_s - self._began_s >= 0.4:
            self._generator_share = used_s / (now_s - self._began_s) / self.generator_cpus
        if chars is None or before is None or since_s <= 0:
            return None
        return round(max(0, chars - before) / self.response_bytes / since_s, 1)

    async def load(self, duration_s: float) -> Load:
        """How busy both sides were, after the end."""
        if not self.target_pids or duration_s <= 0:
            return Load(self._generator_share, None)
        used_s = await sampler.cpu_seconds(self.target_pids) - self._target_before_s
        self.target_cpu_s = max(0.0, used_s)
        return Load(self._generator_share, self.target_cpu_s / duration_s / self.target_cpus)

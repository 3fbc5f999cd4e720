"""Watches generator, target, Redis and the host once a second while a trial goes on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.analysis.saturation import Load
from system.host import counters
from system.host.counters import Ledger

REDIS = ("redis-server", "valkey-server")


@dataclass(frozen=True, slots=True)
class Subjects:
    """Whose processes to watch, by the roots of their trees, and how many processors each side could use.

    `is_local`: the target runs on this machine; unless its processes are known, nobody can say what others use.
    """

    target: tuple[int, ...] = ()
    redis: tuple[int, ...] = ()
    is_local: bool = True
    generator_cpus: int = 1
    cpus: int = 1

    @property
    def target_cpus(self) -> int:
        return max(1, min(len(self.target), self.cpus))


@dataclass(frozen=True, slots=True)
class Sample:
    """One second of a trial. Percent of one processor, of all processors for the host; None where nobody can see."""

    trial: int
    seconds: float
    req_per_sec: float | None
    generator_cpu_percent: float
    target_cpu_percent: float | None
    redis_cpu_percent: float | None
    host_cpu_percent: float
    steal_percent: float
    target_memory_bytes: int | None


class Watch:
    """One trial seen from outside. The live rate is what the generator has read, divided by an answer's size."""

    def __init__(self, subjects: Subjects, response_bytes: int, trial: int = 0) -> None:
        self.subjects, self.trial = subjects, trial
        self.response_bytes = max(1, response_bytes)
        self.samples: list[Sample] = []
        self.target_cpu_s = 0.0
        self.target_memory_bytes: int | None = None
        self._pid = 0
        self._first: Ledger
        self._settled: Ledger | None = None
        self._last: Ledger

    async def start(self, pid: int) -> None:
        """Begin with the generator's pid, just after it was started."""
        self._pid = pid
        self._first = self._last = await self._read()

    async def _read(self) -> Ledger:
        groups: dict[str, Sequence[int]] = {
            "generator": (self._pid,), "target": self.subjects.target, "redis": self.subjects.redis,
            "ours": (os.getpid(),),  # this process, and under it the generator and the probe
        }  # fmt: skip
        return await asyncio.to_thread(counters.read, groups)

    async def tick(self) -> Sample:
        """What happened since the last tick. The first has no rate: programs load, and read themselves."""
        before, now = self._last, await self._read()
        self._last = now
        since_s = max(1e-3, now.monotonic_s - before.monotonic_s)
        memory = now.groups["target"].memory_bytes if self.subjects.target else None
        self.target_memory_bytes = max(self.target_memory_bytes or 0, memory) if memory else self.target_memory_bytes
        read_bytes = now.groups["generator"].read_bytes - before.groups["generator"].read_bytes
        is_first, self._settled = self._settled is None, self._settled or now
        total_s = max(1e-3, now.total_s - before.total_s)
        sample = Sample(
            trial=self.trial,
            seconds=round(now.monotonic_s - self._first.monotonic_s, 1),
            req_per_sec=None if is_first else round(max(0, read_bytes) / self.response_bytes / since_s, 1),
            generator_cpu_percent=_percent(before, now, "generator", since_s) or 0.0,
            target_cpu_percent=_percent(before, now, "target", since_s) if self.subjects.target else None,
            redis_cpu_percent=_percent(before, now, "redis", since_s) if self.subjects.redis else None,
            host_cpu_percent=round(100 * max(0.0, now.busy_s - before.busy_s) / total_s, 1),
            steal_percent=round(100 * max(0.0, now.steal_s - before.steal_s) / total_s, 1),
            target_memory_bytes=memory,
        )
        self.samples.append(sample)
        return sample

    async def end(self) -> Load:
        """How busy everybody was, between the first tick and the last: the generator is gone by now."""
        end = await self._read()
        if self.subjects.target:
            self.target_cpu_s = max(0.0, end.groups["target"].cpu_s - self._first.groups["target"].cpu_s)
        settled = self._settled if self._settled is not self._last else None
        return _load(settled or self._first, self._last, self.subjects)


def _used_s(before: Ledger, now: Ledger, group: str) -> float:
    return max(0.0, now.groups[group].cpu_s - before.groups[group].cpu_s)


def _percent(before: Ledger, now: Ledger, group: str, since_s: float) -> float:
    return round(100 * _used_s(before, now, group) / since_s, 1)


def _load(before: Ledger, now: Ledger, subjects: Subjects) -> Load:
    since_s = now.monotonic_s - before.monotonic_s
    if since_s < 0.2:
        return Load()
    generator_s, target_s = _used_s(before, now, "generator"), _used_s(before, now, "target")
    known_s = target_s + _used_s(before, now, "redis") + max(generator_s, _used_s(before, now, "ours"))
    busy_s = max(0.0, now.busy_s - before.busy_s)
    total_s = max(1e-3, now.total_s - before.total_s)
    return Load(
        generator=generator_s / since_s / max(1, subjects.generator_cpus),
        target=target_s / since_s / subjects.target_cpus if subjects.target else None,
        host=busy_s / total_s,
        others_cores=max(0.0, busy_s - known_s) / since_s if subjects.target or not subjects.is_local else None,
        steal=max(0.0, now.steal_s - before.steal_s) / total_s,
        is_throttled=now.throttled > before.throttled,
    )


async def quiet_cores(seconds: float) -> float:
    """Processors that the machine uses before there is any load."""
    before = await asyncio.to_thread(counters.read, {})
    await asyncio.sleep(seconds)
    now = await asyncio.to_thread(counters.read, {})
    return max(0.0, now.busy_s - before.busy_s) / (now.monotonic_s - before.monotonic_s)

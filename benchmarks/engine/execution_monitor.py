"""Samples generator, target, Redis and the host once a second during a trial."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.analysis.saturation import CpuLoad
from system.host import usage_counters
from system.host.usage_counters import HostCounters

REDIS_PROGRAMS = ("redis-server", "valkey-server")


@dataclass(frozen=True, slots=True)
class MonitoredProcesses:
    """The roots of the process trees to sample, and how many processors each side can use.

    `is_local`: the target runs on this machine; the CPU use of other programs is then unknown unless the target's
    processes are known.
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
    """One second of a trial. Percent of one processor, for the host of all processors; None if not measurable."""

    trial: int
    seconds: float
    req_per_sec: float | None
    generator_cpu_percent: float
    target_cpu_percent: float | None
    redis_cpu_percent: float | None
    host_cpu_percent: float | None
    steal_percent: float | None
    target_memory_bytes: int | None


class ExecutionMonitor:
    """Monitors one trial. The live rate is the bytes read by the generator, divided by the size of a response."""

    def __init__(self, monitored: MonitoredProcesses, response_bytes: int, trial: int = 0) -> None:
        self.monitored, self.trial = monitored, trial
        self.response_bytes = max(1, response_bytes)
        self.samples: list[Sample] = []
        self.target_cpu_s = 0.0
        self.target_memory_bytes: int | None = None
        self._pid = 0
        self._first: HostCounters
        self._after_startup: HostCounters | None = None
        self._last: HostCounters

    async def start(self, pid: int) -> None:
        """Take the first reading, just after the generator was started."""
        self._pid = pid
        self._first = self._last = await self._read()

    async def _read(self) -> HostCounters:
        groups: dict[str, Sequence[int]] = {
            "generator": (self._pid,), "target": self.monitored.target, "redis": self.monitored.redis,
            "ours": (os.getpid(),),  # this process, with the generator and the probe as children
        }  # fmt: skip
        return await asyncio.to_thread(usage_counters.read, groups)

    async def take_sample(self) -> Sample:
        """Sample since the previous one. The first has no rate: programs are loading, which counts as read bytes."""
        before, now = self._last, await self._read()
        self._last = now
        since_s = max(1e-3, now.monotonic_s - before.monotonic_s)
        memory = now.groups["target"].memory_bytes if self.monitored.target else None
        self.target_memory_bytes = max(self.target_memory_bytes or 0, memory) if memory else self.target_memory_bytes
        read_bytes = now.groups["generator"].read_bytes - before.groups["generator"].read_bytes
        is_first, self._after_startup = self._after_startup is None, self._after_startup or now
        host = _host_shares(before, now)
        sample = Sample(
            trial=self.trial,
            seconds=round(now.monotonic_s - self._first.monotonic_s, 1),
            req_per_sec=None if is_first else round(max(0, read_bytes) / self.response_bytes / since_s, 1),
            generator_cpu_percent=_cpu_percent(before, now, "generator", since_s) or 0.0,
            target_cpu_percent=_cpu_percent(before, now, "target", since_s) if self.monitored.target else None,
            redis_cpu_percent=_cpu_percent(before, now, "redis", since_s) if self.monitored.redis else None,
            host_cpu_percent=round(100 * host.busy, 1) if host else None,
            steal_percent=round(100 * host.steal, 1) if host else None,
            target_memory_bytes=memory,
        )
        self.samples.append(sample)
        return sample

    async def finish(self) -> CpuLoad:
        """The load between the first and the last sample, because the generator has exited by now."""
        end = await self._read()
        if self.monitored.target:
            self.target_cpu_s = max(0.0, end.groups["target"].cpu_s - self._first.groups["target"].cpu_s)
        begin = self._after_startup if self._after_startup is not self._last else None
        return _cpu_load(begin or self._first, self._last, self.monitored)


def _cpu_s_used(before: HostCounters, now: HostCounters, group: str) -> float:
    return max(0.0, now.groups[group].cpu_s - before.groups[group].cpu_s)


def _cpu_percent(before: HostCounters, now: HostCounters, group: str, since_s: float) -> float:
    return round(100 * _cpu_s_used(before, now, group) / since_s, 1)


def _cpu_load(before: HostCounters, now: HostCounters, monitored: MonitoredProcesses) -> CpuLoad:
    since_s = now.monotonic_s - before.monotonic_s
    if since_s < 0.2:
        return CpuLoad()
    generator_s, target_s = _cpu_s_used(before, now, "generator"), _cpu_s_used(before, now, "target")
    known_s = target_s + _cpu_s_used(before, now, "redis") + max(generator_s, _cpu_s_used(before, now, "ours"))
    host = _host_shares(before, now)
    are_others_known = monitored.target or not monitored.is_local
    return CpuLoad(
        generator=generator_s / since_s / max(1, monitored.generator_cpus),
        target=target_s / since_s / monitored.target_cpus if monitored.target else None,
        host=host.busy if host else None,
        others_cores=max(0.0, host.busy_s - known_s) / since_s if host and are_others_known else None,
        steal=host.steal if host else None,
        is_throttled=now.throttled > before.throttled,
    )


@dataclass(frozen=True, slots=True)
class _HostShares:
    """CPU use of the host between two readings: shares of all processors, and seconds."""

    busy: float
    steal: float
    busy_s: float


def _host_shares(before: HostCounters, now: HostCounters) -> _HostShares | None:
    """None if the host's CPU time is unreadable."""
    if before.cpu is None or now.cpu is None:
        return None
    total_s = max(1e-3, now.cpu.total_s - before.cpu.total_s)
    busy_s = max(0.0, now.cpu.work_s - before.cpu.work_s)
    return _HostShares(busy_s / total_s, max(0.0, now.cpu.steal_s - before.cpu.steal_s) / total_s, busy_s)


async def measure_background_cores(seconds: float) -> float | None:
    """Processors in use on the machine before the load starts; None if unreadable."""
    before = await asyncio.to_thread(usage_counters.read, {})
    await asyncio.sleep(seconds)
    now = await asyncio.to_thread(usage_counters.read, {})
    host = _host_shares(before, now)
    return host.busy_s / (now.monotonic_s - before.monotonic_s) if host else None

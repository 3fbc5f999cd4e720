"""Values of 463 series as 100 processes, 12 Redis nodes and a host would have them: noise, bursts, leaks, restarts."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

from monitoring.series.catalogue import CATALOGUE, SeriesKey, SubjectKind
from monitoring.series.resolution import DAY_S
from monitoring.store.step_row import Summary

APPS, INSTANCES, NODES = 20, 5, 12
Source = Callable[[float, int], Summary]  # factor of the time of day, reach of the extremes → values of a step
NOISE = 1 << 16
UNIT = 256  # of the noise: a standard deviation

SUBJECTS = {
    SubjectKind.NONE: [""],
    SubjectKind.APP: [f"app-{app}" for app in range(APPS)],
    SubjectKind.INSTANCE: [f"app-{number // INSTANCES}:{number}" for number in range(APPS * INSTANCES)],
    SubjectKind.NODE: [str(7000 + number) for number in range(NODES)],
}  # fmt: skip
KEYS = [SeriesKey(metric.name, subject) for metric in CATALOGUE.values() for subject in SUBJECTS[metric.subject]]
# Level and deviation of what is neither memory nor steady, in multiples of the quantum.
NOISY = {
    "cpu": (120, 25), "networkIn": (800_000, 120_000), "networkOut": (2_500_000, 400_000), "load": (80, 6),
    "ops": (25_000, 2_000), "eventLoopMs": (60, 18), "latencyMs": (25, 6), "lagBytes": (900, 400),
    "loopLagMs": (150, 60), "disk": (430, 0), "swap": (1_600, 0), "sockets": (2_000, 60), "connections": (4_200, 120),
}  # fmt: skip


class Simulation:
    """`values` continues all series by one step."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._noise = [round(UNIT * self._random.gauss(0, 1)) for _ in range(NOISE)]
        self._position = 0
        self._sources = {key: self._source(key) for key in KEYS}

    def values(self, at: int, span_s: int) -> dict[SeriesKey, Summary]:
        """`span_s`: the time that the step stands for; two samples in 10 s have a smaller range than 120 in 10 min."""
        daily = 1 + 0.4 * math.sin(2 * math.pi * at / DAY_S)
        reach = round(UNIT * 0.8 * math.log(span_s / 10)) if span_s > 10 else 0
        return {key: source(daily, reach) for key, source in self._sources.items()}

    def _source(self, key: SeriesKey) -> Source:
        measure = key.metric.partition(".")[2]
        if measure == "memory":
            return self._memory(key)
        if measure == "online":
            return self._online()
        level, deviation = NOISY[measure]
        return self._noisy(round(level * self._random.uniform(0.3, 2)), deviation, bursts=measure in ("cpu", "ops"))

    def _noises(self) -> Iterator[int]:
        """Independent of that of other series: each begins at a place of its own, with a stride of its own."""
        noise, position = self._noise, self._random.randrange(NOISE)
        stride = self._random.randrange(1, NOISE, 2)
        while True:
            position = (position + stride) % NOISE
            yield noise[position]

    def _noisy(self, level: int, deviation: int, *, bursts: bool) -> Source:
        noises, burst = self._noises(), 0

        def take(daily: float, reach: int) -> Summary:
            nonlocal burst
            center = level * daily if deviation else level
            if bursts:
                drawn = next(noises)
                burst = 5 * level if drawn > 3 * UNIT else burst * 3 // 4
                center += burst
            first, second = (max(0, round(center + deviation * next(noises) / UNIT)) for _ in range(2))
            low, high = min(first, second), max(first, second)
            extra = deviation * reach // UNIT
            return max(0, low - extra), (first + second) // 2, high + extra

        return take

    def _memory(self, key: SeriesKey) -> Source:
        """Grows, is collected, and begins anew at a restart; that of a host is percent."""
        noises, base = self._noises(), 400 if key.metric == "host.memory" else self._random.randrange(600, 2_400)
        limit, level = base * (1.2 if key.metric == "host.memory" else 3), float(base)
        leak = base / self._random.uniform(20_000, 500_000)

        def take(_daily: float, reach: int) -> Summary:
            nonlocal level
            drawn = next(noises)
            level += leak + drawn * base / (400 * UNIT)
            if level > limit or level < base * 0.8:
                level = float(base)
            value, wide = round(level), abs(drawn) * base // (300 * UNIT) + base * reach // (400 * UNIT)
            return value - wide, value, value + wide

        return take

    def _online(self) -> Source:
        noises = self._noises()

        def take(_daily: float, _reach: int) -> Summary:
            is_restarting = next(noises) > 3.5 * UNIT
            return (
                (100 * (INSTANCES - 1), 100 * INSTANCES - 50, 100 * INSTANCES)
                if is_restarting
                else (100 * INSTANCES,) * 3
            )

        return take

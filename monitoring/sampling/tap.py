"""A sampler with an outlet: each value it returns is also kept as the newest, and handed to observers."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger("monitoring.sampling")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Observation(Generic[T]):
    """A sample. `at`, `monotonic_s`: when sampling ended; `cost_s`: the time that it took."""

    value: T
    at: datetime
    monotonic_s: float
    cost_s: float

    @property
    def age_s(self) -> float:
        return time.monotonic() - self.monotonic_s


class Tap(Generic[T]):
    """Stands in the place of the sampler in `STREAMS`: the value reaches all, no matter whether a client or the
    history samples.

    `samples`, `errors`: how often it was sampled, and failed; `cost_s`: the time of all samples.
    """

    def __init__(self, name: str, sample: Callable[[], Awaitable[T]]) -> None:
        self.name, self._sample = name, sample
        self.newest: Observation[T] | None = None
        self.samples = self.errors = 0
        self.cost_s = 0.0
        self._observers: list[Callable[[Observation[T]], None]] = []

    async def sample(self) -> T:
        """Samples, and hands the value on. Raises the sampler's error."""
        began_s = time.monotonic()
        try:
            value = await self._sample()
        except Exception:
            self.errors += 1
            raise
        now_s = time.monotonic()
        self.samples += 1
        self.cost_s += now_s - began_s
        self.newest = observation = Observation(value, datetime.now(UTC), now_s, now_s - began_s)
        for observer in self._observers:
            try:
                observer(observation)
            except Exception:
                log.exception("observer of samples failed", stream=self.name)
        return value

    def observe(self, observer: Callable[[Observation[T]], None]) -> None:
        """`observer` is called with each sample, on the event loop; it must not block."""
        if observer not in self._observers:
            self._observers.append(observer)

    def ignore(self, observer: Callable[[Observation[T]], None]) -> None:
        """Ends `observe`."""
        if observer in self._observers:
            self._observers.remove(observer)

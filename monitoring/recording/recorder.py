"""Records what the taps observe: collects the values of each step and writes it when it ends."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from asyncio import sleep
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from monitoring.recording import scalars
from monitoring.recording.accumulator import Accumulator
from monitoring.recording.recent_values import RecentValues
from monitoring.recording.wall_clock import WallClock, describe_step, describe_suspension
from monitoring.sampling import taps
from monitoring.sampling.tap import Observation, Tap
from monitoring.series.catalogue import SeriesKey
from monitoring.series.resolution import FINE, HOUR_S
from monitoring.store import metrics_file
from monitoring.store.writer import Event, Step, Writer
from system.lib import locks

log = structlog.get_logger("monitoring.recording")

MAX_WAITING = 360  # steps, an hour of them, while the disk is full or the file is locked
STEADY_S = 600.0  # nothing is dropped for its age before the clock has been steady for so long
TAKE_OVER_S = 5.0
TIDY_AGAIN_S = 60.0  # packing costs up to a second, and fails as long as the disk is full
PAUSE_S = 0.05  # after the end of a step, so that the timer does not come early
Scalars = Callable[[Any], Mapping[SeriesKey, float]]
SOURCES: tuple[tuple[Tap[Any], Scalars], ...] = (
    (taps.host, scalars.host_values),
    (taps.pm2, scalars.pm2_values),
    (taps.redis, scalars.redis_values),
    (taps.own, scalars.own_values),
)


@dataclass(slots=True)
class Recorder:
    """One per DATA_DIR writes; `run` waits until no other server does. `problem`: why steps are not written now;
    `is_suspect`: the file is to be checked, since a reader met damage."""

    path: Path
    lock: Path
    is_recording: bool = False
    problem: str | None = None
    series: int = 0
    dropped_series: int = 0
    lost_steps: int = 0
    is_suspect: bool = False
    recent: dict[str, RecentValues] = field(default_factory=dict)
    _accumulator: Accumulator = field(default_factory=Accumulator)
    _clock: WallClock = field(default_factory=WallClock)
    _slot: int = 0
    _steps: list[Step] = field(default_factory=list)
    _events: list[Event] = field(default_factory=list)
    _writer: Writer | None = None
    _tidied_hour: int = -1
    _began_s: float = 0.0
    _next_attempt_s: float = 0.0

    async def run(self) -> None:
        """Records until it is cancelled; then writes what is pending."""
        with ExitStack() as held:
            while not self._acquire(held):  # noqa: ASYNC110 - the lock is another process's
                await sleep(TAKE_OVER_S)
            thread = ThreadPoolExecutor(1, "metrics")
            try:
                await self._record(thread)
            finally:
                thread.shutdown(wait=False)

    def _acquire(self, held: ExitStack) -> bool:
        """Whether no other server records, and the lock's file can be written."""
        try:
            with ExitStack() as attempt:
                if attempt.enter_context(locks.exclusive(self.lock, "recorder of metrics")) is None:
                    held.push(attempt.pop_all())
                    self._announce(None)
                    return True
        except OSError as error:
            self._announce(str(error))
        return False

    async def _record(self, thread: ThreadPoolExecutor) -> None:
        self._began_s = time.monotonic()
        observers = [(tap, self._observer(tap.name, values)) for tap, values in SOURCES]
        for tap, observer in observers:
            tap.observe(observer)
        self.is_recording = True
        self._events.append(Event(time.time(), "server", "The server began to record."))
        try:
            while True:
                await self._write_ended(thread)
                now_s = time.time()
                await sleep(FINE.step_s - now_s % FINE.step_s + PAUSE_S)
                self._check_clock()
                self._end_step(int(time.time() // FINE.step_s))
        finally:
            self.is_recording = False
            for tap, observer in observers:
                tap.ignore(observer)
            self._end_step(-1)
            await self._write_ended(thread)
            await asyncio.get_running_loop().run_in_executor(thread, self._close)

    def _observer(self, name: str, values_of: Scalars) -> Callable[[Observation[Any]], None]:
        recent = self.recent.setdefault(name, RecentValues())

        def observe(observation: Observation[Any]) -> None:
            values = values_of(observation.value)
            self._check_clock()
            now_s = time.time()
            self._end_step(int(now_s // FINE.step_s))
            self._accumulator.add(values)
            recent.add(now_s, values)

        return observe

    def _check_clock(self) -> None:
        now_s, boot_s = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)
        suspended_s = self._clock.check_suspended(boot_s, time.monotonic())
        if suspended_s is not None:
            self._events.append(Event(now_s, "clock", describe_suspension(suspended_s)))
        step_s = self._clock.check(now_s, boot_s)
        if step_s is not None:
            self._events.append(Event(now_s, "clock", describe_step(step_s)))
            log.warning("clock was set", seconds=round(step_s, 1))

    def _end_step(self, slot: int) -> None:
        """The values so far belong to the step before `slot`, if that is another one."""
        if slot != self._slot and self._accumulator:
            self._steps.append(Step(self._slot * FINE.step_s, self._accumulator.take()))
        self._slot = slot

    async def _write_ended(self, thread: ThreadPoolExecutor) -> None:
        """Writes what has ended; what cannot be written now waits."""
        steps, self._steps = self._steps, []
        events, self._events = self._events, []
        loop = asyncio.get_running_loop()
        is_written = False
        try:
            await loop.run_in_executor(thread, self._append, steps, events)
            is_written = True
            await loop.run_in_executor(thread, self._tidy)
        except (metrics_file.DamagedFile, sqlite3.Error, OSError) as error:
            self._announce(str(error))
            if not is_written:
                self._put_back(steps, events)
            await loop.run_in_executor(thread, self._close)
        else:
            self._announce(None)

    def _announce(self, problem: str | None) -> None:
        if problem and not self.problem:
            log.warning("history of metrics cannot be written", path=str(self.path), error=problem)
        elif self.problem and not problem:
            log.info("history of metrics is written again")
        self.problem = problem

    def _put_back(self, steps: list[Step], events: list[Event]) -> None:
        waiting = [*steps, *self._steps]
        self.lost_steps += max(0, len(waiting) - MAX_WAITING)
        self._steps, self._events = waiting[-MAX_WAITING:], [*events, *self._events][-MAX_WAITING:]

    # In the thread.

    @contextmanager
    def _opened(self) -> Iterator[Writer]:
        """The writer; a file that turns out to be damaged is put aside."""
        try:
            yield self._open()
        except metrics_file.DamagedFile as error:
            self._close()
            metrics_file.put_aside(self.path, str(error))
            raise

    def _append(self, steps: list[Step], events: list[Event]) -> None:
        with self._opened() as writer:
            if steps or events:
                writer.append(steps, events)
            self.series, self.dropped_series = writer.series_count, writer.dropped_series

    def _tidy(self) -> None:
        """Packs the hours that are over; once an hour drops what is expired."""
        now_s, hour = time.time(), int(time.time() // HOUR_S)
        if hour == self._tidied_hour or time.monotonic() < self._next_attempt_s:
            return
        self._next_attempt_s = time.monotonic() + TIDY_AGAIN_S
        with self._opened() as writer:
            writer.pack(now_s)
            is_steady = self._clock.is_steady(time.clock_gettime(time.CLOCK_BOOTTIME), STEADY_S)
            if is_steady and time.monotonic() - self._began_s > STEADY_S:
                writer.drop_expired(now_s)
                self._tidied_hour = hour

    def _open(self) -> Writer:
        if self.is_suspect:
            self.is_suspect = False
            self._close()
        if self._writer is not None and self._writer.is_deleted():
            log.error("history of metrics was deleted or replaced while it was written", path=str(self.path))
            self._close()
        if self._writer is None:
            self._writer = Writer(self.path)
            if self._writer.put_aside:
                text = f"The history was damaged; the file is {self._writer.put_aside.name}."
                self._writer.append([], [Event(time.time(), "server", text)])
        return self._writer

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

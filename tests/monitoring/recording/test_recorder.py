"""Records samples by a real clock's rules, with a clock of the test's own."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from monitoring.errors import HistoryUnreadable
from monitoring.recording import recorder, scalars
from monitoring.recording.recorder import Recorder
from monitoring.sampling.own_cost import OwnCost
from monitoring.sampling.tap import Tap
from monitoring.series.catalogue import SeriesKey
from monitoring.series.resolution import FINE, HOUR_S, Resolution
from monitoring.store import metrics_file, reader
from monitoring.store.writer import Writer

CPU = SeriesKey("self.cpu")
BEGIN_S = 1_795_813_200.0  # a full hour


class Clock:
    """All clocks. `suspended_s`: time that the monotonic clock stood still."""

    CLOCK_BOOTTIME = time.CLOCK_BOOTTIME

    def __init__(self) -> None:
        self.wall_s, self.monotonic_s, self.suspended_s = BEGIN_S, 50.0, 0.0

    def time(self) -> float:
        return self.wall_s

    def monotonic(self) -> float:
        return self.monotonic_s

    def clock_gettime(self, clock: int) -> float:
        assert clock == self.CLOCK_BOOTTIME
        return self.monotonic_s + self.suspended_s

    def advance(self, seconds: float) -> None:
        self.wall_s += seconds
        self.monotonic_s += seconds


class Recording:
    """A recorder whose only tap is the test's."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.value = 0.0
        self.clock = Clock()
        self.tap = Tap("self", self._sample)
        self.recorder = Recorder(folder / metrics_file.NAME, folder / "locks" / "metrics")
        self.ticks: asyncio.Queue[None] = asyncio.Queue()
        monkeypatch.setattr(recorder, "SOURCES", ((self.tap, scalars.own_values),))
        monkeypatch.setattr(recorder, "time", self.clock)
        monkeypatch.setattr(recorder, "sleep", self._sleep)
        self._is_sleeping = asyncio.Event()

    async def _sample(self) -> OwnCost:
        return OwnCost(self.value, None, 0, None)

    async def _sleep(self, seconds: float) -> None:
        self._is_sleeping.set()
        await self.ticks.get()
        self._is_sleeping.clear()

    async def sample(self, value: float, after_s: float = 0.0) -> None:
        self.clock.advance(after_s)
        self.value = value
        await self.tap.sample()

    async def tick(self) -> None:
        """Lets the recorder write what has ended."""
        await self.until_idle()
        self.ticks.put_nowait(None)
        await asyncio.sleep(0)
        await self.until_idle()

    async def until_idle(self) -> None:
        async with asyncio.timeout(30):
            while not (self._is_sleeping.is_set() and self.ticks.empty()):
                await asyncio.sleep(0.001)

    def points(self, seconds: int = 10) -> list[tuple[int, int, int, int]]:
        rows = reader.read_points(self.recorder.path, CPU, Resolution(FINE, seconds // 10), 0, BEGIN_S + 1e6)
        return [(slot * seconds - int(BEGIN_S), low, mean, high) for slot, low, mean, high in rows]

    def checkpoint(self) -> None:
        with sqlite3.connect(self.recorder.path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def events(self) -> list[tuple[str, str]]:
        return [(event.kind, event.text) for event in reader.read_events(self.recorder.path, 0, 1e10)]


@asynccontextmanager
async def recording(folder: Path, monkeypatch: pytest.MonkeyPatch, *, wait: bool = True) -> Any:
    ours = Recording(folder, monkeypatch)
    task = asyncio.create_task(ours.recorder.run())
    try:
        if wait:
            await ours.until_idle()
        yield ours
    finally:
        task.cancel()
        await asyncio.wait({task})


STARTED = ("server", "The server began to record.")


async def test_the_samples_of_a_step_become_one_point_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recording(tmp_path, monkeypatch) as ours:
        for value, after_s in ((1.0, 1), (3.0, 5), (10.0, 6), (20.0, 1)):
            await ours.sample(value, after_s)
        await ours.tick()
        during = ours.points()
        ours.clock.advance(10)
        await ours.tick()

        assert during == [(0, 10, 20, 30)]
        assert ours.points() == [(0, 10, 20, 30), (10, 100, 150, 200)]
        assert (ours.events(), ours.recorder.series, ours.recorder.is_recording) == ([STARTED], 2, True)


async def test_a_stopped_recorder_writes_the_step_that_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recording(tmp_path, monkeypatch) as ours:
        await ours.sample(1.0, 1)

    assert ours.points() == [(0, 10, 10, 10)]
    assert not ours.recorder.is_recording


@pytest.mark.parametrize(
    ("step_s", "points", "text"),
    [
        (3600.0, [(0, 10, 10, 10), (3600, 70, 70, 70)], "The clock was set forward by 60 min."),
        (-3600.0, [(-3600, 70, 70, 70), (0, 10, 10, 10)], "The clock was set back by 60 min."),
    ],
)
async def test_a_step_of_the_clock_leaves_a_gap_or_goes_back_and_is_marked(
    step_s: float, points: list[Any], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recording(tmp_path, monkeypatch) as ours:
        await ours.sample(1.0, 1)
        await ours.tick()
        ours.clock.wall_s += step_s
        await ours.sample(7.0, 1)

    assert (ours.points(), ours.events()[-1] if step_s > 0 else ours.events()[0]) == (points, ("clock", text))


async def test_a_suspended_host_leaves_a_gap_and_a_mark_but_the_clock_was_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recording(tmp_path, monkeypatch) as ours:
        await ours.sample(1.0, 1)
        await ours.tick()
        ours.clock.suspended_s += 3600
        ours.clock.wall_s += 3600
        await ours.sample(7.0, 1)

    assert ours.points() == [(0, 10, 10, 10), (3600, 70, 70, 70)]
    assert ours.events() == [STARTED, ("clock", "The host was suspended for 60 min.")]


async def test_a_file_that_is_deleted_while_it_is_written_begins_anew_with_the_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with recording(tmp_path, monkeypatch) as ours:
        await ours.sample(1.0, 1)
        await ours.sample(2.0, 10)
        await ours.tick()
        for file in tmp_path.glob("metrics.sqlite3*"):
            file.unlink()
        assert ours.points() == []
        await ours.sample(3.0, 10)
        await ours.tick()

        assert (ours.points(), ours.recorder.problem) == ([(10, 20, 20, 20)], None)
    assert ours.points() == [(10, 20, 20, 20), (20, 30, 30, 30)]
    assert caplog.text.count("history of metrics was deleted or replaced") == 1


async def test_hours_that_are_over_are_packed_and_nothing_is_dropped_before_the_clock_is_steady(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped: list[float] = []
    monkeypatch.setattr("monitoring.store.writer.Writer.drop_expired", lambda self, now_s: dropped.append(now_s))

    def packed() -> tuple[int, int]:
        with sqlite3.connect(ours.recorder.path) as connection:
            count = "SELECT (SELECT count(*) FROM steps), (SELECT count(*) FROM blocks)"
            return tuple(connection.execute(count).fetchone())

    async with recording(tmp_path, monkeypatch) as ours:
        await ours.sample(1.0, 1)
        await ours.tick()
        ours.clock.advance(HOUR_S)
        await ours.tick()
        assert packed() == (1, 0)
        ours.clock.advance(HOUR_S)
        await ours.tick()
        await ours.tick()
        assert packed() == (0, 8)
        ours.clock.wall_s += 40 * 86_400
        ours.clock.advance(HOUR_S)
        await ours.tick()
    assert dropped == [BEGIN_S + 1 + HOUR_S, BEGIN_S + 1 + 2 * HOUR_S]


async def test_steps_wait_while_the_file_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recorder, "MAX_WAITING", 3)
    append = Writer.append

    def fail(*args: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async with recording(tmp_path, monkeypatch) as ours:
        monkeypatch.setattr(Writer, "append", fail)
        for value in range(5):
            await ours.sample(float(value), 10)
            await ours.tick()
        problem, lost = ours.recorder.problem, ours.recorder.lost_steps
        monkeypatch.setattr(Writer, "append", append)
        await ours.sample(5.0, 10)
        await ours.tick()

        assert (problem, lost, ours.recorder.problem) == ("database or disk is full", 1, None)
        assert [point[0] for point in ours.points()] == [20, 30, 40, 50]
    assert caplog.text.count("history of metrics cannot be written") == 1


async def test_a_file_that_is_damaged_while_it_is_written_is_replaced_and_no_step_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recording(tmp_path, monkeypatch) as ours:
        await ours.sample(1.0, 1)
        await ours.tick()
        ours.checkpoint()
        size = ours.recorder.path.stat().st_size
        with ours.recorder.path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (size - 4096))
        with pytest.raises(HistoryUnreadable):
            ours.points()
        ours.recorder.is_suspect = True  # as the reader of a request sets it
        for value in (2.0, 3.0):
            await ours.sample(value, 10)
            await ours.tick()

        assert len(metrics_file.put_asides(ours.recorder.path)) == 1
        assert ours.points() == [(0, 10, 10, 10), (10, 20, 20, 20)]
        assert ours.recorder.problem is None


async def test_one_of_two_servers_records_and_the_other_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recording(tmp_path, monkeypatch) as first:
        second = Recorder(first.recorder.path, first.recorder.lock)
        task = asyncio.create_task(second.run())
        await asyncio.sleep(0)
        assert (first.recorder.is_recording, second.is_recording) == (True, False)
    first.ticks.put_nowait(None)
    await _until(lambda: second.is_recording)
    task.cancel()
    await asyncio.wait({task})


async def _until(is_true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30
    while not is_true() and time.monotonic() < deadline_s:
        await asyncio.sleep(0.01)
    assert is_true()


async def test_a_folder_that_cannot_be_written_is_a_problem_and_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "locks").write_text("no folder")
    async with recording(tmp_path, monkeypatch, wait=False) as ours:
        for _ in range(3):
            await ours.tick()
        problem, is_recording = ours.recorder.problem, ours.recorder.is_recording
        (tmp_path / "locks").unlink()
        await ours.tick()
        await _until(lambda: ours.recorder.is_recording)

    assert (is_recording, ours.recorder.problem) == (False, None)
    assert problem is not None
    assert "locks" in problem
    assert caplog.text.count("history of metrics cannot be written") == 1

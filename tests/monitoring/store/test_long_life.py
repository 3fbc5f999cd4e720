"""What a long life does to the history: series that end, clocks that are wrong, deleted files, full disks."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from monitoring.series.catalogue import SeriesKey
from monitoring.series.resolution import COARSE, DAY_S, FINE, HOUR_S, MEDIUM, Resolution
from monitoring.store import reader, writer
from monitoring.store.writer import Step, Writer
from tests.monitoring.store.steps import CPU, FINEST, HOUR, MEMORY, read, reference, steps_of


def test_series_that_ended_make_room_for_new_ones_but_not_if_they_are_back(
    store: Writer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_SERIES", 3)
    old, back, new, newer = (SeriesKey("app.cpu", name) for name in ("old", "back", "new", "newer"))
    store.append([Step(HOUR, {old: (1, 1, 1), back: (2, 2, 2), CPU: (3, 3, 3)})])
    store.append([Step(HOUR + HOUR_S, {CPU: (3, 3, 3)})])
    store.pack(HOUR + 3 * HOUR_S)
    later = HOUR + 2 * DAY_S
    store.append([Step(later, {back: (4, 4, 4)}), Step(later + 10, {new: (5, 5, 5), CPU: (3, 3, 3)})])
    store.append([Step(later + 20, {new: (6, 6, 6), newer: (7, 7, 7), CPU: (3, 3, 3)})])
    store.pack(later + 2 * HOUR_S)

    assert set(reader.read_contents(path).keys) == {back, new, CPU}
    assert store.dropped_series == 1
    assert read(path, back, FINEST, HOUR, later + 60) == [(HOUR // 10, 2, 2, 2), (later // 10, 4, 4, 4)]
    assert read(path, new, FINEST, HOUR, later + 60) == [(later // 10 + 1, 5, 5, 5), (later // 10 + 2, 6, 6, 6)]


def test_a_series_that_is_back_is_not_forgotten_before_it_is_packed(store: Writer, path: Path) -> None:
    store.append([Step(HOUR, {CPU: (1, 2, 3), MEMORY: (1, 1, 1)})])
    store.pack(HOUR + 2 * HOUR_S)
    later = HOUR + 400 * DAY_S
    store.append([Step(later, {CPU: (4, 5, 6)})])
    for _ in range(3):
        store.drop_expired(later)
    store.append([Step(later + 10, {SeriesKey("app.cpu", "new"): (9, 9, 9), CPU: (4, 5, 6)})])
    store.pack(later + 2 * HOUR_S)

    assert {key.subject for key in reader.read_contents(path).keys} == {"api", "new"}
    assert read(path, CPU, FINEST, HOUR, later + 20) == [(later // 10, 4, 5, 6), (later // 10 + 1, 4, 5, 6)]


def test_a_clock_that_is_wrong_for_long_costs_one_block_of_a_tier_with_each_call(store: Writer, path: Path) -> None:
    for day in range(30):
        store.append([Step(HOUR + day * DAY_S, {CPU: (1, 1, 1)})])
    store.pack(HOUR + 31 * DAY_S)

    def kept() -> list[int]:
        limits = (HOUR, HOUR + 40 * DAY_S)
        return [len(read(path, CPU, Resolution(tier, 1), *limits)) for tier in (FINE, MEDIUM, COARSE)]

    assert kept() == [30, 30, 30]
    store.drop_expired(HOUR + 70 * 365 * DAY_S)
    first = kept()
    store.drop_expired(HOUR + 70 * 365 * DAY_S)
    second = kept()
    # Blocks of 10 min span 10 days, of which the first may have begun before.
    assert (first[:2], second[:2]) == ([29, 29], [28, 28])
    assert first[2] >= 20
    assert second[2] == first[2] - 10
    assert store.series_count == 1


def test_an_hour_ahead_of_a_clock_that_was_set_back_is_packed(store: Writer, path: Path) -> None:
    ahead = HOUR + 70 * 365 * DAY_S // HOUR_S * HOUR_S
    store.append([Step(ahead, {CPU: (1, 2, 3)}), Step(HOUR, {CPU: (4, 5, 6)})])

    assert store.pack(HOUR + 60) == 1
    assert [slot * 10 for slot, *_ in read(path, CPU, FINEST, HOUR, ahead + 10)] == [HOUR, ahead]


@pytest.mark.parametrize("companions", [("",), ("-wal",), ("", "-wal", "-shm")])
def test_a_deleted_file_is_noticed_and_its_log_not_applied_to_the_next(path: Path, companions: tuple[str, ...]) -> None:
    store = Writer(path)
    store.append([Step(HOUR, {MEMORY: (1, 1, 1)})])
    assert not store.is_deleted()
    for companion in companions:
        path.with_name(path.name + companion).unlink()

    assert store.is_deleted()
    store.close()
    again = Writer(path)
    again.append([Step(HOUR + 10, {CPU: (1, 2, 3)})])
    assert (again.is_deleted(), again.put_aside) == (False, None)
    again.close()
    assert read(path, CPU, FINEST, HOUR, HOUR + 20) == [(HOUR // 10 + 1, 1, 2, 3)]
    if "" in companions:
        assert reader.read_contents(path).keys == (CPU,)


@pytest.mark.parametrize("folder", ["a b", "q?mode=memory", "h#y", "p%20", "p%zz", "☃", "file:x", "a&mode=ro"])
def test_a_folder_may_have_any_name(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / "metrics.sqlite3"
    path.parent.mkdir()
    store = Writer(path)
    store.append([Step(HOUR, {CPU: (1, 2, 3)})])

    assert read(path, CPU, FINEST, HOUR, HOUR + 10) == [(HOUR // 10, 1, 2, 3)]
    store.close()
    assert [file.name for file in path.parent.iterdir()] == ["metrics.sqlite3"]


@pytest.mark.parametrize("subject", ["ü☃" * 250, "a\0b", " ", "'; DROP TABLE series; --", "\x1b[31m"])
def test_a_subject_may_be_any_text(store: Writer, path: Path, subject: str) -> None:
    key, other = SeriesKey("app.cpu", subject), SeriesKey("app.cpu", subject[:-1])
    for offset in (0, 10):
        store.append([Step(HOUR + offset, {key: (1, 2, 3), other: (4, 5, 6)})])

    assert set(reader.read_contents(path).keys) == {key, other}
    assert read(path, key, FINEST, HOUR, HOUR + 20) == [(HOUR // 10, 1, 2, 3), (HOUR // 10 + 1, 1, 2, 3)]


def test_values_at_the_limits_are_kept(store: Writer, path: Path) -> None:
    limit = 2**60
    rows = [(-limit, 0, limit), (limit, limit, limit), (-limit, -limit, -limit), (0, 0, 0)]
    store.append([Step(HOUR + 10 * index, {CPU: row}) for index, row in enumerate(rows)])
    points = [(HOUR // 10 + index, *row) for index, row in enumerate(rows)]

    assert read(path, CPU, FINEST, HOUR, HOUR + 60) == points
    store.pack(HOUR + 2 * HOUR_S)
    assert read(path, CPU, FINEST, HOUR, HOUR + 60) == points


def test_a_full_disk_loses_nothing_that_was_written(store: Writer, path: Path) -> None:
    steps = steps_of(8, HOUR, HOUR + HOUR_S)
    store.append(steps)
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.append(steps_of(9, HOUR + HOUR_S, HOUR + 20 * HOUR_S))
    assert read(path, CPU, FINEST, HOUR, HOUR + HOUR_S) == reference(steps, FINE)
    store._connection.execute("PRAGMA max_page_count = 100000")
    store.pack(HOUR + 2 * HOUR_S)

    assert read(path, CPU, FINEST, HOUR, HOUR + HOUR_S) == reference(steps, FINE)

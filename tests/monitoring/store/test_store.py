from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from monitoring.errors import HistoryUnreadable
from monitoring.series.catalogue import SeriesKey
from monitoring.series.points import Columns
from monitoring.series.resolution import COARSE, DAY_S, FINE, HOUR_S, MEDIUM, TIERS, Resolution, Tier
from monitoring.store import metrics_file, reader, writer
from monitoring.store.metrics_file import DamagedFile
from monitoring.store.writer import Event, Step, Writer
from tests.monitoring.store.steps import CPU, FINEST, HOUR, MEMORY, read, reference, steps_of


def test_steps_are_read_before_and_after_they_are_packed(store: Writer, path: Path) -> None:
    steps = steps_of(1, HOUR, HOUR + 2 * HOUR_S, 0.7)
    store.append(steps)
    limits = (HOUR, HOUR + 2 * HOUR_S)

    before = [read(path, CPU, Resolution(tier, 1), *limits) for tier in (FINE, MEDIUM)]
    packed = store.pack(HOUR + HOUR_S + writer.GRACE_S)
    between = [read(path, CPU, Resolution(tier, 1), *limits) for tier in (FINE, MEDIUM)]
    packed += store.pack(HOUR + 3 * HOUR_S)
    after = [read(path, CPU, Resolution(tier, 1), *limits) for tier in (FINE, MEDIUM)]

    assert packed == 2
    assert before == between == after == [reference(steps, FINE), reference(steps, MEDIUM)]
    assert [len(row) for row in after] == [len(steps), 120]


@pytest.mark.parametrize("tier", TIERS)
def test_days_with_gaps_equal_a_reference_in_each_tier(store: Writer, path: Path, tier: Tier) -> None:
    steps = [*steps_of(2, HOUR, HOUR + 5 * HOUR_S, 0.9), *steps_of(3, HOUR + 30 * HOUR_S, HOUR + 36 * HOUR_S, 0.1)]
    for begin in range(0, len(steps), 500):
        store.append(steps[begin : begin + 500])
        store.pack(steps[min(len(steps) - 1, begin + 500)].at)

    assert read(path, CPU, Resolution(tier, 1), HOUR, HOUR + 40 * HOUR_S) == reference(steps, tier)


def test_a_range_has_the_intervals_that_meet_it_and_no_others(store: Writer, path: Path) -> None:
    store.append([Step(at, {CPU: (at, at, at)}) for at in range(HOUR, HOUR + 600, 10)])

    assert [slot * 10 for slot, *_ in read(path, CPU, FINEST, HOUR + 15, HOUR + 40)] == [
        HOUR + 10,
        HOUR + 20,
        HOUR + 30,
    ]
    assert [slot * 30 for slot, *_ in read(path, CPU, Resolution(FINE, 3), HOUR + 15, HOUR + 61)] == [
        HOUR, HOUR + 30, HOUR + 60,
    ]  # fmt: skip
    assert read(path, CPU, FINEST, HOUR + 600, HOUR + 700) == []
    assert read(path, SeriesKey("app.cpu", "other"), FINEST, HOUR, HOUR + 700) == []


def test_a_time_that_comes_twice_is_combined_packed_or_not(store: Writer, path: Path) -> None:
    """The clock was set back by an hour after the first time was packed."""
    store.append([Step(HOUR, {CPU: (10, 20, 30)})])
    store.pack(HOUR + 2 * HOUR_S)
    store.append([Step(HOUR, {CPU: (5, 10, 15)}), Step(HOUR + 10, {CPU: (1, 1, 1)})])
    combined = [(HOUR // 10, 5, 15, 30), (HOUR // 10 + 1, 1, 1, 1)]

    assert read(path, CPU, FINEST, HOUR, HOUR + 60) == combined
    store.pack(HOUR + 2 * HOUR_S)
    assert read(path, CPU, FINEST, HOUR, HOUR + 60) == combined


def test_each_tier_is_dropped_in_its_time_and_a_series_with_its_last_block(store: Writer, path: Path) -> None:
    store.append([Step(HOUR, {CPU: (1, 2, 3)})], [Event(HOUR, "server", "began")])
    store.pack(HOUR + 2 * HOUR_S)

    def kept(days: float) -> tuple[list[int], int, int]:
        store.drop_expired(HOUR + days * DAY_S)
        counts = [len(read(path, CPU, Resolution(tier, 1), HOUR, HOUR + 60)) for tier in (FINE, MEDIUM, COARSE)]
        return counts, store.series_count, len(reader.read_events(path, 0, 1e10))

    assert kept(0.9) == ([1, 1, 1], 1, 1)
    assert kept(1.1) == ([0, 1, 1], 1, 1)
    assert kept(13.9) == ([0, 1, 1], 1, 1)
    assert kept(16) == ([0, 0, 1], 1, 1)
    assert kept(366) == ([0, 0, 1], 1, 1)
    assert kept(377) == ([0, 0, 0], 0, 0)


def test_series_are_bounded_and_the_rest_is_counted(store: Writer, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MAX_SERIES", 2)
    keys = [SeriesKey("app.cpu", name) for name in "abc"]
    store.append([Step(HOUR, dict.fromkeys(keys, (1, 1, 1))), Step(HOUR + 10, dict.fromkeys(keys, (1, 1, 1)))])

    assert (store.series_count, store.dropped_series) == (2, 2)
    assert reader.read_contents(path).keys == (keys[0], keys[1])


def test_contents_have_the_series_in_order_and_the_oldest_time(store: Writer, path: Path) -> None:
    assert reader.read_contents(path) == reader.Contents((), None)
    store.append([Step(HOUR + 20, {MEMORY: (1, 1, 1), CPU: (1, 1, 1)})])

    assert reader.read_contents(path) == reader.Contents((CPU, MEMORY), HOUR + 20)


def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "none"

    assert reader.read_points(path, CPU, FINEST, 0, 100) == Columns()
    assert (reader.read_contents(path), reader.read_events(path, 0, 1)) == (reader.Contents((), None), [])
    assert not path.exists()


def test_the_file_is_private_and_reopens_with_its_series(store: Writer, path: Path) -> None:
    store.append([Step(HOUR, {CPU: (1, 2, 3)})])
    store.close()
    again = Writer(path)
    again.append([Step(HOUR + 10, {CPU: (4, 5, 6)})])
    again.close()

    assert (path.stat().st_mode & 0o777, again.series_count, again.put_aside) == (0o600, 1, None)
    assert len(read(path, CPU, FINEST, HOUR, HOUR + 20)) == 2


def damage_page(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)


def replace_by_text(path: Path) -> None:
    path.write_text("no database at all, but some text that is long enough to be read" * 10)


def replace_by_another_program(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def replace_by_symlink(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize("harm", [damage_page, replace_by_text, replace_by_another_program, cut, replace_by_symlink])
def test_a_damaged_file_is_put_aside_and_a_new_one_begins(path: Path, harm: object) -> None:
    store = Writer(path)
    store.append(steps_of(4, HOUR, HOUR + HOUR_S))
    store.close()
    assert callable(harm)
    harm(path)
    again = Writer(path)
    again.append([Step(HOUR, {CPU: (1, 2, 3)})])
    again.close()

    assert again.put_aside is not None
    assert metrics_file.put_asides(path) == [again.put_aside]
    assert read(path, CPU, FINEST, HOUR, HOUR + 10) == [(HOUR // 10, 1, 2, 3)]


def test_a_page_that_is_damaged_meanwhile_is_damage_to_reader_and_writer(path: Path) -> None:
    store = Writer(path)
    store.append(steps_of(5, HOUR, HOUR + HOUR_S))
    store.close()
    store = Writer(path)
    damage_page(path)

    with pytest.raises(HistoryUnreadable, match=r"metrics\.sqlite3: "):
        reader.read_contents(path)
    with pytest.raises(DamagedFile):
        store.append(steps_of(6, HOUR, HOUR + HOUR_S))
    store.close()


def test_a_damaged_block_is_damage(store: Writer, path: Path) -> None:
    store.append([Step(HOUR, {CPU: (1, 2, 3)})])
    store.pack(HOUR + 2 * HOUR_S)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE blocks SET data = x'00'")
    connection.close()

    with pytest.raises(HistoryUnreadable):
        read(path, CPU, FINEST, HOUR, HOUR + 10)
    store.append([Step(HOUR, {CPU: (1, 2, 3)})])
    with pytest.raises(DamagedFile):
        store.pack(HOUR + 2 * HOUR_S)


def test_the_newest_two_damaged_files_are_kept(path: Path) -> None:
    for number in range(4):
        path.write_text(f"{number}" * 5000)
        Writer(path).close()

    kept = metrics_file.put_asides(path)
    assert [file.read_text()[0] for file in kept] == ["2", "3"]


def test_a_failed_append_leaves_the_file_and_the_numbers_of_the_series(store: Writer, path: Path) -> None:
    with sqlite3.connect(path, timeout=0.01) as other:
        store._connection.execute("PRAGMA busy_timeout = 1")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError):
            store.append([Step(HOUR, {CPU: (1, 2, 3)})])
        other.rollback()
    other.close()
    assert store.series_count == 0
    store.append([Step(HOUR, {CPU: (1, 2, 3)})])

    assert read(path, CPU, FINEST, HOUR, HOUR + 10) == [(HOUR // 10, 1, 2, 3)]


def test_the_oldest_time_is_that_of_a_point_not_of_its_block(store: Writer, path: Path) -> None:
    store.append([Step(HOUR + 1200, {CPU: (1, 2, 3)}), Step(HOUR + 2400, {MEMORY: (1, 2, 3)})])
    store.pack(HOUR + 2 * HOUR_S)

    assert reader.read_contents(path).oldest_s == HOUR + 1200


def test_a_column_of_another_type_is_damage(store: Writer, path: Path) -> None:
    store.append([Step(HOUR, {CPU: (1, 2, 3)})])
    store.pack(HOUR + 2 * HOUR_S)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE blocks SET data = 'text'")
    connection.close()

    with pytest.raises(HistoryUnreadable):
        read(path, CPU, FINEST, HOUR, HOUR + 10)

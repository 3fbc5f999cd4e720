"""Writes the history: steps as they end, packed by series each hour, and dropped when their time is over. [io: SQLite]

A step is one small row for all series, so a write costs little and a crash loses only what is not yet written. Once an
hour is over, one transaction distributes its steps to the blocks of the series and removes them.
"""

from __future__ import annotations

import sqlite3
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from monitoring.series import block, points
from monitoring.series.catalogue import SeriesKey
from monitoring.series.planes import DamagedBlock
from monitoring.series.points import Columns
from monitoring.series.resolution import COARSE, DAY_S, FINE, HOUR_S, TIERS, Tier
from monitoring.store import metrics_file, step_row
from monitoring.store.step_row import MAX_SERIES, Summary
from monitoring.store.step_table import StepTable

log = structlog.get_logger("monitoring.store")

GRACE_S = 60  # an hour is packed so long after its end, when its last step is surely written
YIELD_EVERY, YIELD_S = 16, 0.001  # series after which packing lets other threads run
MAX_STEPS_AT_ONCE = 720  # that are packed in one transaction: of two hours, or of a day with gaps
DROPPED_S = 2 * HOUR_S


@dataclass(frozen=True, slots=True)
class Step:
    """`at`: unix seconds, a multiple of 10; `values`: in multiples of the metric's quantum."""

    at: int
    values: Mapping[SeriesKey, Summary]


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to the history itself: a start of the server, a step of the clock."""

    at: float
    kind: str
    text: str


class Writer:
    """Its methods are called by one thread at a time. They raise sqlite3.Error and DamagedFile; a failed call leaves
    the file as it was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection, self.put_aside = metrics_file.open_for_writing(path)
        self._ids = self._read_ids()
        self._identity = metrics_file.identity(path)
        self.dropped_series = 0

    def is_deleted(self) -> bool:
        """Whether the file or its log was deleted or replaced. Close this writer before another one is opened."""
        return metrics_file.identity(self.path) != self._identity

    def _read_ids(self) -> dict[SeriesKey, int]:
        rows = self._connection.execute("SELECT metric, subject, id FROM series")
        return {SeriesKey(metric, subject): number for metric, subject, number in rows}

    def close(self) -> None:
        self._connection.close()

    @property
    def series_count(self) -> int:
        return len(self._ids)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error) and metrics_file.is_damage(error):
                raise metrics_file.DamagedFile(str(error)) from error
            if isinstance(error, DamagedBlock):
                raise metrics_file.DamagedFile(f"a block is damaged: {error}") from error
            raise

    def append(self, steps: Sequence[Step], events: Sequence[Event] = ()) -> None:
        ids, dropped = dict(self._ids), 0
        with self._transaction() as connection:
            for step in steps:
                new = [key for key in step.values if key not in ids]
                if len(ids) + len(new) > MAX_SERIES:
                    self._drop_ended(connection, ids, step, len(ids) + len(new) - MAX_SERIES)
                for key in new[: max(0, MAX_SERIES - len(ids))]:
                    row = (key.metric, key.subject, step.at)
                    statement = "INSERT INTO series (metric, subject, last_at) VALUES (?, ?, ?)"
                    ids[key] = int(connection.execute(statement, row).lastrowid or 0)
                values = {ids[key]: summary for key, summary in step.values.items() if key in ids}
                dropped += len(step.values) - len(values)
                connection.execute("INSERT INTO steps (at, data) VALUES (?, ?)", (step.at, step_row.encode(values)))
            rows = [(event.at, event.kind, event.text) for event in events]
            connection.executemany("INSERT INTO events (at, kind, text) VALUES (?, ?, ?)", rows)
        self._ids, self.dropped_series = ids, self.dropped_series + dropped

    def _drop_ended(self, connection: sqlite3.Connection, ids: dict[SeriesKey, int], step: Step, room: int) -> None:
        """Makes room for new series: those that ended the longest ago leave, such as instances of earlier deploys."""
        statement = "SELECT metric, subject, id FROM series WHERE last_at < ? ORDER BY last_at"
        rows = connection.execute(statement, (step.at - DAY_S,)).fetchall()
        unpacked = _unpacked_series(connection) if rows else set()
        ended = [
            (key, number)
            for metric, subject, number in rows
            if (key := SeriesKey(metric, subject)) not in step.values and number not in unpacked
        ]
        for key, number in ended[:room]:
            del ids[key]
            connection.execute("DELETE FROM series WHERE id = ?", (number,))
            for tier in TIERS:
                connection.execute("DELETE FROM blocks WHERE step = ? AND series = ?", (tier.step_s, number))

    def pack(self, now_s: float) -> int:
        """Packs the steps of all hours but the one that is being recorded. Returns the number of hours."""
        over, ahead = int(now_s - GRACE_S) // HOUR_S * HOUR_S, int(now_s) // HOUR_S * HOUR_S + HOUR_S
        statement = (
            f"SELECT at / {HOUR_S} * {HOUR_S}, count(*) FROM steps WHERE at < ? OR at >= ? GROUP BY 1 ORDER BY 1"  # noqa: S608
        )
        hours = self._connection.execute(statement, (over, ahead)).fetchall()
        for begin, end in _spans(hours):
            self._pack_span(begin, end)
        return len(hours)

    def _pack_span(self, begin: int, end: int) -> None:
        began_s, between = time.monotonic(), (begin, end)
        with self._transaction() as connection:
            rows = connection.execute("SELECT at, data FROM steps WHERE at >= ? AND at < ? ORDER BY at, id", between)
            table = StepTable(rows)
            for tier in TIERS:  # blocks that grow together lie together: fewer pages are written
                for index, (series, fine) in enumerate(table, 1):
                    self._add_to_blocks(connection, series, tier, fine)
                    if index % YIELD_EVERY == 0:
                        time.sleep(YIELD_S)
            last = [(fine.slots[-1] * FINE.step_s, series) for series, fine in table]
            connection.executemany("UPDATE series SET last_at = max(last_at, ?) WHERE id = ?", last)
            connection.execute("DELETE FROM steps WHERE at >= ? AND at < ?", between)
        log.debug("steps were packed", begin=begin, series=len(table), seconds=round(time.monotonic() - began_s, 2))

    def _add_to_blocks(self, connection: sqlite3.Connection, series: int, tier: Tier, fine: Columns) -> None:
        for start, added in _by_block(points.roll_up(fine, tier.step_s // FINE.step_s), tier):
            where = (tier.step_s, series, start)
            row = connection.execute("SELECT data FROM blocks WHERE step = ? AND series = ? AND start = ?", where)
            present = row.fetchone()
            merged = points.merge(block.decode(present[0]), added) if present else added
            connection.execute(
                "INSERT INTO blocks (step, series, start, data) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (step, series, start) DO UPDATE SET data = excluded.data",
                (*where, block.encode(merged)),
            )

    def drop_expired(self, now_s: float) -> None:
        """Drops the blocks whose tier no longer keeps them, and the series that have none. Not to be called with a
        clock that has just been changed: all would count as expired. By a clock that is wrong for longer, no more than
        the oldest block of a tier is lost with each call."""
        with self._transaction() as connection:
            for tier in TIERS:
                (first,) = connection.execute("SELECT min(start) FROM blocks WHERE step = ?", (tier.step_s,)).fetchone()
                limit = min(_oldest(tier, now_s), (first or 0) + max(tier.block_s, DROPPED_S))
                connection.execute("DELETE FROM blocks WHERE step = ? AND start < ?", (tier.step_s, limit))
            oldest_s = now_s - COARSE.kept_s - COARSE.block_s
            connection.execute("DELETE FROM events WHERE at < ?", (oldest_s,))
            self._forget_empty_series(connection, oldest_s)
        self._ids = self._read_ids()
        self._connection.execute("PRAGMA incremental_vacuum(2000)").fetchall()

    def _forget_empty_series(self, connection: sqlite3.Connection, oldest_s: float) -> None:
        silent = "SELECT id FROM series WHERE last_at < ? AND id NOT IN (SELECT series FROM blocks)"
        numbers = {number for (number,) in connection.execute(silent, (oldest_s,))}
        if numbers:
            numbers -= _unpacked_series(connection)
        connection.executemany("DELETE FROM series WHERE id = ?", [(number,) for number in numbers])


def _unpacked_series(connection: sqlite3.Connection) -> set[int]:
    """The numbers of the series in the steps that are not packed yet: `last_at` does not reflect these."""
    return {number for (data,) in connection.execute("SELECT data FROM steps") for number in step_row.series_of(data)}


def _spans(hours: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Begin and end of what is packed at once: an hour, or more of them if they have few steps. `hours`: start of the
    hour, steps in it."""
    begin, end, total = 0, 0, 0
    for hour, count in hours:
        if total and total + count > MAX_STEPS_AT_ONCE:
            yield begin, end
            total = 0
        begin = begin if total else hour
        end, total = hour + HOUR_S, total + count
    if total:
        yield begin, end


def _by_block(added: Columns, tier: Tier) -> Iterator[tuple[int, Columns]]:
    """The points of each block, and where the block starts."""
    position, slots = 0, added.slots
    while position < len(slots):
        start = slots[position] * tier.step_s // tier.block_s * tier.block_s
        end = bisect_left(slots, (start + tier.block_s) // tier.step_s, position)
        yield start, added.cut(position, end)
        position = end


def _oldest(tier: Tier, now_s: float) -> float:
    """Start of the oldest block that has a point which is kept."""
    return now_s - tier.kept_s - tier.block_s

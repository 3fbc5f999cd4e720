"""Writes the history: steps as they end, packed by series each hour, and dropped when their time is over. [io: SQLite]

A step is one small row for all series, so a write costs little and a crash loses only what is not yet written. Once an
hour is over, one transaction distributes its steps to the blocks of the series and removes them.
"""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from monitoring.series import block, points
from monitoring.series.catalogue import SeriesKey
from monitoring.series.points import Columns, Point
from monitoring.series.resolution import COARSE, FINE, HOUR_S, TIERS, Tier
from monitoring.store import metrics_file, step_row
from monitoring.store.step_row import MAX_SERIES, Summary

log = structlog.get_logger("monitoring.store")

GRACE_S = 60  # an hour is packed so long after its end, when its last step is surely written
YIELD_EVERY, YIELD_S = 8, 0.001  # series after which packing lets other threads run
MAX_SUBJECT = 500


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
        rows = self._connection.execute("SELECT metric, subject, id FROM series")
        self._ids = {SeriesKey(metric, subject): number for metric, subject, number in rows}
        self.dropped_series = 0

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
            if isinstance(error, block.DamagedBlock):
                raise metrics_file.DamagedFile(f"a block is damaged: {error}") from error
            raise

    def append(self, steps: Sequence[Step], events: Sequence[Event] = ()) -> None:
        created: dict[SeriesKey, int] = {}
        with self._transaction() as connection:
            for step in steps:
                values = self._by_number(connection, step, created)
                connection.execute("INSERT INTO steps (at, data) VALUES (?, ?)", (step.at, step_row.encode(values)))
            rows = [(event.at, event.kind, event.text) for event in events]
            connection.executemany("INSERT INTO events (at, kind, text) VALUES (?, ?, ?)", rows)
        self._ids |= created

    def _by_number(
        self, connection: sqlite3.Connection, step: Step, created: dict[SeriesKey, int]
    ) -> dict[int, Summary]:
        values = {}
        for key, summary in step.values.items():
            number = self._ids.get(key) or created.get(key)
            if number is None and len(self._ids) + len(created) < MAX_SERIES:
                row = (key.metric, key.subject, step.at)
                number = connection.execute(
                    "INSERT INTO series (metric, subject, last_at) VALUES (?, ?, ?)", row
                ).lastrowid
                created[key] = int(number or 0)
            if number is None:
                self.dropped_series += 1
            else:
                values[number] = summary
        return values

    def pack(self, now_s: float) -> int:
        """Packs the steps of the hours that are over. Returns the number of hours."""
        over = int(now_s - GRACE_S) // HOUR_S * HOUR_S
        statement = f"SELECT DISTINCT at / {HOUR_S} * {HOUR_S} FROM steps WHERE at < ? ORDER BY 1"  # noqa: S608
        hours = [hour for (hour,) in self._connection.execute(statement, (over,))]
        for hour in hours:
            self._pack_hour(hour)
        return len(hours)

    def _pack_hour(self, hour: int) -> None:
        began_s, between = time.monotonic(), (hour, hour + HOUR_S)
        with self._transaction() as connection:
            by_series: dict[int, list[Point]] = defaultdict(list)
            for at, data in connection.execute(
                "SELECT at, data FROM steps WHERE at >= ? AND at < ? ORDER BY at, id", between
            ):
                slot = at // FINE.step_s
                for series, low, mean, high in step_row.decode(data):
                    by_series[series].append((slot, low, mean, high))
            for index, (series, rows) in enumerate(by_series.items(), 1):
                self._add_to_blocks(connection, series, points.merge(points.columns(rows)))
                if index % YIELD_EVERY == 0:
                    time.sleep(YIELD_S)
            connection.execute("DELETE FROM steps WHERE at >= ? AND at < ?", between)
        log.debug("history was packed", hour=hour, series=len(by_series), seconds=round(time.monotonic() - began_s, 2))

    def _add_to_blocks(self, connection: sqlite3.Connection, series: int, fine: Columns) -> None:
        """`fine`: points of one hour, which lies in one block of each tier."""
        for tier in TIERS:
            added = points.roll_up(fine, tier.step_s // FINE.step_s)
            start = added.slots[0] * tier.step_s // tier.block_s * tier.block_s
            where = (series, tier.step_s, start)
            row = connection.execute("SELECT data FROM blocks WHERE series = ? AND step = ? AND start = ?", where)
            present = row.fetchone()
            merged = points.merge(block.decode(present[0]), added) if present else added
            statement = "INSERT OR REPLACE INTO blocks (series, step, start, data) VALUES (?, ?, ?, ?)"
            connection.execute(statement, (*where, block.encode(merged)))
        last_at = fine.slots[-1] * FINE.step_s
        connection.execute("UPDATE series SET last_at = max(last_at, ?) WHERE id = ?", (last_at, series))

    def drop_expired(self, now_s: float) -> None:
        """Drops the blocks whose tier no longer keeps them, and the series that have none. Not to be called with a
        clock that has just been changed: all would count as expired."""
        with self._transaction() as connection:
            for tier in TIERS:
                connection.execute(
                    "DELETE FROM blocks WHERE step = ? AND start < ?", (tier.step_s, _oldest(tier, now_s))
                )
            oldest = now_s - COARSE.kept_s - COARSE.block_s
            connection.execute("DELETE FROM events WHERE at < ?", (oldest,))
            connection.execute("DELETE FROM series WHERE last_at < ?", (oldest,))
        rows = self._connection.execute("SELECT metric, subject, id FROM series")
        self._ids = {SeriesKey(metric, subject): number for metric, subject, number in rows}
        self._connection.execute("PRAGMA incremental_vacuum(2000)").fetchall()


def _oldest(tier: Tier, now_s: float) -> float:
    """Start of the oldest block that has a point which is kept."""
    return now_s - tier.kept_s - tier.block_s

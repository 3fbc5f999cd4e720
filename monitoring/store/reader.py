"""Reads the history: points of a series, what there is, and events. [io: SQLite]"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitoring.errors import HistoryUnreadable
from monitoring.series import block, points
from monitoring.series.catalogue import SeriesKey
from monitoring.series.planes import DamagedBlock
from monitoring.series.points import Columns
from monitoring.series.resolution import COARSE, FINE, Resolution
from monitoring.store import metrics_file, step_row
from monitoring.store.writer import Event

MAX_EVENTS = 1000
OLDEST_BLOCKS = 50  # of the first that are read for the time of the oldest point


@dataclass(frozen=True, slots=True)
class Contents:
    """`keys`: the series, in the order of their names; `oldest_s`: unix seconds of the oldest block or step."""

    keys: tuple[SeriesKey, ...]
    oldest_s: float | None


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(metrics_file.open_for_reading(path)) as connection:
            yield connection
    except (sqlite3.Error, DamagedBlock, TypeError, ValueError) as error:  # SQLite takes any type in any column
        raise HistoryUnreadable(f"{path.name}: {error}") from error


def read_points(path: Path, key: SeriesKey, resolution: Resolution, from_s: float, to_s: float) -> Columns:
    """Points whose slots are in units of `resolution.seconds`, of all intervals that meet [from_s, to_s). Raises
    HistoryUnreadable."""
    if not path.exists():
        return Columns()
    tier, seconds = resolution.tier, resolution.seconds
    first, last = int(from_s // seconds) * seconds, -int(-to_s // seconds) * seconds
    with _reading(path) as connection:
        row = connection.execute(
            "SELECT id FROM series WHERE metric = ? AND subject = ?", (key.metric, key.subject)
        ).fetchone()
        if row is None:
            return Columns()
        blocks = connection.execute(
            "SELECT data FROM blocks WHERE step = ? AND series = ? AND start > ? AND start < ? ORDER BY start",
            (tier.step_s, row[0], first - tier.block_s, last),
        )
        packed = [block.decode(data) for (data,) in blocks]
        fine = _read_steps(connection, row[0], first, last)
    present = points.merge(*packed, points.roll_up(fine, tier.step_s // FINE.step_s))
    begin, end = (bisect_left(present.slots, limit // tier.step_s) for limit in (first, last))
    return points.roll_up(present.cut(begin, end), resolution.factor)


def _read_steps(connection: sqlite3.Connection, series: int, first: int, last: int) -> Columns:
    rows = connection.execute("SELECT at, data FROM steps WHERE at >= ? AND at < ? ORDER BY at, id", (first, last))
    summaries = ((at, step_row.pick(data, series)) for at, data in rows)
    steps = points.columns((at // FINE.step_s, *summary) for at, summary in summaries if summary is not None)
    return points.merge(steps)


def read_contents(path: Path) -> Contents:
    """Raises HistoryUnreadable."""
    if not path.exists():
        return Contents((), None)
    with _reading(path) as connection:
        keys = connection.execute("SELECT metric, subject FROM series ORDER BY metric, subject").fetchall()
        return Contents(tuple(SeriesKey(*key) for key in keys), _oldest(connection))


def _oldest(connection: sqlite3.Connection) -> float | None:
    """A block starts up to ten days before its first point."""
    statement = "SELECT start, data FROM blocks WHERE step = ? ORDER BY start LIMIT ?"
    blocks = connection.execute(statement, (COARSE.step_s, OLDEST_BLOCKS)).fetchall()
    firsts = [block.decode(data).slots[0] * COARSE.step_s for start, data in blocks if start == blocks[0][0]]
    (step_s,) = connection.execute("SELECT min(at) FROM steps").fetchone()
    return min([*firsts, *([] if step_s is None else [step_s])], default=None)


def read_events(path: Path, from_s: float, to_s: float) -> list[Event]:
    """The newest `MAX_EVENTS` between the two times, oldest first. Raises HistoryUnreadable."""
    if not path.exists():
        return []
    statement = "SELECT at, kind, text FROM events WHERE at >= ? AND at < ? ORDER BY at DESC LIMIT ?"
    with _reading(path) as connection:
        rows = connection.execute(statement, (from_s, to_s, MAX_EVENTS)).fetchall()
        return [Event(float(at), str(kind), str(text)) for at, kind, text in reversed(rows)]

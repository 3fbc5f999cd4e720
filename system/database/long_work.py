"""Long work in short transactions. [io: database]

SQLite has one writer at a time. Others poll for their turn, at first each millisecond, later every 100 ms: so that they
never wait long, a transaction is short, and followed by a pause that such a poll meets.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from django.db import connection, transaction

from system.errors import ServerStops

T = TypeVar("T")
FIRST_BATCH, MAX_BATCH = 100, 1000  # rows of a transaction; adapted so that it takes about `TRANSACTION_S`
TRANSACTION_S = 0.06
PAUSE_S = 0.01
# A checkpoint copies pages from SQLite's log into its file; by default after 1000 pages. A long work changes the same
# pages again and again: with 3000 pages (12 MiB) it took half the time.
CHECKPOINT_PAGES = 3000
USUAL_CHECKPOINT_PAGES = 1000
_stopping = threading.Event()


def end_long_work() -> None:
    """The server stops: work of many steps ends before its next one."""
    _stopping.set()


def allow_long_work() -> None:
    """The server starts; in one process, servers may follow each other."""
    _stopping.clear()


def may_go_on() -> None:
    """Between two steps of long work in a thread. Raises ServerStops."""
    if _stopping.is_set():
        raise ServerStops


def write_in_batches(items: Iterable[T], write: Callable[[Sequence[T]], int]) -> Iterator[int]:
    """Calls `write`, which returns a number of rows, with batches of `items`, each in a short transaction of its own.

    Yields the number of rows after each batch. Raises ServerStops between two batches.
    """
    remaining, size = iter(items), FIRST_BATCH
    with _fewer_checkpoints():
        while batch := list(islice(remaining, size)):
            _stopping.wait(PAUSE_S)
            may_go_on()
            with transaction.atomic():
                started_s = time.monotonic()
                count = write(batch)
                took_s = time.monotonic() - started_s
            size = min(MAX_BATCH, max(1, round(len(batch) * min(2.0, TRANSACTION_S / max(took_s, 0.001)))))
            yield count


@contextmanager
def _fewer_checkpoints() -> Iterator[None]:
    """For SQLite: fewer checkpoints; and deleted text is not overwritten with zeros, as some builds do by default."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        overwrites = cursor.execute("PRAGMA secure_delete").fetchone()[0]
        cursor.execute("PRAGMA secure_delete = FAST")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA wal_autocheckpoint = {USUAL_CHECKPOINT_PAGES}")
            cursor.execute(f"PRAGMA secure_delete = {int(overwrites)}")

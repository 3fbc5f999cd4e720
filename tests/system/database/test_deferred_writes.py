"""Writes wait while the database cannot take them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.db import IntegrityError, OperationalError
from structlog.testing import capture_logs

from system.database import deferred_writes
from system.database.deferred_writes import DeferredWrites

DEADLINE_S = 20


class Table:
    """Takes rows while it has no `error`."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.rows: list[str] = []

    def insert(self, row: str) -> None:
        if self.error:
            raise self.error
        self.rows.append(row)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    monkeypatch.setattr(deferred_writes, "RETRY_S", 0.01)
    return Table()


@pytest.fixture
def writes() -> Iterator[DeferredWrites]:
    writes = DeferredWrites()
    writes.start()
    yield writes
    writes.stop(0)


def until(is_done: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not is_done():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_rows_wait_in_their_order_while_the_database_is_locked(table: Table, writes: DeferredWrites) -> None:
    table.error = OperationalError("database is locked")
    with capture_logs() as logs:
        accepted = [writes.add(partial(table.insert, row)) for row in "abc"]
        until(lambda: bool(logs))
        was_done = writes.wait_until_done(0.05)
        table.error = None
        is_done = writes.wait_until_done(DEADLINE_S)

    assert (accepted, was_done, is_done, table.rows) == ([True] * 3, False, True, ["a", "b", "c"])
    assert [(entry["log_level"], entry["event"]) for entry in logs] == [
        ("warning", "rows wait, because the database does not take them"), ("info", "the database takes rows again"),
    ]  # fmt: skip


def test_rows_beyond_the_limit_are_left_out(
    table: Table, writes: DeferredWrites, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferred_writes, "MAX_WAITING", 2)
    table.error = OperationalError("database or disk is full")
    accepted = [writes.add(partial(table.insert, row)) for row in "abcd"]
    table.error = None

    assert (writes.wait_until_done(DEADLINE_S), accepted, table.rows) == (True, [True, True, False, False], ["a", "b"])


@pytest.mark.parametrize(
    "error",
    [ValueError("a defect"), IntegrityError("UNIQUE constraint failed"), OperationalError("no such table: notes")],
)
def test_a_write_that_can_never_succeed_does_not_stop_the_others(
    table: Table, writes: DeferredWrites, error: Exception
) -> None:
    table.error = error
    with capture_logs() as logs:
        writes.add(partial(table.insert, "a"))
        assert writes.wait_until_done(DEADLINE_S)
    table.error = None
    writes.add(partial(table.insert, "b"))

    assert (writes.wait_until_done(DEADLINE_S), table.rows) == (True, ["b"])
    assert [entry["event"] for entry in logs] == ["a row could not be written"]


def test_rows_that_cannot_be_written_at_the_end_are_logged_as_lost(table: Table, writes: DeferredWrites) -> None:
    table.error = OperationalError("database is locked")
    writes.add(partial(table.insert, "a"))
    with capture_logs() as logs:
        writes.stop(0.05)

    assert [entry for entry in logs if "lost" in entry["event"]] == [
        {"rows": 1, "event": "rows were lost, because the database did not take them", "log_level": "warning"}
    ]


def test_a_row_that_is_being_written_at_the_end_is_not_lost(table: Table, writes: DeferredWrites) -> None:
    has_begun, may_end = threading.Event(), threading.Event()

    def insert_slowly() -> None:
        has_begun.set()
        may_end.wait(DEADLINE_S)
        table.insert("a")

    with capture_logs() as logs:
        writes.add(insert_slowly)
        writes.add(partial(table.insert, "b"))
        assert has_begun.wait(DEADLINE_S)
        writes.stop(0.05)
        may_end.set()
        until(lambda: table.rows == ["a"])

    assert [(entry["event"], entry["rows"]) for entry in logs] == [
        ("rows were lost, because the database did not take them", 1)
    ]


def test_after_a_stop_that_did_not_end_its_thread_the_next_start_has_one_of_its_own(
    table: Table, writes: DeferredWrites
) -> None:
    may_end = threading.Event()
    writes.add(lambda: may_end.wait(DEADLINE_S))
    writes.stop(0.05)
    writes.start()
    for row in "abc":
        writes.add(partial(table.insert, row))

    assert writes.wait_until_done(DEADLINE_S)
    may_end.set()
    assert table.rows == ["a", "b", "c"]


def test_some_places_are_left_for_more_important_rows(
    table: Table, writes: DeferredWrites, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferred_writes, "MAX_WAITING", 4)
    table.error = OperationalError("database is locked")
    accepted = [writes.add(partial(table.insert, "exit"), leaving=2) for _ in range(4)]
    until(lambda: not writes.wait_until_done(0))

    assert accepted.count(True) in (2, 3)  # one of them may be performed just now
    assert writes.add(partial(table.insert, "entry"))


def test_without_a_thread_a_row_is_written_at_once(table: Table) -> None:
    writes = DeferredWrites()
    writes.add(partial(table.insert, "a"))
    table.error = OperationalError("database is locked")

    with pytest.raises(OperationalError):
        writes.add(partial(table.insert, "b"))
    assert table.rows == ["a"]

"""Which process keeps others from writing to the SQLite database, by real locks."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from system.database import contention

pytestmark = pytest.mark.real

LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "a.sqlite3"
    connection = sqlite3.connect(file)
    connection.executescript("PRAGMA journal_mode=WAL; CREATE TABLE notes (text)")
    connection.close()
    return file


@pytest.fixture
def writer_pid(database: Path) -> Iterator[int]:
    """Another process with an open write transaction."""
    argv = [sys.executable, "-c", LOCKER, str(database)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"locked\n"
        yield process.pid


def test_the_writer_of_another_process_is_named(database: Path, writer_pid: int) -> None:
    reader = sqlite3.connect(database)
    reader.execute("SELECT * FROM notes").fetchall()
    name = Path(f"/proc/{writer_pid}/comm").read_text().strip()

    assert contention.find_writer(database) == writer_pid
    assert contention.explain_lock(database) == (
        f"{name} (pid {writer_pid}) is writing to {database} and has not finished. "
        f"Try again; this shows it: ps -o pid,stat,etime,args -p {writer_pid}."
    )
    reader.close()


def test_a_reader_is_no_writer(database: Path) -> None:
    reader = sqlite3.connect(database, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM notes").fetchall()

    assert contention.find_writer(database) is None
    assert contention.explain_lock(database) == (
        f"Another process is writing to {database} and has not finished. Try again."
    )
    reader.close()


def test_this_process_is_found_too(database: Path) -> None:
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")

    assert contention.find_writer(database) == os.getpid()
    connection.close()


@pytest.mark.parametrize("line", [
    "", "1: POSIX  ADVISORY  WRITE 4711 08:01:132 120 120", "1: POSIX  ADVISORY  READ 4711 08:01:131 120 120",
    "1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF", "1: POSIX  ADVISORY  WRITE 0 08:01:131 120 120",
    "1: POSIX  ADVISORY  WRITE 4711 08:01:131 121 EOF", "1: POSIX  ADVISORY  WRITE 4711 08:01:131 0 119",
    "1: -> POSIX  ADVISORY  WRITE 4711 08:01:131 120 120",
])  # fmt: skip
def test_other_locks_are_none_of_the_writer(line: str) -> None:
    assert contention._parse_writer(line, 131) is None


def test_a_lock_to_the_end_of_the_file_includes_the_writers(database: Path) -> None:
    assert contention._parse_writer("1: POSIX  ADVISORY  WRITE 4711 08:01:131 0 EOF", 131) == 4711


def test_without_a_database_there_is_no_writer(tmp_path: Path) -> None:
    assert contention.find_writer(tmp_path / "none.sqlite3") is None

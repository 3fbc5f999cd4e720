"""Connections to an SQLite file that exists, and stays the same."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import OperationalError, connection, connections

from system.database import existing_file
from system.database.existing_file import DatabaseGone, DatabaseMissing, ExistingFile


@pytest.fixture(autouse=True)
def _expecting_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(existing_file, "_expected", None)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The database of the settings: one table with one row."""
    file = tmp_path / "a.sqlite3"
    with closing(sqlite3.connect(file)) as database:
        database.executescript("CREATE TABLE notes (text); INSERT INTO notes VALUES ('first')")
    monkeypatch.setitem(connections.settings["default"], "NAME", str(file))
    existing_file.expect_present_file()
    return file


def read(file: Path) -> list[tuple[str]]:
    with closing(ExistingFile(file)) as database:
        return list(database.cursor().execute("SELECT text FROM notes"))


def test_the_file_of_the_start_is_opened(file: Path) -> None:
    assert read(file) == [("first",)]


@pytest.mark.parametrize("is_replaced", [False, True])
def test_an_open_and_a_new_connection_notice_that_the_file_is_another(file: Path, *, is_replaced: bool) -> None:
    with closing(ExistingFile(file)) as database:
        copy = file.read_bytes()
        file.unlink()
        if is_replaced:
            file.with_name("other").write_bytes(copy)  # with an inode of its own
            file.with_name("other").rename(file)

        for use in (database.cursor, lambda: read(file)):
            with pytest.raises(DatabaseGone, match=r"a\.sqlite3 was deleted or replaced while the server runs"):
                use()
    assert file.exists() == is_replaced


def test_other_files_are_not_compared(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite3"
    other.write_bytes(file.read_bytes())

    assert read(other) == [("first",)]


@pytest.mark.parametrize(("content", "state"), [(None, "does not exist"), (b"", "has 0 bytes")])
def test_a_missing_or_empty_file_stays_as_it_is(tmp_path: Path, content: bytes | None, state: str) -> None:
    file = tmp_path / "b.sqlite3"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(DatabaseMissing, match=rf"{file} {state}\. Create the database: .*migrate"):
        ExistingFile(file)
    assert (file.read_bytes() if file.exists() else None) == content


def test_a_folder_without_access_is_no_missing_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "lstat", refuse)

    with pytest.raises(OperationalError) as caught:
        ExistingFile(file)
    assert (type(caught.value), str(caught.value)) == (OperationalError, f"{file} cannot be read: Permission denied")


@pytest.mark.django_db(transaction=True)
def test_a_thread_may_open_its_connection_any_number_of_times() -> None:
    existing_file.expect_present_file()
    for _ in range(1100):  # more than Python's limit of nested calls
        connection.close()
        connection.ensure_connection()

    with connection.cursor() as cursor:
        assert cursor.execute("SELECT 1").fetchone() == (1,)
    assert connection.execute_wrappers == []

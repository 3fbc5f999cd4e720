from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from threading import Event

import pytest

from pm2site.backup import compatibility, sqlite_file
from pm2site.errors import DatabaseUnusable
from system.lib import installation
from tests.fixtures.database import add_users, damage_last_page, fill, user_names

NEVER = Event()
PAIRS = 300


def test_a_copy_holds_what_was_committed_at_one_moment_while_others_write(database: Path, tmp_path: Path) -> None:
    fill(database, 8)
    copies = [tmp_path / f"copy-{number}" for number in range(8)]

    def write() -> None:
        for number in range(PAIRS):
            add_users(database, f"first-{number}", f"second-{number}")

    writer = threading.Thread(target=write)
    writer.start()
    for copy in copies:
        copy.touch()
        sqlite_file.copy(database, copy, NEVER, in_use=True)
    writer.join()

    counts = [len(user_names(copy)) for copy in copies]
    assert [count % 2 for count in counts] == [0] * len(copies)
    assert counts == sorted(counts)
    assert len(user_names(database)) == 2 * PAIRS
    assert [sqlite_file.find_damage(copy, NEVER, in_use=False, thorough=True) for copy in copies] == [None] * len(
        copies
    )
    assert {path.name for path in tmp_path.iterdir()} == {"var", *(copy.name for copy in copies)}


def test_a_copy_can_be_stopped(database: Path, tmp_path: Path) -> None:
    fill(database, 8)
    stop = Event()
    stop.set()

    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        sqlite_file.copy(database, tmp_path / "copy", stop, in_use=True)


@pytest.mark.parametrize("thorough", [True, False])
def test_damage_is_found_and_an_intact_file_is_not_damaged(database: Path, thorough: bool) -> None:
    fill(database, 1)
    assert sqlite_file.find_damage(database, NEVER, in_use=True, thorough=thorough) is None

    damage_last_page(database)

    damage = sqlite_file.find_damage(database, NEVER, in_use=True, thorough=thorough)
    assert damage is not None
    assert "page" in damage
    assert "\n" not in damage


def test_a_file_of_another_kind_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, but long enough to have a header of a hundred bytes" * 9)

    damage = sqlite_file.find_damage(tmp_path / "text", NEVER, in_use=False, thorough=True)

    assert damage == "file is not a database"


def test_reading_a_still_file_creates_nothing_beside_it(database: Path) -> None:
    add_users(database, "ada")

    contents = sqlite_file.read_contents(database, in_use=False)

    assert (contents.runs, contents.users, contents.entries) == (0, 1, 0)
    assert ("benchmarks", "0001_initial") in contents.migrations
    assert list(database.parent.iterdir()) == [database]


def test_rows_that_are_only_in_the_write_ahead_log_are_copied(database: Path, tmp_path: Path) -> None:
    reader = sqlite3.connect(database)  # stays open, or SQLite would merge the log
    reader.execute("SELECT count(*) FROM auth_user").fetchone()
    add_users(database, "ada")
    assert sqlite_file.has_unmerged_rows(database)
    (tmp_path / "copy").touch()

    sqlite_file.copy(database, tmp_path / "copy", NEVER, in_use=True)
    reader.close()

    assert user_names(tmp_path / "copy") == ["ada"]


OURS = {("benchmarks", "0001_initial"), ("pm2site", "0001_initial")}


@pytest.mark.parametrize(
    ("applied", "message"),
    [
        (OURS, None),
        ({*OURS, ("another_program", "0001_initial")}, None),
        (
            {("auth", "0001_initial"), ("pm2site", "0001_initial")},
            "a.sqlite3 is not a database of pm2site: it lacks the program's tables.",
        ),
        (
            {*OURS, ("pm2", "0900_next"), ("benchmarks", "0900_next")},
            "a.sqlite3 was written by a newer version of pm2site than 1.2.3: "
            "it has benchmarks 0900_next, pm2 0900_next. Install that version first.",
        ),
    ],
)
def test_a_database_is_compatible_or_the_reason_is_given(
    monkeypatch: pytest.MonkeyPatch, applied: set[tuple[str, str]], message: str | None
) -> None:
    monkeypatch.setattr(installation, "read_version", lambda: "1.2.3")

    if message is None:
        compatibility.check("a.sqlite3", applied)
        return
    with pytest.raises(DatabaseUnusable) as caught:
        compatibility.check("a.sqlite3", applied)
    assert str(caught.value) == message

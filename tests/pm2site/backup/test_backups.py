from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from pytest_django import Settings

from pm2site.backup import backups, restoring, schedule
from pm2site.backup.schedule import Condition
from pm2site.errors import DatabaseUnusable
from tests.fixtures.database import add_users, damage_last_page, fill, user_names

NEVER = Event()
MOMENT = datetime(2026, 11, 26, 3, 30, tzinfo=UTC)
NAME = "scheduled-20261126-033000.sqlite3"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_backup_is_whole_private_and_alone(database: Path) -> None:
    add_users(database, "ada", "bob")
    target = backups.default_path(MOMENT, backups.SCHEDULED)

    backup = await backups.make(target, NEVER)

    assert (backup.path, backup.size_bytes) == (target, target.stat().st_size)
    assert backup.contents
    assert (backup.contents.users, backup.contents.runs, user_names(target)) == (2, 0, ["ada", "bob"])
    assert (target.stat().st_mode & 0o777, target.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert names(target.parent) == [NAME]


async def test_a_damaged_database_is_not_backed_up_and_earlier_backups_stay(database: Path) -> None:
    fill(database, 1)
    target = backups.default_path(MOMENT)
    await backups.make(target, NEVER)
    before = target.read_bytes()
    damage_last_page(database)

    with pytest.raises(DatabaseUnusable) as caught:
        await backups.make(target, NEVER)

    assert str(caught.value).startswith(f"{database} is damaged: ")
    assert (target.read_bytes(), names(target.parent)) == (before, [target.name])


async def test_a_stopped_backup_leaves_nothing(database: Path) -> None:
    fill(database, 8)
    stop = Event()
    stop.set()

    with pytest.raises(DatabaseUnusable, match="interrupted"):
        await backups.make(backups.default_path(MOMENT), stop)

    assert names(database.parent / "backups") == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.unlink(), "There is no database at {0}."),
        (lambda path: path.write_bytes(b""), "{0} is not a database of pm2site: it lacks the program's tables."),
        (lambda path: path.write_bytes(b"text" * 100), "{0} is damaged: file is not a database."),
    ],
)
async def test_what_is_no_database_is_not_backed_up(
    database: Path, make: Callable[[Path], object], message: str
) -> None:
    make(database)

    with pytest.raises(DatabaseUnusable) as caught:
        await backups.make(backups.default_path(MOMENT), NEVER)

    assert str(caught.value) == message.format(database)
    assert names(database.parent / "backups") == []


def stored(folder: Path, name: str, age_s: float) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).touch()
    os.utime(folder / name, (time.time() - age_s,) * 2)
    return folder / name


def test_the_newest_scheduled_backups_are_kept_and_all_others_too(database: Path, settings: Settings) -> None:
    settings.BACKUP_KEEP = 2
    folder = database.parent / "backups"
    for day in range(1, 6):
        stored(folder, f"scheduled-2026110{day}-000000.sqlite3", 86_400 * (9 - day))
    stored(folder, "scheduled-20380101-000000.sqlite3", -400_000_000)  # dated by a wrong clock
    stored(folder, "scheduled-20261101-000000.sqlite3.tmpabc", 90_000)  # the remains of a killed server
    stored(folder, "scheduled-20261107-000000.sqlite3.tmpdef", 60)
    for name in ("pm2site-20260101-000000.sqlite3", "history-20260101-000000-abc.json", "notes.sqlite3"):
        stored(folder, name, 9e6)

    removed = backups.remove_old()

    assert sorted(path.name[10:18] for path in removed) == ["20261101", "20261102", "20261103", "20380101"]
    assert names(folder) == [
        "history-20260101-000000-abc.json", "notes.sqlite3", "pm2site-20260101-000000.sqlite3",
        "scheduled-20261104-000000.sqlite3", "scheduled-20261105-000000.sqlite3",
        "scheduled-20261107-000000.sqlite3.tmpdef",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ages_s", "expected_s"),
    [
        ([], 0),
        ([100_000], 0),
        ([3600], 82_800),
        ([90_000, 7200, 200_000], 79_200),
        ([-400_000], 0),
        ([-400_000, 3600], 82_800),
    ],
)
def test_a_backup_is_due_a_day_after_the_newest_one(database: Path, ages_s: list[float], expected_s: float) -> None:
    for number, age_s in enumerate(ages_s):
        stored(database.parent / "backups", f"scheduled-{number}.sqlite3", age_s)

    assert schedule.seconds_until_due() == pytest.approx(expected_s, abs=30)


def test_a_restored_database_is_the_backup_and_the_earlier_one_is_kept(database: Path, tmp_path: Path) -> None:
    add_users(database, "ada")
    backup = tmp_path / "copy.sqlite3"
    backup.touch()
    backups.copy_checked(database, backup, NEVER, in_use=True)
    add_users(database, "bob")

    restored = restoring.restore_sqlite(backup, database)

    assert restored.aside
    aside = Path(restored.aside)
    assert (user_names(database), user_names(aside)) == (["ada"], ["ada", "bob"])
    assert (database.stat().st_mode & 0o777, aside.parent) == (0o600, database.parent)
    assert restored.contents
    assert restored.contents.users == 1
    assert not [name for name in names(database.parent) if ".tmp" in name]

    second = restoring.restore_sqlite(aside, database)

    assert second.aside != restored.aside
    assert user_names(database) == ["ada", "bob"]


def test_rows_of_a_crashed_server_are_kept_with_the_database_that_was_replaced(database: Path, tmp_path: Path) -> None:
    backup = tmp_path / "copy.sqlite3"
    backup.touch()
    backups.copy_checked(database, backup, NEVER, in_use=True)
    open_connection = sqlite3.connect(database)
    open_connection.execute("SELECT count(*) FROM auth_user").fetchone()  # or SQLite would merge the log
    add_users(database, "only in the log")

    aside = restoring.restore_sqlite(backup, database).aside

    assert aside
    assert (user_names(database), user_names(Path(aside))) == ([], ["only in the log"])
    open_connection.close()


def newer(path: Path) -> None:
    with sqlite3.connect(path) as writer:
        writer.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('pm2', '0900_next', '2026-01-01')")
    writer.close()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.unlink(), "{0} cannot be read: no such file or directory. "),
        (lambda path: path.write_text("text"), "{0} is not a backup: it is not an SQLite database."),
        (lambda path: path.write_bytes(path.read_bytes()[:9000]), "{0} is damaged: database disk image is malformed."),
        (damage_last_page, "{0} is damaged: "),
        (newer, "{0} was written by a newer version of pm2site than "),
    ],
)
def test_what_is_no_backup_is_refused_and_nothing_changes(
    database: Path, tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    fill(database, 1)
    backup = tmp_path / "copy.sqlite3"
    backup.touch()
    backups.copy_checked(database, backup, NEVER, in_use=True)
    make(backup)
    before = database.read_bytes(), names(database.parent)

    with pytest.raises(DatabaseUnusable) as caught:
        restoring.restore_sqlite(backup, database)

    assert str(caught.value).startswith(message.format(backup))
    assert (database.read_bytes(), names(database.parent)) == before


def test_the_present_database_is_no_backup_of_itself(database: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="is the present database"):
        restoring.restore_sqlite(database, database)


async def test_the_schedule_makes_a_backup_and_removes_old_ones(database: Path, settings: Settings) -> None:
    settings.BACKUP_KEEP = 1
    old = stored(database.parent / "backups", "scheduled-20200101-000000.sqlite3", 1e6)

    wait_s = await schedule._back_up_if_due(NEVER)

    [backup] = backups.find_all()
    assert backup != old
    assert wait_s == pytest.approx(86_400, abs=30)
    assert user_names(backup) == []
    assert schedule.condition().backup_failure is None


async def test_a_failed_backup_is_reported_and_tried_again(database: Path, settings: Settings) -> None:
    settings.BACKUP_DIR = database.parent / "file" / "backups"
    (database.parent / "file").write_text("")

    wait_s = await schedule._back_up_if_due(NEVER)

    assert wait_s == schedule.RETRY_S
    assert schedule.condition() == Condition(
        backup_failure=f"the last backup failed: {database.parent}/file cannot be written: not a directory. "
        f"This shows what is there: ls -ld {database.parent}/file"
    )

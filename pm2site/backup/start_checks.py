"""Checks DATA_DIR and the database before a server or a migration touches them. [io: files, sqlite3]"""

from __future__ import annotations

import os
import shlex
import stat
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from pm2site.backup import backups, databases, sqlite_file
from pm2site.errors import DatabaseUnusable
from system.database.existing_file import DatabaseMissing
from system.lib import files, installation


def check_folders() -> None:
    """Raises DatabaseUnusable if nothing can be written to DATA_DIR or to the database's folder."""
    path = databases.sqlite_path()
    for folder in dict.fromkeys([Path(settings.DATA_DIR), *([path.parent] if path else [])]):
        try:
            files.check_writable(folder)
        except OSError as error:
            raise DatabaseUnusable(files.describe_refusal(folder, error)) from error


def check_database() -> None:
    """Raises DatabaseUnusable for a database that is damaged, foreign, or not to be opened. Changes nothing."""
    path = databases.sqlite_path()
    if path is None or not os.path.lexists(path):
        return
    _check_file(path)
    try:
        contents = sqlite_file.read_contents(path, in_use=True)
    except sqlite_file.SqliteError as error:
        raise DatabaseUnusable(describe_failure(path, error)) from error
    if contents.tables and sqlite_file.MIGRATIONS not in contents.tables:
        raise DatabaseUnusable(
            f"{path} is not a database of {installation.NAME}: it lacks the program's tables. "
            "Move it away, or set DATA_DIR to another folder."
        )


def _check_file(path: Path) -> None:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        target = os.path.realpath(path)
        raise DatabaseUnusable(f"{path} is a symlink, and not followed. Set DATABASE_URL=sqlite:///{target}")
    if not stat.S_ISREG(status.st_mode):
        raise DatabaseUnusable(f"{path} is not a file. This shows what it is: ls -ld {shlex.quote(str(path))}")
    if not os.access(path, os.R_OK | os.W_OK):
        raise DatabaseUnusable(files.describe_refusal(path, PermissionError(13, "Permission denied")))


def describe_failure(path: Path, error: sqlite_file.SqliteError) -> str:
    """What is wrong with the database, and the command that helps."""
    if sqlite_file.is_damage(error):
        return f"{path} is damaged: {error}. To go on, {restore_hint()}"
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"{path} is locked by another program. This shows which: fuser -v {shlex.quote(str(path))}"
    return f"{path} cannot be read: {error}. This shows what is there: ls -l {shlex.quote(str(path.parent))}"


def restore_hint() -> str:
    """The command that restores the newest backup, or what to do without one."""
    newest = next(iter(backups.find_all()), None)
    command = f"{installation.MANAGE} restore"
    if newest:
        return f"restore the newest backup: {command} {shlex.quote(str(newest))}"
    return f"restore a backup ({settings.BACKUP_DIR} has none): {command} FILE"


def check_rows_are_there(*, has_migrated: bool) -> None:
    """Raises DatabaseUnusable if this installation has been in use, and its database is gone or empty.

    `has_migrated`: whether `migrate` has already run here.
    """
    path = databases.sqlite_path()
    if path is None or (state := _describe_loss(path, has_migrated)) is None:
        return
    raise DatabaseUnusable(
        f"{path} {state}. To begin with an empty history, run {installation.MANAGE} migrate --empty; "
        f"otherwise {restore_hint()}"
    )


def check_is_usable() -> None:
    """For a command that neither creates nor migrates the database. Raises DatabaseUnusable. Changes nothing."""
    check_database()
    check_rows_are_there(has_migrated=databases.migration_lock().exists())


def _describe_loss(path: Path, has_migrated: bool) -> str | None:
    exists = path.exists()
    size_bytes = path.stat().st_size if exists else 0
    if size_bytes and sqlite_file.read_contents(path, in_use=True).tables:
        return None
    what = "does not exist" if not exists else "has 0 bytes" if not size_bytes else "has no tables"
    if not size_bytes and sqlite_file.has_unmerged_rows(path):
        return f"{what}, but {path.name}-wal holds rows of it"
    if backups.find_all():
        return f"{what}, but {settings.BACKUP_DIR} has backups of it"
    # SQLite never leaves 0 bytes; a new installation has no file, or one without tables.
    if has_migrated or (exists and not size_bytes and settings.HAS_RUN_BEFORE):
        return f"{what}, but this server has run here before"
    return None


def create_database() -> None:
    """Where there is no database yet, creates one without tables. Raises DatabaseUnusable."""
    path = databases.sqlite_path()
    if path is None or (path.exists() and path.stat().st_size):
        return
    try:
        sqlite_file.create(path)
    except OSError as error:
        raise DatabaseUnusable(files.describe_refusal(path, error)) from error
    except sqlite_file.SqliteError as error:
        raise DatabaseUnusable(describe_failure(path, error)) from error


def correct_modes() -> None:
    """Gives files and folders of ours in DATA_DIR the modes that they are created with. Raises DatabaseUnusable."""
    path = databases.sqlite_path()
    names = ["secret_key", "server_id"]
    private = [Path(settings.DATA_DIR) / name for name in names]
    if path:
        private += [sqlite_file.with_suffix(path, suffix) for suffix in ("", *sqlite_file.SIDE_FILES)]
    for folder in _own_folders():
        with suppress(OSError):  # another user's: its owner decides
            files.make_folder(folder)
            private += [entry for entry in folder.iterdir() if entry.is_file() and not entry.is_symlink()]
    for file in private:
        try:
            files.make_private(file)
        except PermissionError:
            continue
        except OSError as error:
            raise DatabaseUnusable(files.describe_refusal(file, error)) from error


def _own_folders() -> list[Path]:
    data_dir = Path(settings.DATA_DIR)
    folders = [data_dir / name for name in ("backups", "expected-exits", "locks", "logs")]
    return [folder for folder in folders if folder.is_dir()]


def explain_refusal(error: OSError) -> str | None:
    """Why the system refused a file of ours, and what helps; None if the error is about something else."""
    path = Path(error.filename if isinstance(error.filename, str) else "")
    is_ours = any(path.is_relative_to(folder) for folder in (settings.DATA_DIR, settings.BACKUP_DIR))
    return files.describe_refusal(path, error) if is_ours else None


def explain(error: Exception) -> str:
    """The cause of a database error that ended a command, and what helps."""
    try:
        check_folders()
        check_is_usable()
    except DatabaseUnusable as cause:
        return str(cause)
    if isinstance(error, DatabaseMissing):
        return str(error)
    if "no such table" in str(error):
        return f"The database has no tables. Create them: {installation.MANAGE} migrate"
    return f"The database failed: {' '.join(str(error).split())}"

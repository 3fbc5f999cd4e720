"""Background task of the server: checks the database once, then keeps backups. [io: files, threads]"""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import structlog
from django.conf import settings

from pm2site.backup import backups, databases, sqlite_file, start_checks
from pm2site.errors import DatabaseUnusable
from system.errors import HostError
from system.lib import files, locks

log = structlog.get_logger("pm2site.backup")

HOUR_S = 3600.0
RETRY_S = 600.0  # after a failure, and while another server is at it
FAILURES = (DatabaseUnusable, HostError, OSError, sqlite_file.SqliteError)


@dataclass(frozen=True, slots=True)
class Condition:
    """What this server knows about its database. `damage`, `backup_failure`: sentences; None if there is none."""

    damage: str | None = None
    backup_failure: str | None = None


_condition = Condition()


def condition() -> Condition:
    return _condition


async def keep_backups() -> None:
    """Runs until cancelled. Meanwhile `restore` refuses to replace the database."""
    global _condition
    _condition = Condition()
    stop = Event()  # ends a thread that is in the middle of a copy
    with ExitStack() as stack:
        stack.callback(stop.set)
        try:
            stack.enter_context(databases.used_by("the server"))
        except (DatabaseUnusable, OSError) as error:
            log.warning("the database's lock was not acquired", error=str(error))
        await _check_once(stop)
        while settings.BACKUP_HOURS:
            wait_s = await _back_up_if_due(stop)
            await asyncio.sleep(wait_s)
        await asyncio.Event().wait()


async def _check_once(stop: Event) -> None:
    global _condition
    path = databases.sqlite_path()
    if path is None or not path.exists():
        return
    try:
        damage = await asyncio.to_thread(sqlite_file.find_damage, path, stop, in_use=True, thorough=False)
    except sqlite_file.SqliteError as error:
        log.warning("the database was not checked", database=str(path), error=str(error))
        return
    if damage:
        message = f"{path} is damaged: {damage}. To go on, stop the server and {start_checks.restore_hint()}"
        _condition = Condition(damage=message)
        log.error("the database is damaged", database=str(path), error=damage, help=start_checks.restore_hint())


async def _back_up_if_due(stop: Event) -> float:
    """Seconds until the next look."""
    global _condition
    with ExitStack() as stack:
        try:
            lock = Path(settings.DATA_DIR) / "locks" / "backup"
            if stack.enter_context(locks.exclusive(lock, f"pid {os.getpid()}")):
                return RETRY_S
            if wait_s := seconds_until_due():
                return wait_s
            backup = await backups.make(backups.default_path(datetime.now(UTC), backups.SCHEDULED), stop)
            removed = await asyncio.to_thread(backups.remove_old)
        except FAILURES as error:
            reason = files.describe_refusal(Path(settings.BACKUP_DIR), error) if isinstance(error, OSError) else error
            _condition = Condition(_condition.damage, f"the last backup failed: {reason}")
            log.warning("no backup was made", error=str(reason))
            return RETRY_S
    _condition = Condition(_condition.damage)
    log.info("backup", file=str(backup.path), bytes=backup.size_bytes, removed=len(removed))
    return seconds_until_due() or RETRY_S


def seconds_until_due() -> float:
    """0 if the newest backup is too old or there is none."""
    interval_s, age_s = settings.BACKUP_HOURS * HOUR_S, backups.seconds_since_last()
    return 0.0 if age_s is None else max(0.0, interval_s - age_s)

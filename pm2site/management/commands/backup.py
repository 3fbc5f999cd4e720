"""Backs up the database, while servers run or not."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from django.core.management.base import CommandError

from pm2site.audit.trail import record_command
from pm2site.backup import backups, databases, start_checks
from system.errors import HostError
from system.lib import files
from system.lib.commands import CommandLine
from system.lib.quantities import pluralize


class Command(CommandLine):
    help = (
        "Write a checked backup of history, users, tokens and audit trail, and print its path. "
        "Servers may run. SQLite needs no program, PostgreSQL needs pg_dump."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="file or folder (a file in BACKUP_DIR)")

    def handle(self, *args: Any, file: Path | None, **options: Any) -> None:
        start_checks.check_is_usable()
        target = _target(file)
        try:
            backup = asyncio.run(backups.make(target, Event()))
        except OSError as error:
            raise CommandError(files.describe_refusal(target.parent, error)) from error
        except HostError as error:
            raise CommandError(str(error)) from error
        record_command("backup", str(target), "")
        self.stdout.write(str(target))
        size = f"{backup.size_bytes / 2**20:.1f} MiB"
        held = backup.contents
        counts = f", {pluralize(held.runs, 'run')}, {pluralize(held.users, 'user')}" if held else ""
        self.stderr.write(f"{size}{counts}; checked.")


def _target(file: Path | None) -> Path:
    """Raises CommandError for a file that is something else than an earlier backup."""
    default = backups.default_path(datetime.now(UTC))
    if file is None:
        return default
    target = file.expanduser().absolute()
    if target.is_dir():
        return target / default.name
    database = databases.sqlite_path()
    if database and target.exists() and database.exists() and target.samefile(database):
        raise CommandError(f"{target} is the database itself. Name another file.")
    if target.exists() and not backups.is_backup(target):
        raise CommandError(f"{target} exists and is not a backup. Name another file.")
    return target

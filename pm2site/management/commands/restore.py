"""Replaces the database by a backup."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import connections

from pm2site.audit.trail import record_command
from pm2site.backup import databases, restoring, start_checks
from pm2site.backup.restoring import Restored
from system.errors import HostError
from system.lib import files, installation
from system.lib.commands import CommandLine
from system.lib.quantities import pluralize


class Command(CommandLine):
    help = "Check FILE, put the present database aside, and restore FILE in its place. No server may run."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a backup, by the server or by the command backup")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        start_checks.check_folders()
        connections.close_all()
        with databases.held_alone("restore"):
            restored = _restore(file.expanduser().absolute())
        record_command("restore", str(file), "")
        held = restored.contents
        counts = f": {pluralize(held.runs, 'run')}, {pluralize(held.users, 'user')}" if held else ""
        self.stdout.write(f"Restored {file}{counts}.")
        if restored.aside:
            self.stdout.write(f"The database that was there is kept: {restored.aside}")
        self.stdout.write(f"Start the server: {installation.RUN}")


def _restore(file: Path) -> Restored:
    database = databases.sqlite_path()
    try:
        if database:
            return restoring.restore_sqlite(file, database)
        if databases.is_postgresql():
            return asyncio.run(restoring.restore_postgresql(file, datetime.now(UTC)))
    except OSError as error:
        folder = database.parent if database else file
        raise CommandError(files.describe_refusal(folder, error)) from error
    except HostError as error:
        raise CommandError(str(error)) from error
    raise CommandError("Only SQLite and PostgreSQL can be restored. Use the database's own programs.")

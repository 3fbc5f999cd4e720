"""Django's `migrate`, by one process at a time, and never silently in place of a lost database."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.commands.migrate import Command as DjangoCommand

from pm2site.backup import databases, start_checks
from pm2site.errors import DatabaseUnusable
from system.lib import locks

WAIT_S = 600.0  # for another process to migrate a large history


class Command(DjangoCommand):
    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)  # type: ignore[arg-type]
        parser.add_argument("--empty", action="store_true", help="create the tables though a used database is missing")

    # Not `handle`: before it, Django's system checks connect to the database.
    def execute(self, *args: Any, empty: bool = False, **options: Any) -> str | None:
        start_checks.check_folders()
        lock = databases.migration_lock()
        has_migrated = lock.exists()
        with databases.used_by("migrate"), locks.exclusive(lock, f"pid {os.getpid()}", wait_s=WAIT_S) as holder:
            if holder:
                raise DatabaseUnusable(f"Another process ({holder}) is migrating the database. Try again later.")
            start_checks.check_database()
            if not empty:
                start_checks.check_rows_are_there(has_migrated=has_migrated)
            start_checks.create_database()
            start_checks.correct_modes()
            return super().execute(*args, **options)

"""Backups of a PostgreSQL database by its own programs, which must be on PATH. [io: child processes]"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db.backends.postgresql.client import DatabaseClient

from pm2site.errors import DatabaseUnusable
from system.host import child_processes
from system.host.child_processes import CompletedProcess

TIMEOUT_S = 3600.0
INHERITED = ("HOME", "LANG", "LC_ALL", "PATH")  # the other variables include our keys
OUTPUT_BYTES = 16 * 2**20
MIGRATION_ROW = re.compile(r"^\d+\t([^\t]+)\t([^\t]+)\t", re.MULTILINE)


async def dump(target: Path) -> None:
    """Writes the database as it is at one moment into the target. Raises DatabaseUnusable, ChildTimeout."""
    await _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}", *_client()[0])


async def read_migrations(file: Path) -> frozenset[tuple[str, str]]:
    """The migrations in a dump, all of which is read. Raises DatabaseUnusable, ChildTimeout."""
    await _run("pg_restore", "--file=/dev/null", str(file))
    finished = await _run("pg_restore", "--data-only", "--table=django_migrations", "--file=-", str(file))
    return frozenset((app, name) for app, name in MIGRATION_ROW.findall(finished.stdout))


async def load(file: Path, script: Path, moment: datetime) -> str:
    """Puts the schema `public` aside under a new name, which is returned, and loads the dump, in one transaction.

    `script`: a file for the dump as SQL. Raises DatabaseUnusable, ChildTimeout; the database is then as before.
    """
    await _run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(file))
    aside = f"replaced_{moment:%Y%m%d_%H%M%S}"
    steps = (f"ALTER SCHEMA public RENAME TO {aside}", "CREATE SCHEMA public")
    commands = [word for step in steps for word in ("--command", step)]
    options = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
    await _run("psql", *options, *commands, f"--file={script}", *_client()[0])
    return aside


def _client() -> tuple[list[str], dict[str, str]]:
    """User, host, port and database as options, and the environment with the password."""
    database = {"OPTIONS": {}, **settings.DATABASES["default"]}
    arguments, variables = DatabaseClient.settings_to_cmd_args_env(database, [])
    inherited = {name: value for name, value in os.environ.items() if name in INHERITED or name.startswith("PG")}
    return list(arguments[1:]), {**inherited, **(variables or {})}


async def _run(program: str, *options: str) -> CompletedProcess:
    path = shutil.which(program)
    if path is None:
        raise DatabaseUnusable(f"{program} is not on PATH. Install it: apt-get install postgresql-client")
    argv: Sequence[str] = (path, *options)
    finished = await child_processes.run(argv, env=_client()[1], timeout_s=TIMEOUT_S, output_limit_bytes=OUTPUT_BYTES)
    if finished.exit_code != 0:
        reason = " ".join(finished.stderr.split()) or f"exit code {finished.exit_code}"
        raise DatabaseUnusable(f"{program} failed: {reason}")
    return finished

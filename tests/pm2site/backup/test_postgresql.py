"""Dumps of a real PostgreSQL, which needs no Python package here: its own programs connect."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from django.conf import settings

from pm2site.backup import backups, databases, postgresql, restoring
from pm2site.errors import DatabaseUnusable
from tests.fixtures.ports import free_port

pytestmark = pytest.mark.real

DEADLINE_S = 60
INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
# The server refuses to run as root.
AS_POSTGRES = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if not os.geteuid() else []
TABLES = """
CREATE TABLE django_migrations (id bigint PRIMARY KEY, app text, name text, applied timestamptz);
INSERT INTO django_migrations VALUES (1, 'pm2site', '0001_initial', now()), (2, 'benchmarks', '0001_initial', now());
CREATE TABLE benchmarks_run (id bigint PRIMARY KEY, note text);
INSERT INTO benchmarks_run VALUES (1, 'first');
"""


class Database:
    """A PostgreSQL of its own, with one database `site` that the settings name."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.settings = {
            "ENGINE": databases.POSTGRESQL, "NAME": "site", "USER": "postgres", "PASSWORD": "secret",
            "HOST": str(folder), "PORT": str(self.port),
        }  # fmt: skip

    def start(self) -> None:
        programs, data = INSTALLED[-1].parent, self.folder / "data"
        if AS_POSTGRES:
            shutil.chown(self.folder, "postgres")
        (self.folder / "password").write_text("secret\n")
        options = ["-U", "postgres", "-A", "scram-sha-256", f"--pwfile={self.folder}/password", "--no-sync"]
        initdb = [*AS_POSTGRES, str(programs / "initdb"), "-D", str(data), *options]
        subprocess.run(initdb, check=True, capture_output=True, timeout=DEADLINE_S, cwd="/")
        argv = [*AS_POSTGRES, str(programs / "postgres"), "-D", str(data), "-k", str(self.folder), "-p", str(self.port)]
        log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen([*argv, "-c", "listen_addresses="], stdout=log, stderr=log, cwd="/")
        log.close()
        deadline_s = time.monotonic() + DEADLINE_S
        while self.run("template1", "SELECT 1", check=False) != "1":
            assert time.monotonic() < deadline_s, (self.folder / "log").read_text()
            time.sleep(0.1)
        self.run("template1", "CREATE DATABASE site")
        self.run("site", TABLES)

    def run(self, database: str, sql: str, *, check: bool = True) -> str:
        argv = ["psql", "-qAt", "-h", str(self.folder), "-p", str(self.port), "-U", "postgres", "-c", sql, database]
        env = {**os.environ, "PGPASSWORD": "secret"}
        finished = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=DEADLINE_S)
        assert not check or finished.returncode == 0, finished.stderr
        return finished.stdout.strip()

    def notes(self) -> str:
        return self.run("site", "SELECT string_agg(note, ',' ORDER BY id) FROM benchmarks_run")


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    if not INSTALLED:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    database = Database(Path(tempfile.mkdtemp(prefix="pg", dir="/tmp")))
    monkeypatch.setitem(settings.DATABASES, "default", database.settings)
    try:
        database.start()
        yield database
    finally:
        if hasattr(database, "process"):
            database.process.terminate()
            database.process.wait(DEADLINE_S)
        shutil.rmtree(database.folder)


async def test_a_dump_is_checked_and_loaded_beside_what_was_there(database: Database, tmp_path: Path) -> None:
    backup = await backups.make(tmp_path / "backup.dump", Event())
    database.run("site", "INSERT INTO benchmarks_run VALUES (2, 'second')")
    assert (backup.path.stat().st_mode & 0o777, database.notes()) == (0o600, "first,second")

    restored = await restoring.restore_postgresql(backup.path, datetime(2026, 11, 26, 3, 30, tzinfo=UTC))

    assert restored.aside == "schema replaced_20261126_033000"
    assert database.notes() == "first"
    assert database.run("site", "SELECT count(*) FROM replaced_20261126_033000.benchmarks_run") == "2"
    assert list(tmp_path.iterdir()) == [backup.path]


async def test_a_dump_that_fails_leaves_the_database_and_no_file(database: Database, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no dump")
    with pytest.raises(DatabaseUnusable, match=r"^pg_restore failed: "):
        await restoring.restore_postgresql(tmp_path / "text", datetime.now(UTC))

    database.run("site", "DELETE FROM django_migrations WHERE app = 'benchmarks'")
    with pytest.raises(DatabaseUnusable, match="is not a database of pm2site"):
        await backups.make(tmp_path / "backup.dump", Event())

    settings.DATABASES["default"]["PASSWORD"] = "wrong"
    with pytest.raises(DatabaseUnusable, match=r"^pg_dump failed: .*password authentication failed"):
        await backups.make(tmp_path / "backup.dump", Event())
    assert (database.notes(), [file.name for file in tmp_path.iterdir()]) == ("first", ["text"])


async def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(settings.DATABASES, "default", {"ENGINE": databases.POSTGRESQL, "NAME": "site"})

    with pytest.raises(DatabaseUnusable) as caught:
        await postgresql.dump(tmp_path / "backup.dump")

    assert str(caught.value) == "pg_dump is not on PATH. Install it: apt-get install postgresql-client"

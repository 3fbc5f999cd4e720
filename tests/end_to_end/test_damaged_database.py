"""A server whose SQLite database is damaged in the middle of a table."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.fixtures.server import Server, StartServer

pytestmark = pytest.mark.real
RUNS = 3000
PAGE_BYTES = 4096
PATHS = ("/api/benchmark/all", "/api/benchmark/export", "/api/benchmark/export?format=csv")


@pytest.fixture
def server(start_server: StartServer) -> Server:
    """With a history, of which a page in the middle cannot be read."""
    server = start_server()
    entries = [
        {
            "framework": "node",
            "reqPerSec": 5,
            "note": f"note {number:05}",
            "timestamp": f"2026-11-20T10:{minute:02}:{s:02}Z",
        }
        for number, (minute, s) in enumerate(divmod(number, 60) for number in range(RUNS))
    ]
    (server.folder / "history.json").write_text(json.dumps(entries))
    assert requests.post(server.url + "/api/benchmark/reload", timeout=60).json()["imported"] == RUNS
    server.stop()  # its connections have the page in memory
    damage_page_of(server.folder / "var" / "pm2site.sqlite3", b"note 00100")
    return server.start()


def damage_page_of(database: Path, text: bytes) -> None:
    """Overwrites the type of the page that holds `text`."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = database.read_bytes()
    with database.open("r+b") as file:
        file.seek(content.index(text) // PAGE_BYTES * PAGE_BYTES)
        file.write(b"\xff")


def overwrite(database: Path) -> None:
    with database.open("r+b") as file:
        file.write(b"\xff" * database.stat().st_size)


def forget_a_migration(database: Path) -> None:
    """The code has one more than the database, as after an update below a running server."""
    with sqlite3.connect(database, timeout=60) as connection:
        connection.execute("DELETE FROM django_migrations WHERE app = 'pm2site' AND name = '0002_access_tokens'")
    connection.close()


@pytest.mark.parametrize(("damage", "history"), [(overwrite, (503, "database_error")), (forget_a_migration, (200, ""))])
def test_what_needs_no_database_goes_on_though_it_is_damaged_before_the_first_view(
    start_server: StartServer, damage: Callable[[Path], None], history: tuple[int, str]
) -> None:
    server = start_server()
    damage(server.folder / "var" / "pm2site.sqlite3")

    assert answer(requests.post(server.url + "/api/pm2/stop", json={"name": "none"}, timeout=60))[1] == "daemon_down"
    assert requests.get(server.url + "/api/docs", timeout=60).status_code == 200
    assert answer(requests.get(server.url + "/nothing", timeout=60)) == (404, "not_found")
    assert answer(requests.get(server.url + "/api/benchmark/all", timeout=60)) == history


def answer(response: requests.Response) -> tuple[int, str]:
    body = response.json()
    return response.status_code, body.get("code", "") if isinstance(body, dict) else ""


def test_a_stream_that_breaks_off_is_cut_and_logged(server: Server) -> None:
    for path in PATHS:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.get(server.url + path, timeout=60)

    cut = re.findall(r"response is cut .*error='(.*?)' path=(\S+) ", server.log.read_text())
    assert cut == [("database disk image is malformed", path.partition("?")[0]) for path in PATHS]
    assert requests.get(server.url + "/health", timeout=60).status_code == 200

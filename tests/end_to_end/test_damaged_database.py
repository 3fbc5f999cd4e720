"""A server whose SQLite database is damaged in the middle of a table."""

from __future__ import annotations

import json
import re
import sqlite3
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


def test_a_stream_that_breaks_off_is_cut_and_logged(server: Server) -> None:
    for path in PATHS:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.get(server.url + path, timeout=60)

    cut = re.findall(r"response is cut .*error='(.*?)' path=(\S+) ", server.log.read_text())
    assert cut == [("database disk image is malformed", path.partition("?")[0]) for path in PATHS]
    assert requests.get(server.url + "/health", timeout=60).status_code == 200

"""A server whose SQLite database another program keeps locked."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fixtures.server import Server, StartServer

pytestmark = pytest.mark.real


@pytest.fixture
def server(start_server: StartServer) -> Server:
    return start_server()


@pytest.fixture
def lock(server: Server) -> Iterator[sqlite3.Connection]:
    """A write transaction of this process on the server's database."""
    connection = sqlite3.connect(server.folder / "var" / "pm2site.sqlite3", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def post(server: Server, path: str, body: object) -> requests.Response:
    return requests.post(server.url + path, json=body, timeout=60)


def activity(server: Server) -> list[tuple[str, str, str]]:
    answer: Any = requests.get(server.url + "/api/activity", timeout=60).json()
    return [(entry["action"], entry["target"], entry["outcome"]) for entry in answer["entries"]]


def test_what_needs_the_database_says_who_locks_it_and_the_rest_acts(server: Server, lock: sqlite3.Connection) -> None:
    database, pid = server.folder / "var" / "pm2site.sqlite3", os.getpid()
    refused = post(server, "/api/benchmark/add", {"framework": "node", "reqPerSec": 5})
    stopped = post(server, "/api/pm2/stop", {"name": "none"})

    assert (refused.status_code, refused.headers["Retry-After"], refused.json()["code"]) == (503, "1", "database_busy")
    assert refused.json()["message"] == (
        f"{Path('/proc/self/comm').read_text().strip()} (pid {pid}) is writing to {database} and has not finished. "
        f"Try again; this shows it: ps -o pid,stat,etime,args -p {pid}."
    )
    assert stopped.json()["code"] == "daemon_down"
    assert activity(server) == []

    lock.execute("ROLLBACK")
    added = post(server, "/api/benchmark/add", {"framework": "node", "reqPerSec": 5})

    assert added.status_code == 201
    deadline_s = time.monotonic() + 60
    while len(entries := activity(server)) < 3 and time.monotonic() < deadline_s:
        time.sleep(0.1)  # the writes are repeated once a second
    assert entries == [
        ("benchmark.add", "node", "ok"), ("pm2.stop", "none", "failed"), ("benchmark.add", "node", "failed"),
    ]  # fmt: skip

"""A server whose SQLite file is deleted while it runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.fixtures.server import Server, StartServer

pytestmark = pytest.mark.real


def delete(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def replace(file: Path) -> None:
    delete(file)
    file.touch(mode=0o600)


def link(file: Path) -> None:
    moved = file.rename(file.with_name("elsewhere.sqlite3"))
    file.symlink_to(moved)


def describe(file: Path) -> tuple[bool, int | None]:
    """Whether it is a symlink, and its own size; None if there is nothing."""
    return file.is_symlink(), file.lstat().st_size if os.path.lexists(file) else None


def post(server: Server, path: str, body: object) -> tuple[int, str, str]:
    response = requests.post(server.url + path, json=body, timeout=60)
    return response.status_code, response.json().get("code", ""), response.json().get("message", "")


@pytest.mark.parametrize("damage", [delete, replace, link])
def test_nothing_is_stored_in_a_file_that_is_gone_and_verbs_act(
    start_server: StartServer, damage: Callable[[Path], None]
) -> None:
    server = start_server()
    file = server.folder / "var" / "pm2site.sqlite3"
    assert post(server, "/api/benchmark/add", {"framework": "node", "reqPerSec": 5})[0] == 201
    damage(file)
    present = describe(file)

    message = (
        f"{file} was deleted or replaced while the server runs, so that nothing can be stored. "
        f"Stop the server, then restore a backup: python manage.py restore FILE. "
        f"As long as it runs, the old content can be copied from /proc/{server.pid}/fd."
    )
    for _ in range(20):  # more than there are threads with connections
        assert post(server, "/api/benchmark/add", {"framework": "node", "reqPerSec": 5}) == (
            503, "database_gone", message,
        )  # fmt: skip
    for path in (
        "all",
        "by-framework/node",
        "export",
        "export?format=csv",
        "export?format=md",
        "export?format=benchstat",
    ):
        response = requests.get(f"{server.url}/api/benchmark/{path}", timeout=60)
        assert (path, response.status_code, response.json()["code"]) == (path, 503, "database_gone")
    assert requests.get(server.url + "/ready", timeout=60).json()["checks"]["database"]["message"] == message
    assert post(server, "/api/pm2/stop", {"name": "none"})[1] == "daemon_down"
    assert server.stop() == 0
    assert describe(file) == present

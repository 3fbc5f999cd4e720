"""Problems before the first request: bad variables, and a database without tables."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fixtures.server import ROOT, Server, unused_server

pytestmark = pytest.mark.real

DEADLINE_S = 60


@contextmanager
def bare_daphne(server: Server) -> Iterator[None]:
    """Runs daphne directly instead of `serve`, so nothing is migrated."""
    argv = [sys.executable, "-m", "daphne", "-p", str(server.port), "pm2site.asgi:application"]
    with subprocess.Popen(
        argv, env=server.env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            deadline_s = time.monotonic() + DEADLINE_S
            while time.monotonic() < deadline_s and process.poll() is None:
                with suppress(requests.ConnectionError):
                    requests.get(server.url + "/health", timeout=5)
                    break
                time.sleep(0.05)
            yield
        finally:
            process.terminate()


def fetch(server: Server, path: str) -> tuple[int, Any]:
    response = requests.get(server.url + path, timeout=DEADLINE_S)
    return response.status_code, response.json()


def test_a_database_without_tables_is_reported_until_it_is_migrated() -> None:
    server = unused_server()
    try:
        with bare_daphne(server):
            assert fetch(server, "/health")[0] == 200
            status, ready = fetch(server, "/ready")
            assert (status, ready["checks"]["database"]["ok"]) == (503, False)
            assert fetch(server, "/api/pm2/stats")[0] == 200  # what is now needs no database
            status, body = fetch(server, "/api/pm2/exits")
            assert (status, body["code"]) == (503, "database_not_migrated")
            assert "manage.py migrate" in body["message"]

            server.manage("migrate")
            assert [fetch(server, path)[0] for path in ("/ready", "/api/pm2/exits")] == [200, 200]
    finally:
        shutil.rmtree(server.folder)


def test_a_bad_variable_is_reported_in_one_line(tmp_path: Path) -> None:
    argv = [sys.executable, str(ROOT / "manage.py"), "serve"]
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "API_PORT": "eighty"}
    completed = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=DEADLINE_S)

    assert (completed.returncode, completed.stdout) == (1, "")
    assert completed.stderr == "[ERROR] API_PORT='eighty' is not an integer.\n"

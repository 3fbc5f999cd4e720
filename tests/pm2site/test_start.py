"""What can be wrong before the first request: variables, and a database without tables."""

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

from tests.fixtures.server import ROOT, Server, new_server

pytestmark = pytest.mark.real

DEADLINE_S = 60


@contextmanager
def bare_daphne(server: Server) -> Iterator[None]:
    """As somebody would run it who knows no `serve`: nothing is migrated."""
    argv = [sys.executable, "-m", "daphne", "-p", str(server.port), "pm2site.asgi:application"]
    with subprocess.Popen(argv, env=server.env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        try:
            ends = time.monotonic() + DEADLINE_S
            while time.monotonic() < ends and run.poll() is None:
                with suppress(requests.ConnectionError):
                    requests.get(server.url + "/health", timeout=5)
                    break
                time.sleep(0.05)
            yield
        finally:
            run.terminate()


def asked(server: Server, path: str) -> tuple[int, Any]:
    answer = requests.get(server.url + path, timeout=DEADLINE_S)
    return answer.status_code, answer.json()


def test_a_database_without_tables_says_so_until_it_has_them() -> None:
    server = new_server()
    try:
        with bare_daphne(server):
            assert asked(server, "/health")[0] == 200
            status, ready = asked(server, "/ready")
            assert (status, ready["checks"]["database"]["ok"]) == (503, False)
            status, told = asked(server, "/api/pm2/stats")
            assert (status, told["code"]) == (503, "database_not_migrated")
            assert "manage.py migrate" in told["message"]

            server.manage("migrate")
            assert [asked(server, path)[0] for path in ("/ready", "/api/pm2/stats")] == [200, 200]
    finally:
        shutil.rmtree(server.folder)


def test_a_bad_variable_is_named_in_one_line(tmp_path: Path) -> None:
    argv = [sys.executable, str(ROOT / "manage.py"), "serve"]
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "API_PORT": "eighty"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=DEADLINE_S)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "[ERROR] API_PORT='eighty' is not a whole number.\n"

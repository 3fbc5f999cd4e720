"""SIGTERM while an action runs: the server ends soon, the client gets an answer, and the next server starts clean."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from system.host import binaries
from tests.fixtures.server import Server, StartServer

pytestmark = pytest.mark.real
EXIT_S = 10.0


class Post(threading.Thread):
    """A POST in the background. `status`, `body`: of its response."""

    def __init__(self, server: Server, path: str, body: object) -> None:
        super().__init__()
        self.url, self.request_body = server.url + path, body
        self.status = 0
        self.body: dict[str, Any] = {}
        self.start()

    def run(self) -> None:
        response = requests.post(self.url, json=self.request_body, timeout=60)
        self.status, self.body = response.status_code, response.json()


def terminate(server: Server) -> float:
    """Ends the server with SIGTERM; returns how many seconds that took."""
    started_s = time.monotonic()
    assert server.stop() == 0
    return time.monotonic() - started_s


def get(server: Server, path: str) -> Any:
    return requests.get(server.url + path, timeout=60).json()


@pytest.mark.parametrize("delay_s", [0.2, 1.0])
def test_a_setup_ends_before_the_server_does(start_server: StartServer, delay_s: float) -> None:
    server = start_server()
    setup = Post(server, "/api/redis/setup", {"nodeCount": 6})
    time.sleep(delay_s)  # an arbitrary moment of the setup

    assert terminate(server) < EXIT_S
    setup.join()
    server.start()
    state = get(server, "/api/redis/status")["state"]

    answer = setup.status, setup.body.get("success", setup.body.get("code"))
    assert answer in ((200, True), (503, "operation_cancelled"), (503, "server_stopping"))
    assert state == "running" if setup.status == 200 else state in ("absent", "failed")
    assert requests.post(server.url + "/api/redis/clean", json={"confirm": True}, timeout=60).status_code == 200


def test_an_action_that_does_not_end_is_cancelled_and_recorded(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(PM2_TIMEOUT="60")
    deaf, pm2 = tmp_path / "deaf.js", str(binaries.node_modules_dir() / ".bin" / "pm2")
    deaf.write_text("process.on('SIGINT', () => {}); process.send('ready'); setInterval(() => {}, 1000);")
    subprocess.run(
        [pm2, "start", deaf, "--wait-ready", "--kill-timeout", "60000"], env=server.env, check=True, timeout=60
    )
    restart = Post(server, "/api/pm2/restart", {"name": "deaf"})
    deadline_s = time.monotonic() + 60
    while get(server, "/api/pm2/stats")["processes"][0]["status"] != "stopping":
        assert time.monotonic() < deadline_s

    assert terminate(server) < EXIT_S
    restart.join()
    server.start()
    [entry, *_] = get(server, "/api/activity?action=pm2.restart")["entries"]

    assert (restart.status, restart.body["code"]) == (503, "server_stopping")
    assert (entry["target"], entry["outcome"]) == ("deaf", "failed")
    assert get(server, "/api/pm2/stats")["daemon"]["state"] == "up"

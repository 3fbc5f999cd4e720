"""A run is a separate process: it survives SIGTERM and SIGKILL of the server."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest
import requests

from tests.fixtures.server import Server, StartServer
from tests.fixtures.target_server import run_target

pytestmark = pytest.mark.real

DEADLINE_S = 60


def fetch(server: Server, path: str) -> Any:
    return requests.get(server.url + path, timeout=20).json()


def wait_for_state(server: Server, path: str, *states: str) -> Any:
    deadline_s = time.monotonic() + DEADLINE_S
    while (run := fetch(server, path))["state"] not in states:
        assert time.monotonic() < deadline_s, run
        time.sleep(0.1)
    return run


def test_a_run_continues_while_the_server_is_killed_and_stopped(start_server: StartServer) -> None:
    with run_target() as port:
        server = start_server(BENCH_TARGETS=f"127.0.0.1:{port}")
        scenario = {"framework": "node", "host": f"127.0.0.1:{port}", "duration": 2, "trials": 2, "connections": 4}
        accepted = requests.post(f"{server.url}/api/benchmark/run", json=scenario, timeout=20)
        path = accepted.headers["Location"]
        wait_for_state(server, path, "warming", "running")

        server.process.kill()
        server.process.wait()
        server.start()
        assert wait_for_state(server, path, "warming", "running", "done")["state"] != "interrupted"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(DEADLINE_S) == 0
        server.start()
        done = wait_for_state(server, path, "done", "failed", "interrupted")

    assert (done["state"], done["message"]) == ("done", "")
    assert [trial["index"] for trial in done["trialResults"]] == [0, 1, 2]
    assert fetch(server, "/api/benchmark/latest")["results"][0]["id"] == done["id"]

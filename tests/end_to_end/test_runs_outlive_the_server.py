"""A run is a process of its own: neither SIGTERM nor kill -9 of the server touches it."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest
import requests

from tests.fixtures.server import Server, StartServer
from tests.fixtures.target_server import target

pytestmark = pytest.mark.real

DEADLINE_S = 60


def asked(server: Server, path: str) -> Any:
    return requests.get(server.url + path, timeout=20).json()


def until(server: Server, path: str, *states: str) -> Any:
    ends_s = time.monotonic() + DEADLINE_S
    while (found := asked(server, path))["state"] not in states:
        assert time.monotonic() < ends_s, found
        time.sleep(0.1)
    return found


def test_a_run_goes_on_while_the_server_is_killed_and_stopped(start_server: StartServer) -> None:
    with target() as port:
        server = start_server(BENCH_TARGETS=f"127.0.0.1:{port}")
        wanted = {"framework": "node", "host": f"127.0.0.1:{port}", "duration": 2, "trials": 2, "connections": 4}
        accepted = requests.post(f"{server.url}/api/benchmark/run", json=wanted, timeout=20)
        path = accepted.headers["Location"]
        until(server, path, "warming", "running")

        server.process.kill()
        server.process.wait()
        server.start()
        assert until(server, path, "warming", "running", "done")["state"] != "interrupted"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(DEADLINE_S) == 0
        server.start()
        done = until(server, path, "done", "failed", "interrupted")

    assert (done["state"], done["message"]) == ("done", "")
    assert [trial["index"] for trial in done["trialResults"]] == [0, 1, 2]
    assert asked(server, "/api/benchmark/latest")["results"][0]["id"] == done["id"]

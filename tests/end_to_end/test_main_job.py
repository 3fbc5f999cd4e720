"""The main workflow over HTTP and WebSocket, with real PM2, fastify, load generator and server."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from websockets.sync.client import ClientConnection, connect

from tests.fixtures.server import Server, unused_server

pytestmark = pytest.mark.real

DEADLINE_S = 60


class Api:
    """A minimal REST client."""

    def __init__(self, server: Server) -> None:
        self.url = server.url

    def get(self, path: str) -> Any:
        return self.parse(requests.get(self.url + path, timeout=DEADLINE_S))

    def post(self, path: str, body: object) -> Any:
        return self.parse(requests.post(self.url + path, json=body, timeout=DEADLINE_S))

    @staticmethod
    def parse(response: requests.Response) -> Any:
        assert response.ok, response.text
        return response.json()


def metrics(socket: ClientConnection, stream: str, until: Callable[[Any], bool]) -> list[Any]:
    """The data of `stream` as received, up to the first that satisfies `until`."""
    received = []
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s:
        message = json.loads(socket.recv(timeout=DEADLINE_S))
        if message["type"] == "metric" and message["stream"] == stream:
            received.append(message["data"])
            if until(message["data"]):
                return received
    raise AssertionError(f"{stream} did not reach the expected state; the last: {received[-1:]}")


def admin_page(server: Server, path: str) -> str:
    """A page of Django's admin, logged in as the user created by `manage.py admin`."""
    session = requests.Session()
    login = server.url + "/admin/login/"
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', session.get(login, timeout=10).text)
    assert token
    form = {"username": server.admin_name, "password": server.admin_password, "csrfmiddlewaretoken": token[1]}
    session.post(login, data=form, headers={"Referer": login}, timeout=10)
    return session.get(server.url + path, timeout=10).text


@pytest.fixture
def server() -> Iterator[Server]:
    """After its first start, with an admin user, as a user of this program does both."""
    server = unused_server()
    try:
        yield server.start().create_admin()
    finally:
        server.clean()


def test_start_subscribe_benchmark_find_stop_delete(server: Server) -> None:
    api = Api(server)

    started = api.post("/api/pm2/start", {"framework": "fastify", "instances": 2})
    assert [(process["name"], process["status"]) for process in started["processes"]] == [("fastify", "online")] * 2

    with connect(server.ws_url, open_timeout=DEADLINE_S) as socket:
        assert json.loads(socket.recv(timeout=DEADLINE_S))["type"] == "connected"
        for stream in ("pm2:stats", "benchmark:progress"):
            socket.send(json.dumps({"type": "subscribe", "stream": stream, "interval": 250}))
        listed = metrics(socket, "pm2:stats", lambda data: data["counts"]["online"] == 2)[-1]
        assert {process["name"] for process in listed["processes"]} == {"fastify"}

        accepted = api.post("/api/benchmark/run", {"framework": "fastify", "duration": 3, "connections": 20})
        run_id = accepted["benchmark"]["id"]
        frames = metrics(socket, "benchmark:progress", lambda data: (data["lastResult"] or {}).get("id") == run_id)
    live = [run["reqPerSec"] for frame in frames for run in frame["runs"] if run["id"] == run_id]
    assert any(rate and rate > 0 for rate in live), "no live rate during the run"

    run = api.get(f"/api/benchmark/runs/{run_id}")
    assert run["state"] == "done"
    latest = api.get("/api/benchmark/latest?count=1")["results"][0]
    assert (latest["id"], latest["framework"], latest["endpoint"], latest["method"]) == (
        run_id, "fastify", "/simple", "GET",
    )  # fmt: skip
    assert latest["totalReqs"] > 0
    assert latest["reqPerSec"] == pytest.approx(latest["totalReqs"] / latest["duration"], rel=0.05)
    assert api.get("/api/benchmark/by-framework/fastify")["results"] == [latest]
    stats = api.get("/api/benchmark/stats")["stats"]
    assert (stats["total"], stats["byFramework"]["fastify"]["count"]) == (1, 1)
    assert f"{latest['reqPerSec']:,.0f}" in admin_page(server, "/admin/benchmarks/run/")

    stopped = api.post("/api/pm2/stop", {"framework": "fastify"})
    assert [process["status"] for process in stopped["processes"]] == ["stopped", "stopped"]
    api.post("/api/pm2/delete", {"framework": "fastify"})
    assert api.get("/api/pm2/stats")["counts"] == {"online": 0, "total": 0}
    actions = [entry["action"] for entry in api.get("/api/activity?limit=10")["entries"]]
    assert actions == ["pm2.delete", "pm2.stop", "admin.login", "benchmark.run", "pm2.start", "admin.create"]

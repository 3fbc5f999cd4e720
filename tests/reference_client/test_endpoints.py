"""Every endpoint and message of the specification, by a Node client like its own; whole bodies in bodies.json.

After a change of the wire that is meant, delete bodies.json, run this file, and read the difference.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from system.host import binaries
from tests.fixtures.server import ROOT, Server, new_server

pytestmark = pytest.mark.real

BODIES = Path(__file__).with_name("bodies.json")
KEY = "k" * 20
ROWS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "/health", None),
    ("GET", "/api/pm2/stats", None),
    ("POST", "/api/pm2/start", {"framework": "node", "instances": 1}),
    ("GET", "/api/pm2/stats", None),
    ("POST", "/api/pm2/restart", {"framework": "node"}),
    ("POST", "/api/pm2/stop", {"framework": "node"}),
    ("POST", "/api/pm2/delete", {"framework": "node"}),
    ("POST", "/api/pm2/start", {"framework": "node", "instances": 1}),
    ("GET", "/api/system/stats", None),
    ("GET", "/api/system/cpu", None),
    ("GET", "/api/system/memory", None),
    ("GET", "/api/redis/nodes", None),
    ("POST", "/api/redis/setup", {"nodeCount": 3, "allowNoFailover": True}),
    ("GET", "/api/redis/nodes", None),
    ("GET", "/api/redis/stats", None),
    ("POST", "/api/redis/stop", {}),
    ("POST", "/api/redis/clean", {"confirm": True}),
    ("POST", "/api/benchmark/run", {"framework": "node", "duration": 1}),
    ("GET", "/api/benchmark/latest?count=10", None),
    ("GET", "/api/benchmark/all", None),
    ("GET", "/api/benchmark/by-framework/node", None),
    ("GET", "/api/benchmark/stats", None),
    ("DELETE", "/api/benchmark/clear", None),
    ("POST", "/api/pm2/deleteAll", None),
]
SOCKET = {
    "send": [
        {"type": "subscribe", "stream": "system:metrics", "interval": 1000},
        None,
        {"type": "subscribe", "stream": "pm2:stats", "interval": 2000},
        None,
        {"type": "unsubscribe", "stream": "system:metrics"},
    ],
    "until": ["connected", "subscribed", "metric", "subscribed", "metric", "unsubscribed"],
}
# These values differ between two runs or machines; all others are compared.
STABLE_NUMBERS = {
    "pmId", "instances", "count", "deleted", "interval", "protocol", "slotsOk", "slotsAssigned", "online", "total",
    "exitCode", "restarts", "nodeCount", "masters",
}  # fmt: skip
TEXTS = [
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}"), "UUID"),
    (re.compile(r"\b[0-9a-f]{8,40}\b"), "HEX"),
    (re.compile(r"history-[\w-]+\.json"), "FILE"),
    (re.compile(r"\d{2,}(\.\d+)*|\d+\.[\d.]+"), "N"),
]
PER_MACHINE = {
    "hostname",
    "uptime",
    "user",
    "interpreter",
    "platform",
    "kernel",
    "serverId",
    "serverVersion",
    "generator",
}
OF_THE_MACHINE = {"reasons", "warnings", "gates", "samples", "environment", "byFramework"}


def normalized(value: Any, server: Server, key: str = "") -> Any:
    """The value without what differs: numbers by their type, times, ids, and the texts that depend on the machine."""
    if isinstance(value, dict):
        return {name: normalized(item, server, name) for name, item in sorted(value.items())}
    if isinstance(value, list):
        items = [normalized(item, server, key) for item in value]
        return items[:1] if key in ("cpuPerCore", "perCore", "loadAverage") else items
    if isinstance(value, bool) or (isinstance(value, int) and key in STABLE_NUMBERS):
        return value
    if isinstance(value, (int, float)) or value is None:
        return "number or null"
    if key in PER_MACHINE:
        return "text"
    text = str(value).replace(str(server.folder), "FOLDER")
    for pattern, name in TEXTS:
        text = pattern.sub(name, text)
    return text


class Client:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def call(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        answer = self.call({"method": method, "path": path, "body": body})
        return answer["status"], answer["body"]


@contextmanager
def node_client(server: Server, key: str) -> Iterator[Client]:
    script = Path(__file__).with_name("client.cjs")
    modules = ROOT / "pm2" / "frameworks" / "node_modules"
    argv = [str(binaries.require("node").path), str(script), str(modules), server.url, key]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Client(process)
    finally:
        process.communicate(timeout=60)


@pytest.fixture(scope="module", params=["", KEY], ids=["without a key", "with a key"])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Server, Client]]:
    key: str = request.param
    server = new_server(**({"API_KEY": key, "API_HOST": "127.0.0.1"} if key else {}))
    try:
        server.start()
        with node_client(server, key) as client:
            yield server, client
    finally:
        server.manage("rediscluster", "clean", "--yes")
        server.clean()


def wait_for_the_run(client: Client, body: dict[str, Any]) -> None:
    """Until the run is in the history, whose figures the following rows show."""
    run = body["benchmark"]["id"]
    while client.request("GET", f"/api/benchmark/runs/{run}")[1]["state"] not in ("done", "failed"):
        pass


def simplified(result: Any) -> Any:
    """Texts that depend on how busy the machine is are compared by their presence only."""
    if isinstance(result, dict):
        return {
            key: type(value).__name__
            if key in OF_THE_MACHINE and isinstance(value, (list, dict))
            else simplified(value)
            for key, value in result.items()
            if key not in ("validity", "saturation")
        }
    return [simplified(item) for item in result] if isinstance(result, list) else result


def test_every_endpoint_and_message_of_the_specification(served: tuple[Server, Client]) -> None:
    server, client = served
    answers: dict[str, Any] = {}
    for number, (method, path, body) in enumerate(ROWS):
        status, received = client.request(method, path, body)
        if path == "/api/benchmark/run":
            wait_for_the_run(client, received)
        answers[f"{number:02} {method} {path}"] = [status, simplified(normalized(received, server))]
        if path == "/api/redis/nodes" and number > 11:
            answer = client.call(SOCKET)
            answers["WS /ws"] = [answer["closed"], simplified(normalized(answer["messages"], server))]

    text = json.dumps(answers, indent=1, ensure_ascii=False) + "\n"
    if not BODIES.exists():
        BODIES.write_text(text)
    expected = json.loads(BODIES.read_text())
    assert {row: answer for row, answer in answers.items() if answer != expected.get(row)} == {}
    assert answers.keys() == expected.keys()
    if key := server.env.get("API_KEY"):
        check_that_strangers_are_refused(server)
        assert key not in text


def check_that_strangers_are_refused(server: Server) -> None:
    with node_client(server, "") as stranger:
        statuses = {(method, path): stranger.request(method, path, body)[0] for method, path, body in ROWS}
        messages = stranger.call({"send": [{"type": "auth", "token": "wrong"}], "until": ["auth_required", "error"]})

    assert statuses == {(method, path): 200 if path == "/health" else 401 for method, path, _ in ROWS}
    assert [message.get("code") for message in messages["messages"]] == [None, "invalid_credential"]

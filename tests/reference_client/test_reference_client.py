"""Every endpoint and message of the specification by a client as it has them: whole answers, with and without keys.

tests/data/reference_client holds the answers, without what differs between two runs (`volatile`). After an intended
change, rewrite them with `UPDATE_ANSWERS=1 pytest tests/reference_client` and read the diff.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import ports
from tests.fixtures.server import Server, new_server
from tests.reference_client.driver import Answer, ReferenceClient, reference_client
from tests.reference_client.volatile import stable

pytestmark = pytest.mark.real

FOLDER = Path(__file__).parents[1] / "data" / "reference_client"
KEY, READ_KEY = "k" * 20, "r" * 20
DEADLINE_S = 120.0
Row = tuple[str, str, object]  # method, path, body

SPECIFIED = {
    "GET /health", "GET /api/pm2/stats", "POST /api/pm2/start", "POST /api/pm2/stop", "POST /api/pm2/restart",
    "POST /api/pm2/delete", "POST /api/pm2/deleteAll", "GET /api/system/stats", "GET /api/system/cpu",
    "GET /api/system/memory", "GET /api/redis/nodes", "GET /api/redis/stats", "POST /api/redis/setup",
    "POST /api/redis/stop", "POST /api/redis/clean", "GET /api/benchmark/latest?count=10", "GET /api/benchmark/all",
    "GET /api/benchmark/by-framework/fastify", "POST /api/benchmark/run", "GET /api/benchmark/stats",
    "DELETE /api/benchmark/clear",
}  # fmt: skip
HISTORY: list[Row] = [
    ("GET", "/api/benchmark/latest?count=10", None),
    ("GET", "/api/benchmark/all", None),
    ("GET", "/api/benchmark/by-framework/fastify", None),
    ("GET", "/api/benchmark/stats", None),
    ("GET", "/api/benchmark/latest-by-framework", None),
]
# Without processes, nodes and results. Nothing in it starts the daemon, so that it can be repeated.
IDLE: list[Row] = [
    ("GET", "/health", None),
    ("GET", "/api/pm2/stats", None),
    ("POST", "/api/pm2/start", {"framework": "koa"}),
    ("POST", "/api/pm2/start", {}),
    ("POST", "/api/pm2/start", {"framework": "fastify", "instances": "2"}),
    ("GET", "/api/pm2/start", None),
    ("POST", "/api/pm2/stop", {"framework": "fastify"}),
    ("POST", "/api/pm2/restart", {"framework": "fastify"}),
    ("POST", "/api/pm2/delete", {"framework": "fastify"}),
    ("POST", "/api/pm2/deleteAll", None),
    ("POST", "/api/pm2/deleteAll", {}),
    ("POST", "/api/pm2/logs", {"framework": "fastify"}),
    ("GET", "/api/system/stats", None),
    ("GET", "/api/system/cpu", None),
    ("GET", "/api/system/memory", None),
    ("GET", "/api/redis/nodes", None),
    ("GET", "/api/redis/stats", None),
    ("POST", "/api/redis/setup", {"nodeCount": 2}),
    ("POST", "/api/redis/stop", None),
    ("POST", "/api/redis/clean", {}),
    *HISTORY,
    ("POST", "/api/benchmark/run", {"framework": "fastify"}),
    ("POST", "/api/benchmark/reload", None),
    ("DELETE", "/api/benchmark/clear", None),
    ("GET", "/api/nothing", None),
]
PROCESSES: list[Row] = [
    ("POST", "/api/pm2/start", {"framework": "fastify", "instances": 2}),
    ("GET", "/api/pm2/stats", None),
    ("POST", "/api/pm2/start", {"framework": "fastify"}),
    ("POST", "/api/pm2/restart", {"framework": "fastify"}),
]
RUN: Row = ("POST", "/api/benchmark/run", {"framework": "fastify", "duration": 1, "connections": 10})
ENDED: list[Row] = [
    ("DELETE", "/api/benchmark/clear", None),
    ("POST", "/api/pm2/stop", {"framework": "fastify"}),
    ("POST", "/api/pm2/delete", {"framework": "fastify"}),
    ("POST", "/api/pm2/delete", {"framework": "express"}),
    ("POST", "/api/pm2/start", {"framework": "node", "instances": 1}),
    ("POST", "/api/pm2/stop", {"framework": "node"}),
]
LOGS: Row = ("POST", "/api/pm2/logs", {"framework": "node", "lines": 10})
CLEANED: list[Row] = [
    ("POST", "/api/pm2/deleteAll", None),
    ("POST", "/api/redis/setup", {"nodeCount": 3}),
    ("GET", "/api/redis/nodes", None),
    ("GET", "/api/redis/stats", None),
    ("POST", "/api/redis/stop", None),
    ("POST", "/api/redis/clean", None),
]


@pytest.fixture(scope="module")
def keyless() -> Iterator[Server]:
    server = new_server()
    try:
        yield server.start()
    finally:
        server.clean()


@pytest.fixture(scope="module")
def keyed() -> Iterator[Server]:
    server = new_server(API_KEY=KEY, API_KEY_READONLY=READ_KEY)
    try:
        yield server.start()
    finally:
        server.clean()


class Transcript:
    """The answers to a client's requests and messages, by row."""

    def __init__(self, client: ReferenceClient, server: Server) -> None:
        self.client, self.folder = client, str(server.folder)
        self.entries: list[list[object]] = []
        self.connections: set[int] = set()

    def request(self, row: Row) -> Answer:
        method, path, body = row
        answer = self.client.request(method, path, body)
        assert (answer.type, answer.chunked) == ("application/json", body is not None), row
        self.connections.add(answer.connection)
        title = f"{method} {path}" + ("" if body is None else f" {json.dumps(body)}")
        self.entries.append([title, answer.status, stable(answer.body, self.folder)])
        return answer

    def requests(self, rows: list[Row]) -> None:
        for row in rows:
            self.request(row)

    def exchange(self, sent: object, kind: str) -> None:
        """Sends a message; the next message of the type `kind` is its answer."""
        self.client.send(**({"text": sent} if isinstance(sent, str) else {"message": sent}))
        self.expect(json.dumps(sent), kind)

    def expect(self, title: str, kind: str) -> None:
        message = self.client.receive(lambda message: message["type"] == kind)
        self.entries.append([f"/ws {title}", kind, stable(message, self.folder)])

    def messages(self) -> None:
        """Every message of the specification."""
        self.client.connect()
        self.expect("opened", "connected")
        self.exchange({"type": "subscribe", "stream": "system:metrics", "interval": 1000}, "subscribed")
        self.expect("subscribed", "metric")
        self.exchange({"type": "unsubscribe", "stream": "system:metrics"}, "unsubscribed")
        self.exchange({"type": "subscribe", "stream": "pm2:stats", "interval": 2000}, "subscribed")
        self.expect("subscribed", "metric")
        self.exchange({"type": "subscribe", "stream": "pm2:stats", "interval": "2000"}, "error")
        self.exchange({"type": "unsubscribe", "stream": "pm2:stats"}, "unsubscribed")
        self.exchange({"type": "ping"}, "pong")
        self.exchange({"type": "subscribe", "stream": "nothing"}, "error")
        self.exchange("no JSON", "error")
        assert self.client.close() == 1000

    def matches(self, name: str) -> None:
        """Compares with the golden file, or rewrites it."""
        file = FOLDER / f"{name}.json"
        if os.environ.get("UPDATE_ANSWERS"):
            file.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in self.entries) + "\n]\n")
        assert self.entries == json.loads(file.read_text())
        assert len(self.connections) == 1, "keep-alive: all requests share a connection"


def test_the_rows_are_all_of_the_specification() -> None:
    for rows in (IDLE, [*IDLE[:1], *IDLE[12:15], *PROCESSES, *HISTORY, RUN, *ENDED, *CLEANED]):
        assert {f"{method} {path}" for method, path, _ in rows} >= SPECIFIED


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"pid": 7, "ports": [ports.FASTIFY, 3002]}, {"pid": "<pid>", "ports": ["<port 2>", 3002]}),
        ({"pid": 0, "cpu": -1, "percent": 101, "reqPerSec": 0}, {"pid": 0, "cpu": -1, "percent": 101, "reqPerSec": 0}),
        ({"cpu": True, "memory": "7", "id": "", "seq": 1.5}, {"cpu": True, "memory": "7", "id": "", "seq": 1.5}),
        ({"timestamp": "2001-01-01T00:00:00.000Z"}, {"timestamp": "2001-01-01T00:00:00.000Z"}),
        ({"stats": {"connections": 3}, "connections": 3}, {"stats": {"connections": "<number>"}, "connections": 3}),
        ({"home": "/tmp/s1/pm2", "text": "up, pid 7"}, {"home": "<folder>/pm2", "text": "up, pid <pid>"}),
    ],
)
def test_only_values_of_the_right_type_and_range_are_replaced(body: object, expected: object) -> None:
    assert stable(body, "/tmp/s1") == expected


def test_this_user_needs_no_key(keyless: Server) -> None:
    with reference_client(keyless.url) as client:
        idle, busy = Transcript(client, keyless), Transcript(client, keyless)
        idle.messages()
        idle.requests(IDLE)
        idle.matches("idle")

        busy.requests(PROCESSES)
        busy.messages()
        busy.request(RUN)
        _poll(client, ("GET", "/api/benchmark/latest?count=1", None), lambda body: body["count"])
        busy.requests([*HISTORY, *ENDED])
        _poll(
            client, LOGS, lambda body: len(body["lines"]) == 2
        )  # PM2 writes the last line after its process has ended
        busy.requests([LOGS, *CLEANED])
        busy.matches("busy")


def _poll(client: ReferenceClient, row: Row, is_done: Callable[[Any], object]) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not is_done(body := client.request(*row).body):
        assert time.monotonic() < deadline_s, body
        time.sleep(0.1)


def test_the_key_answers_as_without_one(keyed: Server) -> None:
    with reference_client(keyed.url, KEY) as client:
        transcript = Transcript(client, keyed)
        transcript.messages()
        transcript.requests(IDLE)
        transcript.matches("idle")


def test_a_read_only_key_reads(keyed: Server) -> None:
    with reference_client(keyed.url, READ_KEY) as client:
        transcript = Transcript(client, keyed)
        transcript.messages()
        transcript.requests([row for row in IDLE if row[0] == "GET"])
        for row in IDLE:
            if row[0] != "GET":
                assert transcript.request(row).status == 403
        transcript.matches("read-only")


@pytest.mark.parametrize(("key", "name"), [("", "no-key"), ("wrong", "wrong-key")])
def test_others_are_refused(keyed: Server, key: str, name: str) -> None:
    with reference_client(keyed.url, key) as client:
        transcript = Transcript(client, keyed)
        transcript.requests(IDLE if not key else IDLE[:4])
        client.connect()
        transcript.expect("opened", "error" if key else "auth_required")
        if not key:
            transcript.exchange({"type": "subscribe", "stream": "pm2:stats"}, "error")
            transcript.exchange({"type": "auth", "apiKey": "wrong"}, "error")
        assert client.closed() == 4401
        transcript.matches(name)
    assert {entry[1] for entry in transcript.entries if entry[0] != "GET /health"} <= {401, "auth_required", "error"}


def test_the_key_may_be_sent_as_a_message(keyed: Server) -> None:
    with reference_client(keyed.url) as client:
        client.connect()
        assert client.receive()["type"] == "auth_required"
        client.send({"type": "auth", "apiKey": KEY})
        assert client.receive()["type"] == "connected"
        assert client.close() == 1000

"""`/api/access` on a started server: who is connected, revocation, requests at once, and framing of bodies."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from dashboard_client import Client
from tests.fixtures.server import Server, new_server

pytestmark = pytest.mark.real
KEY, READ_KEY = "k" * 20, "r" * 20
WITHIN_S = 30


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    server = new_server(API_KEY=KEY, API_KEY_READONLY=READ_KEY, API_HOST="127.0.0.1")
    server.start()
    yield server
    server.clean()


def send(server: Server, method: str, path: str, secret: str = KEY, **options: Any) -> requests.Response:
    headers = {"X-API-Key": secret, **options.pop("headers", {})}
    return requests.request(method, f"{server.url}/api/access/{path}", headers=headers, timeout=60, **options)


@contextmanager
def open_socket(server: Server, secret: str, agent: str = "curl/8") -> Iterator[ClientConnection]:
    with connect(server.ws_url, additional_headers={"X-API-Key": secret}, user_agent_header=agent) as socket:
        assert json.loads(socket.recv(timeout=WITHIN_S))["type"] == "connected"
        yield socket


def subscribe(socket: ClientConnection, stream: str) -> None:
    socket.send(json.dumps({"type": "subscribe", "stream": stream}))
    socket.send('{"type":"ping"}')  # messages are handled one after the other
    while json.loads(socket.recv(timeout=WITHIN_S))["type"] != "pong":
        pass


def listed(server: Server, secret: str = KEY) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = send(server, "GET", "connections", secret).json()["connections"]
    return [{key: value for key, value in row.items() if key != "connectedAt"} for row in rows]


def wait_until_listed(server: Server, count: int) -> None:
    deadline_s = time.monotonic() + WITHIN_S
    while len(listed(server)) != count:
        assert time.monotonic() < deadline_s, listed(server)
        time.sleep(0.05)


def test_open_websockets_are_listed_until_they_close(guarded: Server) -> None:
    agent = "Mozilla/5.0 \N{LATIN SMALL LETTER E WITH ACUTE}\x9b" + "x" * 300
    with Client(guarded.url, KEY) as library:
        library.connect()
        with open_socket(guarded, READ_KEY, agent) as browser, connect(guarded.ws_url):  # the last one is nobody yet
            subscribe(browser, "pm2:stats")
            subscribe(browser, "activity")
            rows, seen_by_reader = listed(guarded), listed(guarded, READ_KEY)
            counts = send(guarded, "GET", "connections").json()["counts"]
    wait_until_listed(guarded, 0)

    of_browser = {
        "actor": "read-only API key", "address": "127.0.0.1", "kind": "browser",
        "client": "Mozilla/5.0 é\\x9b" + "x" * 83, "streams": ["pm2:stats", "activity"], "isYou": False,
    }  # fmt: skip
    of_library = {
        "actor": "API key", "address": "127.0.0.1", "kind": "program", "client": "pm2site-client", "streams": [],
        "isYou": True,
    }  # fmt: skip
    assert rows == [of_browser, of_library]
    assert seen_by_reader == [
        of_browser | {"address": None, "isYou": True}, of_library | {"address": None, "isYou": False},
    ]  # fmt: skip
    assert counts == {"total": 2, "actors": 2, "browser": 1, "dashboard": 0, "program": 1}


def close_code(socket: ClientConnection) -> int | None:
    try:
        while True:
            socket.recv(timeout=WITHIN_S)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def test_the_sockets_of_a_revoked_token_are_closed_and_no_others(guarded: Server) -> None:
    created = send(guarded, "POST", "tokens", json={"name": "screen", "role": "read"}).json()
    with open_socket(guarded, created["secret"]) as revoked, open_socket(guarded, KEY) as other:
        assert send(guarded, "DELETE", f"tokens/{created['token']['id']}").status_code == 200
        started_s = time.monotonic()
        assert close_code(revoked) == 4401
        assert time.monotonic() - started_s < 5
        other.send('{"type":"ping"}')
        assert json.loads(other.recv(timeout=WITHIN_S))["type"] == "pong"


def test_of_ten_requests_with_one_name_at_once_one_creates_a_token(guarded: Server) -> None:
    barrier = threading.Barrier(10)

    def create(_number: int) -> int:
        barrier.wait(WITHIN_S)
        return send(guarded, "POST", "tokens", json={"name": "same"}).status_code

    with ThreadPoolExecutor(10) as threads:
        statuses = sorted(threads.map(create, range(10)))

    assert statuses == [201] + [409] * 9
    names = [token["name"] for token in send(guarded, "GET", "tokens").json()["tokens"]]
    assert names.count("same") == 1


def test_a_chunked_body_is_read(guarded: Server) -> None:
    chunks = iter([b'{"name":', b'"chunked","days"', b":3}"])
    response = send(guarded, "POST", "tokens", data=chunks, headers={"Content-Type": "application/json"})

    assert response.request.headers["Transfer-Encoding"] == "chunked"
    assert (response.status_code, response.json()["token"]["name"]) == (201, "chunked")

"""What a client may send, when, and how much of it: on a started server, by bytes."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import requests

from tests.fixtures.server import Server, StartServer, new_server
from tests.pm2site.transport.raw_http import Answer, code, connect, exchange, read_answer

pytestmark = pytest.mark.real
CLOSE = b"Connection: close\r\n\r\n"
HOST = b"Host: localhost\r\n"
POST = b"POST /api/pm2/logs HTTP/1.1\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Server]:
    server = new_server()
    server.start()
    yield server
    server.clean()


class Trickle(threading.Thread):
    """Sends `start`, then `part` once a second, until the server answers or a minute is over."""

    def __init__(self, server: Server, start: bytes, part: bytes) -> None:
        super().__init__()
        self.server, self.first, self.part = server, start, part
        self.answer: Answer = (0, {})
        self.seconds = 0.0
        self.start()

    def run(self) -> None:
        started_s = time.monotonic()
        with connect(self.server) as connection:
            connection.sendall(self.first)
            try:
                while time.monotonic() - started_s < 60:
                    connection.sendall(self.part)
                    connection.settimeout(1)
                    try:
                        if connection.recv(1, 2):  # MSG_PEEK
                            break
                    except TimeoutError:
                        continue
            except (ConnectionResetError, BrokenPipeError):
                pass
            connection.settimeout(30)
            self.answer, self.seconds = read_answer(connection), time.monotonic() - started_s


@pytest.fixture(scope="module", autouse=True)
def trickles(shared_server: Server) -> Iterator[dict[str, Trickle]]:
    """A head and a body, beside all tests of this module, because they last half a minute."""
    threads = {
        "head": Trickle(shared_server, b"GET /health HTTP/1.1\r\n", b"X: a\r\n"),
        "body": Trickle(shared_server, POST + HOST + b"Content-Length: 1000\r\n\r\n", b"x"),
    }
    yield threads
    for thread in threads.values():
        thread.join()


def test_liveness_needs_no_host_and_takes_an_absolute_target(shared_server: Server) -> None:
    assert exchange(shared_server, b"GET /health HTTP/1.0\r\n\r\n")[1]["status"] == "ok"
    absolute = b"GET http://localhost/health HTTP/1.1\r\nHost: elsewhere\r\n" + CLOSE
    assert exchange(shared_server, absolute)[1]["status"] == "ok"
    foreign = b"GET http://evil.example/api/pm2/stats HTTP/1.1\r\n" + HOST + CLOSE
    assert code(exchange(shared_server, foreign)) == (400, "host_not_allowed")


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        (b"GET /health HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 20_000 + b"\r\n" + CLOSE, (431, "head_too_large")),
        (b"GET /health HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 6000 + CLOSE, (431, "head_too_large")),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + HOST + CLOSE, (431, "head_too_large")),
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n" + HOST + CLOSE, (414, "url_too_long")),
        (b"no request at all\r\n\r\n", (400, "bad_request")),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", (400, "bad_request")),
        (POST + HOST + b"Transfer-Encoding: identity\r\n\r\n{}", (400, "bad_request")),
        (POST + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n{}", (400, "bad_request")),
        (POST + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", (400, "bad_request")),
        (POST + HOST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", (400, "bad_request")),
        (POST + HOST + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", (415, "unsupported_content_encoding")),
        (POST + b"Host: localhost:\xd9\xa3\r\nContent-Length: 2\r\n\r\n{}", (400, "host_not_allowed")),
        (b"GET /%C2%9B2J HTTP/1.1\r\n" + HOST + CLOSE, (400, "bad_path")),
        (b"GET health HTTP/1.1\r\n" + HOST + CLOSE, (400, "bad_path")),
        (b"OPTIONS * HTTP/1.1\r\n" + HOST + CLOSE, (400, "bad_path")),
        (b"GET ws://localhost/health HTTP/1.1\r\n" + HOST + CLOSE, (400, "bad_path")),
        (b"GET http://[::1/health HTTP/1.1\r\n" + HOST + CLOSE, (400, "bad_request")),
        (b"GET http://[zz]/health HTTP/1.1\r\n" + HOST + CLOSE, (400, "bad_request")),
        (b"GET /health HTTP/1.1\r\nX: a\x85X-Y: b\r\n" + HOST + CLOSE, (400, "bad_request")),
        (b"GET /health HTTP/1.1\r\nX: a\x0bX-Y: b\r\n" + HOST + CLOSE, (400, "bad_request")),
        (b"GET /h\xe9lth HTTP/1.1\r\n" + HOST + CLOSE, (400, "bad_request")),
        (b"GET /nothing?a=\xe9 HTTP/1.1\r\n" + HOST + CLOSE, (400, "bad_request")),
        (b"GET /nothing HTTP/1.1\r\nDaphne-Root-Path: /%ff%fe\r\n" + HOST + CLOSE, (404, "not_found")),
    ],
)  # fmt: skip
def test_a_malformed_or_oversized_head_gets_its_status(
    shared_server: Server, request_bytes: bytes, expected: tuple[int, str]
) -> None:
    assert code(exchange(shared_server, request_bytes)) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (POST + b"Host: evil.example\r\nContent-Length: 200000000\r\n\r\n", (400, "host_not_allowed")),
        (POST + HOST + b"Origin: http://evil.example\r\nTransfer-Encoding: chunked\r\n\r\n", (403, "origin_not_allowed")),
        (POST + HOST + b"Content-Length: 200000000\r\n\r\n", (413, "body_too_large")),
    ],
)  # fmt: skip
def test_a_request_is_refused_by_its_head_before_its_body_arrives(
    shared_server: Server, head: bytes, expected: tuple[int, str]
) -> None:
    assert code(exchange(shared_server, head)) == expected


def test_a_refusal_by_the_head_has_its_id_in_header_body_and_log_and_is_final(shared_server: Server) -> None:
    head = POST + b"Host: evil.example\r\nX-Request-ID: my-1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"
    with connect(shared_server) as connection:
        connection.sendall(head)
        received = b""
        while part := connection.recv(65536):
            received += part

    assert received.startswith(b"HTTP/1.1 400 ")
    assert (received.count(b"HTTP/1.1"), received.count(b"X-Request-ID: my-1\r\n")) == (1, 1)
    assert b'"requestId":"my-1"' in received
    assert re.search(r"request is refused .*code=host_not_allowed request_id=my-1 ", shared_server.log.read_text())


def test_an_allowed_page_can_read_a_refusal_by_the_head(start_server: StartServer) -> None:
    server = start_server(API_ALLOWED_ORIGINS="https://my.page")
    origin = {"Origin": "https://my.page"}
    response = requests.post(server.url + "/api/pm2/stop", data=b"x" * 300_000, headers=origin, timeout=30)

    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (413, "https://my.page")


def test_an_endless_body_is_refused_and_nothing_of_it_is_kept(shared_server: Server) -> None:
    before = psutil.Process(shared_server.pid).memory_info().rss
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with connect(shared_server) as connection:
        connection.sendall(POST + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 200 * 2**20:
                connection.sendall(chunk)
                sent += len(chunk)
        except (ConnectionResetError, BrokenPipeError, TimeoutError):
            pass  # the server has stopped listening to it

        assert sent < 200 * 2**20
    files = [link for link in Path(f"/proc/{shared_server.pid}/fd").iterdir() if "(deleted)" in str(link.resolve())]
    assert files == []
    assert psutil.Process(shared_server.pid).memory_info().rss - before < 50 * 2**20


def with_300_files() -> Server:
    server = new_server()
    server.program = ["bash", "-c", 'ulimit -n 300 && exec "$0" "$@"', *server.program]
    return server


def connect_at_once(server: Server, addresses: list[str]) -> list[socket.socket]:
    """Connections that do not wait for each other, one from each address."""
    connections = []
    for address in addresses:
        connection = socket.socket()
        connection.setblocking(False)
        connection.bind((address, 0))
        with suppress(BlockingIOError):
            connection.connect(("127.0.0.1", server.port))
        connections.append(connection)
    return connections


def test_a_burst_of_connections_leaves_files_for_others() -> None:
    server = with_300_files()
    idle: list[socket.socket] = []
    try:
        server.start()
        statuses = set()
        for _ in range(5):
            idle += connect_at_once(server, [f"127.0.0.{2 + number % 3}" for number in range(200)])
            statuses.add(requests.get(server.url + "/api/system/stats", timeout=30).status_code)

        assert statuses == {200}
    finally:
        for connection in idle:
            connection.close()
        server.clean()


def test_a_connection_without_a_request_makes_room_for_others() -> None:
    server = with_300_files()
    idle: list[socket.socket] = []
    try:
        server.start()
        idle += [connect(server) for _ in range(400)]
        for connection in idle[::2]:
            with suppress(ConnectionError):  # closed for a newer one
                connection.sendall(b"GET /health HTTP/1.1\r\n")
        response = requests.get(server.url + "/api/system/stats", timeout=30)

        assert response.status_code == 200
        assert "too many connections" in server.log.read_text()
        assert requests.get(server.url + "/ready", timeout=30).status_code == 200
    finally:
        for connection in idle:
            connection.close()
        server.clean()


def test_a_client_that_does_not_read_is_not_buffered_for(shared_server: Server) -> None:
    before = psutil.Process(shared_server.pid).memory_info().rss
    request = b"GET /api/schema HTTP/1.1\r\n" + HOST + b"\r\n"
    connections = [connect(shared_server) for _ in range(4)]
    for connection in connections:
        connection.sendall(request * 200)  # 20 MB of responses each
    deadline_s = time.monotonic() + 5
    while time.monotonic() < deadline_s:
        assert requests.get(shared_server.url + "/health", timeout=30).status_code == 200

    assert psutil.Process(shared_server.pid).memory_info().rss - before < 60 * 2**20
    for connection in connections:
        connection.close()


def test_a_head_and_a_body_that_trickle_in_are_ended(trickles: dict[str, Trickle]) -> None:
    for thread in trickles.values():
        thread.join()

    assert {name: code(trickle.answer) for name, trickle in trickles.items()} == {
        "head": (408, "request_timeout"),
        "body": (408, "request_timeout"),
    }
    assert 9 < trickles["head"].seconds < 25
    assert 29 < trickles["body"].seconds < 50

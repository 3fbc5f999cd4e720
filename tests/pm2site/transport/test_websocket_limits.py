"""What a WebSocket client may send: control frames, fragments, and how many sockets it may hold."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import psutil
import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_websocket

from tests.fixtures.server import Server, StartServer, new_server
from tests.pm2site.transport.raw_http import connect, exchange

pytestmark = pytest.mark.real
PING, TEXT, CONTINUATION, FINAL = 0x9, 0x1, 0x0, 0x80


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Server]:
    server = new_server(API_KEY="k" * 20)
    server.start()
    yield server
    server.clean()


def frame(opcode: int, payload: bytes = b"", *, is_final: bool = True) -> bytes:
    """A client's frame; the mask is zero."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
    return bytes([(FINAL if is_final else 0) | opcode]) + length + b"\0\0\0\0" + payload


def upgrade(server: Server, headers: bytes = b"") -> socket.socket:
    """A raw connection after its handshake."""
    connection = connect(server)
    key = base64.b64encode(os.urandom(16))
    connection.sendall(
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n" + headers + b"\r\n"
    )
    assert connection.recv(12) == b"HTTP/1.1 101"
    return connection


def flood(connection: socket.socket, data: bytes, limit: int) -> int:
    """Sends until the server closes, at most `limit` bytes; returns how many were sent."""
    sent, deadline_s = 0, time.monotonic() + 20
    connection.settimeout(5)
    try:
        while sent < limit and time.monotonic() < deadline_s:
            connection.sendall(data)
            sent += len(data)
    except OSError:
        pass
    return sent


FLOODS = {
    "pings": frame(PING, b"x" * 125) * 100,
    "empty fragments": frame(TEXT, is_final=False) + frame(CONTINUATION, is_final=False) * 1000,
    "large fragments": frame(TEXT, b"x" * 60_000, is_final=False),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_before_authentication_is_cut_at_once(shared_server: Server, kind: str) -> None:
    process = psutil.Process(shared_server.pid)
    before = process.memory_info().rss
    connections = [upgrade(shared_server) for _ in range(10)]
    sent = [flood(connection, FLOODS[kind], 20 * 2**20) for connection in connections]
    started_s = time.monotonic()

    assert requests.get(shared_server.url + "/health", timeout=30).status_code == 200
    assert time.monotonic() - started_s < 5
    assert max(sent) < 20 * 2**20
    assert process.memory_info().rss - before < 40 * 2**20
    for connection in connections:
        connection.close()


def closed_with(client: ClientConnection) -> tuple[int | None, str | None]:
    """Close code, and code of the last error message before it."""
    last: str | None = None
    try:
        while True:
            message = json.loads(client.recv(timeout=30))
            last = message.get("code", last)
    except ConnectionClosed as closed:
        return (closed.rcvd.code if closed.rcvd else None), last


def test_control_frames_count_as_messages(shared_server: Server) -> None:
    with connect_websocket(shared_server.ws_url, additional_headers={"X-API-Key": "k" * 20}) as client:
        with suppress(ConnectionClosed):  # before the last one
            for _ in range(60):
                client.ping()

        assert closed_with(client) == (4429, "flooding")


def test_a_frame_that_is_too_large_is_refused_with_a_code(shared_server: Server) -> None:
    with connect_websocket(shared_server.ws_url, additional_headers={"X-API-Key": "k" * 20}) as client:
        with suppress(ConnectionClosed):
            client.send("x" * 300_000)

        assert closed_with(client) == (4429, "message_too_large")


def test_frames_that_do_not_wait_for_the_handshake_count(shared_server: Server) -> None:
    with connect(shared_server) as connection:
        head = b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        key = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(b"k" * 16) + b"\r\n\r\n"
        connection.sendall(head + key + b"\x89\x80\0\0\0\0" * 60)
        connection.settimeout(60)
        received = b""
        while struct.pack(">H", 4429) not in received:
            part = connection.recv(65536)
            assert part, received
            received += part

    assert received.startswith(b"HTTP/1.1 101 ")


def test_a_browser_that_offers_a_subprotocol_learns_that_there_is_none(shared_server: Server) -> None:
    connection = upgrade(shared_server, b"Sec-WebSocket-Protocol: x\r\n")
    head = connection.recv(4096)

    assert b"sec-websocket-protocol" not in head.lower()
    connection.close()


def test_a_subprotocol_that_is_no_ascii_is_refused(shared_server: Server) -> None:
    status, _ = exchange(
        shared_server,
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: " + base64.b64encode(b"k" * 16) + b"\r\nSec-WebSocket-Protocol: \xff\r\n\r\n",
    )

    assert status == 400


def test_one_credential_has_its_share_of_the_sockets(start_server: StartServer) -> None:
    server = start_server(API_KEY="k" * 20, API_KEY_READONLY="r" * 20, WS_MAX_SOCKETS="40")
    with ExitStack() as stack:

        def first_messages(key: str, count: int) -> list[str]:
            headers = {"X-API-Key": key}
            clients = [
                stack.enter_context(connect_websocket(server.ws_url, additional_headers=headers)) for _ in range(count)
            ]
            messages = [json.loads(client.recv(timeout=30)) for client in clients]
            return [message.get("code", message["type"]) for message in messages]

        assert first_messages("r" * 20, 22) == ["connected"] * 20 + ["too_many_clients"] * 2
        assert first_messages("k" * 20, 2) == ["connected"] * 2

"""/ws on the real server."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from system.host.ports import is_listening
from tests.fixtures.ports import free_port
from tests.fixtures.server import ROOT, Server, StartServer, new_server

pytestmark = pytest.mark.real

DEADLINE_S = 40
STREAMS = ["activity", "benchmark:progress", "pm2:events", "pm2:logs", "pm2:stats", "redis:stats", "system:metrics"]


@contextmanager
def connected(server: Server, **options: Any) -> Iterator[ClientConnection]:
    with connect(server.ws_url, open_timeout=DEADLINE_S, **options) as ws:
        assert receive(ws)["type"] == "connected"
        yield ws


def receive(ws: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(ws.recv(timeout=DEADLINE_S))
    return message


def request(ws: ClientConnection, **fields: object) -> dict[str, Any]:
    """Sends a message and returns its reply: the next message that is not a metric."""
    ws.send(json.dumps(fields))
    while (reply := receive(ws))["type"] == "metric":
        pass
    return reply


def close_code(ws: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as caught:  # noqa: PT012 - messages already sent arrive first
        while True:
            ws.recv(timeout=DEADLINE_S)
    assert caught.value.rcvd
    return caught.value.rcvd.code


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Server]:
    server = new_server().start()
    yield server
    server.clean()


def test_a_session(shared_server: Server) -> None:
    with connect(shared_server.ws_url, open_timeout=DEADLINE_S) as ws:
        welcome = receive(ws)
        assert (welcome["type"], welcome["streams"], welcome["protocol"]) == ("connected", STREAMS, 1)
        assert {"clientId", "timestamp"} <= set(welcome)

        reply = request(ws, type="subscribe", stream="system:metrics", interval=1, id="q1")
        assert {key: reply[key] for key in ("type", "stream", "interval", "id")} == {
            "type": "subscribed", "stream": "system:metrics", "interval": 250, "id": "q1",
        }  # fmt: skip
        frame = receive(ws)
        assert (frame["type"], frame["stream"]) == ("metric", "system:metrics")
        assert frame["data"].keys() == requests.get(shared_server.url + "/api/system/stats", timeout=10).json().keys()

        assert request(ws, type="unsubscribe", stream="system:metrics")["type"] == "unsubscribed"
        assert request(ws, type="ping", id=5)["id"] == 5


def test_each_client_has_its_own_interval(shared_server: Server) -> None:
    with connected(shared_server) as fast, connected(shared_server) as slow:
        request(fast, type="subscribe", stream="system:metrics", interval=250)
        request(slow, type="subscribe", stream="system:metrics", interval=1000)
        slow_frames = [receive(slow) for _ in range(4)]
        fast_seqs = [receive(fast)["seq"] for _ in range(8)]

    # Lower bounds alone: a busy machine samples less often.
    sampled_at = [datetime.fromisoformat(frame["timestamp"]) for frame in slow_frames[1:]]
    assert all(later - earlier > timedelta(seconds=0.7) for earlier, later in pairwise(sampled_at))
    assert min(later - earlier for earlier, later in pairwise(fast_seqs)) == 1


def test_subscribing_again_changes_the_interval_of_the_one_subscription(shared_server: Server) -> None:
    with connected(shared_server) as ws:
        for interval in (60_000, 5_000, 250):
            assert request(ws, type="subscribe", stream="system:metrics", interval=interval)["interval"] == interval
        sequence: list[int] = []
        while len(sequence) < 6:
            sequence.append(receive(ws)["seq"])

    assert sequence == sorted(set(sequence))


def add_activity(server: Server, name: str) -> None:
    """Adds an entry to the audit trail, by a refused request."""
    requests.post(server.url + "/api/pm2/stop", json={"framework": name}, timeout=DEADLINE_S)


def targets(message: dict[str, Any]) -> list[str]:
    return [entry["target"] for entry in message["data"]["entries"]]


def test_a_client_resumes_events_where_it_left_off(shared_server: Server) -> None:
    add_activity(shared_server, "one")
    with connected(shared_server) as ws:
        assert request(ws, type="subscribe", stream="activity", interval=250)["type"] == "subscribed"
        first = receive(ws)
        assert targets(first)[-1] == "one"
        add_activity(shared_server, "two")
        assert targets(receive(ws)) == ["two"]
    for name in ("three", "four"):
        add_activity(shared_server, name)
    since = {"epoch": first["epoch"], "seq": first["seq"]}
    with connected(shared_server) as ws:
        request(ws, type="subscribe", stream="activity", since=since)
        assert targets(receive(ws)) == ["two", "three", "four"]
    with connected(shared_server) as ws:
        request(ws, type="subscribe", stream="activity", since={"epoch": "of another server", "seq": 7})
        gap = receive(ws)
        assert {key: gap[key] for key in ("type", "stream", "missed")} == {
            "type": "gap", "stream": "activity", "missed": None,
        }  # fmt: skip
        assert targets(receive(ws))[-3:] == ["two", "three", "four"]


def test_activity_of_the_shell_and_before_a_restart_is_streamed(start_server: StartServer) -> None:
    server = start_server()
    add_activity(server, "by the API")
    server.manage("token", "stopped")
    assert server.stop() == 0
    server.start()
    with connected(server) as ws:
        request(ws, type="subscribe", stream="activity", interval=250)
        add_activity(server, "after the restart")
        server.manage("token", "live")
        names: list[str] = []
        while "live" not in names:
            names += targets(receive(ws))

    assert names == ["by the API", "stopped", "after the restart", "live"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("", "bad_json"), ("{", "bad_json"), ("[" * 50_000, "bad_json"), (b"\x00\x01", "binary"),
        ('{"type":"ping","x":"' + "x" * 70_000 + '"}', "too_large"), ('{"type":"nothing"}', "unknown_type"), ('{"type":"subscribe","stream":"x"}', "unknown_stream"),
        ('{"type":"subscribe","stream":"pm2:stats","interval":"1"}', "bad_interval"),
        ('{"type":"subscribe","stream":"pm2:stats","filter":{"framework":"x"}}', "bad_filter"),
        ('{"type":"subscribe","stream":"pm2:logs","filter":{"stream":"stdout"}}', "bad_filter"),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_an_invalid_message_gets_an_error_and_the_connection_stays(
    shared_server: Server, message: str | bytes, code: str
) -> None:
    with connected(shared_server) as ws:
        ws.send(message)
        reply = receive(ws)
        assert (reply["type"], reply["code"]) == ("error", code)
        assert request(ws, type="ping")["type"] == "pong"


def test_twenty_invalid_messages_close_the_connection(shared_server: Server) -> None:
    with connected(shared_server) as ws:
        for _ in range(20):
            ws.send("{")
        assert close_code(ws) == 4429


def test_flooding_closes_the_connection(shared_server: Server) -> None:
    with connected(shared_server) as ws:
        with pytest.raises(ConnectionClosed):  # noqa: PT012 - either may fail first
            for _ in range(300):
                ws.send('{"type":"ping"}')
            while True:
                ws.recv(timeout=DEADLINE_S)
        assert ws.close_code == 4429


def test_an_oversized_message_closes_the_connection(shared_server: Server) -> None:
    with connected(shared_server) as ws:
        ws.send("x" * 300_000)
        assert receive(ws)["code"] == "message_too_large"
        assert close_code(ws) == 4429
    assert requests.get(shared_server.url + "/health", timeout=10).ok


def test_other_paths_get_an_error(shared_server: Server) -> None:
    with connect(shared_server.ws_url + "/elsewhere", open_timeout=DEADLINE_S) as ws:
        assert receive(ws)["code"] == "unknown_path"
        assert close_code(ws) == 4404


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.com"}, {"Origin": "null"}])
def test_a_foreign_origin_is_refused(shared_server: Server, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(shared_server.ws_url, additional_headers=headers, open_timeout=DEADLINE_S)

    assert caught.value.response.status_code == 403


def masked(payload: bytes) -> bytes:
    """A client's short text frame with a mask of zeros (RFC 6455, 5.2)."""
    return b"\x81" + bytes([0x80 | len(payload)]) + b"\0\0\0\0" + payload


@contextmanager
def large_frames(folder: Path) -> Iterator[tuple[int, int]]:
    """Port and pid of daphne with a stream of large frames."""
    port = free_port()
    argv = [str(Path(sys.executable).parent / "daphne"), "-p", str(port), "tests.pm2site.live.large_frames:application"]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(argv, cwd=ROOT, stdout=log, stderr=log)
    try:
        deadline_s = time.monotonic() + DEADLINE_S
        while not is_listening(port):
            assert time.monotonic() < deadline_s, (folder / "log.txt").read_text()
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def test_a_client_that_stops_reading_is_closed_without_effect_on_others(tmp_path: Path) -> None:
    subscribe = '{"type":"subscribe","stream":"large","interval":250}'
    with (
        large_frames(tmp_path) as (port, pid),
        socket.socket() as slow,
        connect(f"ws://127.0.0.1:{port}/", max_size=None, open_timeout=DEADLINE_S) as other,
    ):
        assert receive(other)["type"] == "connected"
        other.send(subscribe)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", port))
        request = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        request += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        slow.sendall(request.encode())
        slow.recv(200)
        slow.sendall(masked(subscribe.encode()))
        memory, sequence = [], []
        deadline_s = time.monotonic() + DEADLINE_S
        while "too_slow" not in (tmp_path / "log.txt").read_text():
            assert time.monotonic() < deadline_s, (tmp_path / "log.txt").read_text()
            message = receive(other)
            if message["type"] == "metric":
                sequence.append(message["seq"])
                memory.append(psutil.Process(pid).memory_info().rss)

    assert "4008" in (tmp_path / "log.txt").read_text()
    assert sequence == list(range(sequence[0], sequence[0] + len(sequence)))
    assert max(memory) - min(memory) < 30 * 2**20  # the kernel's buffers and one frame, not a queue of them


def test_with_a_key_a_socket_must_authenticate(start_server: StartServer) -> None:
    server = start_server(API_KEY="the-key", API_HOST="127.0.0.1")
    token = server.manage("token", "ci").strip()
    with connect(server.ws_url, open_timeout=DEADLINE_S) as silent:
        assert receive(silent)["type"] == "auth_required"
        _check_authentication(server, token)
        assert close_code(silent) == 4401  # no auth message within five seconds
    assert "the-key" not in server.log.read_text()
    assert token not in server.log.read_text()


def _check_authentication(server: Server, token: str) -> None:
    for headers in ({"X-API-Key": "the-key"}, {"Authorization": f"Token {token}"}, {"X-API-Key": token}):
        with connected(server, additional_headers=headers) as ws:
            assert request(ws, type="ping")["type"] == "pong"

    with connect(server.ws_url, open_timeout=DEADLINE_S) as ws:
        assert receive(ws)["type"] == "auth_required"
        assert request(ws, type="subscribe", stream="pm2:stats")["code"] == "not_authenticated"
        assert request(ws, type="auth", apiKey="the-key", id=1)["type"] == "connected"

    for headers in ({"X-API-Key": "a-guess"}, {"Authorization": "Bearer a-guess"}):
        with connect(server.ws_url, additional_headers=headers, open_timeout=DEADLINE_S) as ws:
            assert receive(ws)["code"] == "invalid_credential"
            assert close_code(ws) == 4401

    with connected(server, additional_headers={"X-API-Key": token}) as ws:
        server.manage("token", "ci", "--revoke")
        assert close_code(ws) == 4401


def test_sigterm_closes_the_sockets_first(start_server: StartServer) -> None:
    server = start_server()
    with connected(server) as ws:
        request(ws, type="subscribe", stream="system:metrics", interval=250)
        started_s = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert close_code(ws) == 4503
        assert server.process.wait(DEADLINE_S) == 0
        assert time.monotonic() - started_s < 10

"""Whatever a target answers becomes a description, or PreflightFailed; for the latency probe, a response or none."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import astuple
from unittest.mock import ANY

import h2.config
import h2.connection
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.connections.http2_exchange import Http2Broken, Http2Exchange, Http2Response
from benchmarks.connections.probe_http1 import ProbeConnection
from benchmarks.connections.probe_socket import MAX_BODY_BYTES, NO_RESPONSE, ProbeResponse
from benchmarks.connections.target_request import TargetRequest
from benchmarks.engine.preflight import BODY_START_BYTES, TargetResponse, send_request
from benchmarks.engine.probe import MAX_KEYS, json_keys
from benchmarks.errors import PreflightFailed
from system.lib.text import is_printable
from tests.fixtures.odd_json import any_json

LINES = st.sampled_from([
    b"HTTP/1.1 200 OK", b"HTTP/1.1 101 Switching", b"HTTP/1.1 100 Continue", b"HTTP/1.1 99999 X", b"HTTP/2 200", b"HTTP/1.1 abc",
    b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999999999", b"Transfer-Encoding: chunked",
    b"Connection: upgrade", b"Upgrade: x", b"Content-Type: \x1b]0;x\x07\x9b", b"Server: \xff\x00", b"Date:" + b"d" * 300, b": x",
    b"Location: /", b"", b"5", b"hello", b"FFFFFFFFFFFFFFFFFF", b"0", b'{"\\ud800":1}', b" folded",
])  # fmt: skip
ANSWERS = st.lists(LINES | st.binary(max_size=20), max_size=9).map(b"\r\n".join) | st.lists(LINES, max_size=9).map(
    lambda lines: b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"", b""])
)


class Target:
    """A server in a thread of this process that answers every request with `answer`, and closes."""

    def __init__(self) -> None:
        self.answer: bytes | None = b""
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.request = TargetRequest(f"http://127.0.0.1:{self.socket.getsockname()[1]}/", "GET", {"Host": "x"}, b"")
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            client, _ = self.socket.accept()
            with client:
                if self.answer is None:
                    return
                client.recv(4096)
                client.sendall(self.answer)

    def stop(self) -> None:
        self.answer = None
        socket.create_connection(self.socket.getsockname()).close()
        self.thread.join()
        self.socket.close()


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    running = Target()
    yield running
    running.stop()


def describe(target: Target, answer: bytes) -> TargetResponse | str:
    target.answer = answer
    try:
        return send_request(target.request)
    except PreflightFailed as error:
        return str(error)


def test_what_a_target_says_of_itself_is_printable_and_bounded(target: Target) -> None:
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: \x1b]0;x\x07\x9b\r\nServer: "
        + b"s" * 300
        + b"\r\nContent-Length: 10\r\n\r\n"
    )
    response = describe(target, head + b'{"\\ud800":1')

    assert isinstance(response, TargetResponse)
    assert (response.content_type, response.server) == ("\\x1b]0;x\\x07\\x9b", "s" * 200)


@given(ANSWERS)
def test_any_answer_to_the_preflight(target: Target, answer: bytes) -> None:
    response = describe(target, answer)

    if isinstance(response, TargetResponse):
        json.dumps(astuple(response), allow_nan=False, ensure_ascii=False).encode()
        assert is_printable(response.content_type + response.server + response.date)
        assert len(response.body_start) <= BODY_START_BYTES


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        (b"[" * 100_000, ()), (b'{"\\ud800":1}', ("\\ud800",)), (b'{"\\u001b[31m":1}', ("\\x1b[31m",)), (b"\xff", ()),
        (json.dumps({f"{number:06}": 0 for number in range(1000)}).encode(), tuple(f"{n:06}" for n in range(MAX_KEYS))),
    ],
    ids=["deep", "surrogate", "escape", "bytes", "many"],
)  # fmt: skip
def test_the_keys_of_a_body_are_printable_and_bounded(body: bytes, keys: tuple[str, ...]) -> None:
    assert json_keys(body) == keys


@given(any_json("a", "b").map(lambda value: json.dumps(value).encode()) | st.binary(max_size=50))
def test_any_body_has_keys_or_none(body: bytes) -> None:
    assert all(is_printable(key) for key in json_keys(body))


def probe(answer: bytes) -> ProbeResponse | None:
    """What the probe makes of an answer after which the target closes; None while it waits for more."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    connection = ProbeConnection("127.0.0.1", 1, b"GET / HTTP/1.1\r\n\r\n")
    connection.socket = ours
    response = connection.start(0.0, 0.0)
    connection._may_be_stale = False  # as if it were new: a broken one is not opened again
    sender = threading.Thread(target=_send_and_close, args=(theirs, answer))
    sender.start()
    try:
        ours.setblocking(True)
        while response is None:
            response = connection.on_socket_ready()
        return response
    finally:
        connection.close()
        sender.join()


def _send_and_close(end: socket.socket, data: bytes) -> None:
    with end:
        try:
            end.recv(4096)  # the request: closing with unread data would break the connection
            end.sendall(data)
        except OSError:
            return


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nhi", ProbeResponse(200, b"hi")),
        (b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello", NO_RESPONSE),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_BODY_BYTES + 1), NO_RESPONSE),
        (b"garbage", NO_RESPONSE),
    ],
    ids=["usual", "upgrade", "endless", "garbage"],
)
def test_an_answer_to_the_probe(answer: bytes, expected: ProbeResponse) -> None:
    assert probe(answer) == expected


def http2_answer(*fields: tuple[bytes, bytes], data: bytes = b"hi") -> bytes:
    """What a server sends for the first request."""
    server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, validate_outbound_headers=False))
    server.initiate_connection()
    server.receive_data(Http2Exchange(REQUEST.http2_headers, b"").begin())
    server.send_headers(1, fields)
    server.send_data(1, data, end_stream=True)
    return bytes(server.data_to_send())


REQUEST = TargetRequest("http://127.0.0.1:1/", "GET", {"Host": "x"}, b"")
HTTP2_ANSWER = http2_answer((b":status", b"200"), (b"server", b"\xff\x1b"))


def receive(data: bytes) -> Http2Response | str | None:
    """Of a whole answer: the response, why there is none, or None while it waits for more."""
    exchange = Http2Exchange(REQUEST.http2_headers, b"")
    exchange.begin()
    try:
        exchange.receive(data)
    except Http2Broken as error:
        return str(error)
    return exchange.response


def test_an_answer_over_http2() -> None:
    assert receive(HTTP2_ANSWER) == Http2Response(200, (("server", "\xff\x1b"),), b"hi", len(HTTP2_ANSWER))
    assert receive(http2_answer((b":status", b"2\xb2"))) == Http2Response(0, (), b"hi", ANY)
    assert receive(HTTP2_ANSWER[:-1]) is None
    assert receive(b"HTTP/1.1 400 Bad Request\r\n\r\n") == "it answered HTTP/1.1 400 Bad Request"
    assert receive(b"\x15\x03\x03\x00\x02\x02F") == "it answered with something else"


@given(st.binary(max_size=60), st.integers(0, len(HTTP2_ANSWER)), st.integers(0, 9))
def test_any_answer_over_http2(data: bytes, place: int, gone: int) -> None:
    """Bytes in the middle of a valid answer, instead of some of its own."""
    response = receive(HTTP2_ANSWER[:place] + data + HTTP2_ANSWER[place + gone :])

    assert response is None or isinstance(response, (str, Http2Response))


@given(st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=9)), max_size=3))
def test_any_headers_over_http2(fields: list[tuple[bytes, bytes]]) -> None:
    response = receive(http2_answer((b":status", b"200"), *fields))

    assert response is None or isinstance(response, (str, Http2Response))


@given(ANSWERS)
def test_any_answer_to_the_probe(answer: bytes) -> None:
    response = probe(answer)

    assert response is not None
    assert len(response.body) <= len(answer)

import hashlib
import socket
import struct
import threading
import time
from dataclasses import replace

import pytest

from benchmarks.analysis.oddities import CLOSES_SILENTLY
from benchmarks.connections.target_request import TargetRequest
from benchmarks.engine.preflight import Expectation, describe_change, send_request, verify_and_fill
from benchmarks.errors import PreflightFailed
from tests.fixtures.target_server import run_target

pytestmark = pytest.mark.real


def request_to(port: int, path: str) -> TargetRequest:
    return TargetRequest(f"http://127.0.0.1:{port}{path}", "GET", {"Host": f"localhost:{port}"}, b"")


def test_the_response_is_described_with_its_hash() -> None:
    with run_target() as port:
        response = send_request(request_to(port, "/simple"))

    body = b'{"message":"hi"}'
    assert (response.status, response.content_type, response.body_bytes) == (200, "application/json", len(body))
    assert response.body_sha256 == hashlib.sha256(body).hexdigest()
    assert response.wire_bytes > len(body) + 80
    assert response.date.endswith("GMT")


def test_missing_headers_and_an_empty_body_are_odd() -> None:
    with run_target() as port:
        usual, odd = send_request(request_to(port, "/simple")), send_request(request_to(port, "/odd"))

    assert usual.odd == ()
    assert [sentence.split(":")[0] for sentence in odd.odd] == [
        "The target's response has no Content-Type header.",
        "The target's response has no Date header.",
        "The target closes the connection after each response",
        "The target's response is empty.",
    ]


def test_codes_are_stored_if_there_are_none() -> None:
    with run_target() as port:
        assert send_request(request_to(port, "/code-fast")).status == 404
        assert verify_and_fill(request_to(port, "/code-fast"), ("redis", "codes")).status == 200


def test_a_target_that_responds_with_an_error_is_not_loaded() -> None:
    with run_target() as port, pytest.raises(PreflightFailed, match="responds with 404, not 2xx"):
        verify_and_fill(request_to(port, "/code-fast"), ())


def test_a_different_response_after_the_load_is_described() -> None:
    with run_target() as port:
        before = send_request(request_to(port, "/simple"))

    constant = Expectation(before.body_sha256, before.keys, None)
    changing = Expectation(None, before.keys, (8, 32))

    assert describe_change(before, before, constant) is None
    assert describe_change(before, replace(before, body_sha256="x"), changing) is None
    assert [
        describe_change(before, replace(before, body_sha256="x"), constant),
        describe_change(before, replace(before, status=500), constant),
        describe_change(before, replace(before, keys=("id",)), changing),
        describe_change(before, replace(before, body_bytes=33), changing),
    ] == [
        "After the load the target responded with a different body.",
        "After the load the target responded with 500 instead of 200.",
        "After the load the JSON object had different keys.",
        "After the load the body had 33 bytes instead of 16.",
    ]


def test_a_target_that_resets_the_connection_after_its_response_has_closed_it() -> None:
    usual = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: x\r\nContent-Length: 2\r\n\r\n{}"

    def respond_and_reset(listener: socket.socket) -> None:
        accepted, _ = listener.accept()
        accepted.recv(65536)
        accepted.sendall(usual)
        time.sleep(0.05)  # a reset discards what the other end has not received yet
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        accepted.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=respond_and_reset, args=(listener,))
        thread.start()
        response = send_request(request_to(listener.getsockname()[1], "/"), watches_connection=True)
        thread.join()

    assert (response.status, response.odd) == (200, (CLOSES_SILENTLY,))

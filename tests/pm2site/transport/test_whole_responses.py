"""Responses that are sent in one step, and heads whose lines are remembered: the same bytes as by the long way."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from twisted.web.http_headers import Headers

from pm2site.transport.http_channel import parse_header
from pm2site.transport.responses import response_head
from tests.fixtures.server import Server, new_server
from tests.pm2site.transport.raw_http import connect

STATS = b"GET /api/system/stats HTTP/1.1\r\nHost: localhost\r\n"
CLOSE = b"Connection: close\r\n\r\n"


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Server]:
    server = new_server(API_ALLOWED_ORIGINS="https://my.page")
    server.start()
    yield server
    server.clean()


def receive_all(server: Server, *parts: bytes) -> bytes:
    """What the server sends until it closes the connection."""
    with connect(server) as connection:
        for part in parts:
            connection.sendall(part)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


def head_of(response: bytes) -> tuple[bytes, dict[str, str]]:
    """The status line, and the headers by their names."""
    lines = response.split(b"\r\n\r\n")[0].split(b"\r\n")
    return lines[0], dict(line.decode().split(": ", 1) for line in lines[1:])


@pytest.mark.real
def test_a_sample_is_sent_whole_and_only_its_head_for_head(shared_server: Server) -> None:
    whole = receive_all(shared_server, STATS + CLOSE)
    only_head = receive_all(shared_server, STATS.replace(b"GET", b"HEAD") + CLOSE)

    for response in (whole, only_head):
        status_line, headers = head_of(response)
        assert status_line == b"HTTP/1.1 200 OK"
        assert sorted(headers) == [
            "Cache-Control", "Connection", "Content-Length", "Content-Type", "ETag", "Vary", "X-Request-ID",
        ]  # fmt: skip
        assert (headers["Connection"], headers["Content-Type"]) == ("close", "application/json")
    assert len(whole.split(b"\r\n\r\n", 1)[1]) == int(head_of(whole)[1]["Content-Length"]) > 100
    assert only_head.endswith(b"\r\n\r\n")


@pytest.mark.real
def test_an_unchanged_sample_is_a_head_without_length(shared_server: Server) -> None:
    status_line, headers = head_of(receive_all(shared_server, STATS + b"If-None-Match: *\r\n" + CLOSE))

    assert status_line == b"HTTP/1.1 304 Not Modified"
    assert sorted(headers) == ["Cache-Control", "Connection", "ETag", "Vary", "X-Request-ID"]


@pytest.mark.real
def test_a_preflight_has_no_length(shared_server: Server) -> None:
    origin = b"Origin: https://my.page\r\nAccess-Control-Request-Method: GET\r\n"
    status_line, headers = head_of(receive_all(shared_server, STATS.replace(b"GET", b"OPTIONS") + origin + CLOSE))

    assert (status_line, headers.get("Content-Length")) == (b"HTTP/1.1 204 No Content", None)


@pytest.mark.real
def test_a_client_of_http_1_0_gets_the_body_and_the_end(shared_server: Server) -> None:
    response = receive_all(shared_server, STATS.replace(b"1.1", b"1.0") + b"\r\n")
    status_line, headers = head_of(response)

    assert (status_line, headers["Connection"]) == (b"HTTP/1.0 200 OK", "close")
    assert response.endswith(b"}")


@pytest.mark.real
@pytest.mark.parametrize("size", [1, 7, 10_000], ids=["bytes", "pieces", "at_once"])
def test_pipelined_requests_are_answered_in_order_however_they_arrive(shared_server: Server, size: int) -> None:
    requests = b"".join(
        STATS + f"X-Request-ID: number-{number}\r\n".encode() + (CLOSE if number == 3 else b"\r\n")
        for number in range(1, 4)
    )
    response = receive_all(shared_server, *(requests[at : at + size] for at in range(0, len(requests), size)))

    assert response.count(b"HTTP/1.1 200 OK") == 3
    assert re.findall(rb"X-Request-ID: (\S+)", response) == [b"number-1", b"number-2", b"number-3"]


@pytest.mark.real
def test_a_header_that_goes_on_in_the_next_line_is_one(shared_server: Server) -> None:
    folded = receive_all(shared_server, STATS + b"If-None-Match: abc,\r\n *\r\n" + CLOSE)

    assert head_of(folded)[0] == b"HTTP/1.1 304 Not Modified"


@pytest.mark.parametrize("value", [b"a\r\nSet-Cookie: b", b"a\nb", b"a\rb"])
def test_a_header_of_a_response_cannot_end_its_line(value: bytes) -> None:
    with pytest.raises(ValueError, match="line end"):
        response_head(b"HTTP/1.1", 200, [(b"X", value)])


def test_the_head_of_a_response_is_its_status_and_headers() -> None:
    assert (
        response_head(b"HTTP/1.0", 404, [(b"A", b"1"), (b"B", b"")]) == b"HTTP/1.0 404 Not Found\r\nA: 1\r\nB: \r\n\r\n"
    )


@pytest.mark.parametrize(
    "line", [b"Host: localhost", b"accept:*/*", b"x-a:\t a b \t", b"dnt: 1", b'ETag: W/"a"', b"X-Xss-Protection: 0"]
)
def test_a_remembered_header_is_as_twisted_reads_it(line: bytes) -> None:
    name, value = line.split(b":", 1)
    headers = Headers()
    headers.addRawHeader(name, value.strip(b" \t"))

    assert [parse_header(line)] == [(key, values[0]) for key, values in headers.getAllRawHeaders()]


@pytest.mark.parametrize(
    "line",
    [
        b"Content-Length: 3", b"transfer-encoding: chunked", b"Authorization: Token a", b"COOKIE: a=b", b"X-API-Key: a",
        b"no colon", b"X : a", b"X: a\x00b", b"X: a\x85b", b"X: \xff", b"X:", b": a", b"X_Y: a", b"X: a\x0bb", b"X: a\rb",
    ],
)  # fmt: skip
def test_a_header_that_frames_or_is_secret_or_malformed_is_not_remembered(line: bytes) -> None:
    assert parse_header(line) is None

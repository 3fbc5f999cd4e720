"""Sends one request on a new connection and waits for the response. [io: HTTP]"""

from __future__ import annotations

import http.client
import socket
import ssl
import time

from benchmarks.connections import tls, tls_failures
from benchmarks.connections.http2_exchange import MAX_BODY_BYTES, Http2Broken, Http2Exchange, Http2Response
from benchmarks.connections.target_request import NOT_IN_HTTP2, Response, TargetRequest
from benchmarks.errors import PreflightFailed
from benchmarks.generators.scenario import REQUEST_TIMEOUT_S
from benchmarks.generators.secret_headers import redact, secret_texts
from system.lib.text import printable

# As patient as the load generators: a target that passes here within their limit is not counted as failing.
TIMEOUT_S = REQUEST_TIMEOUT_S
CLOSE_S = 0.2  # a target that closes after a response does so at once
MAX_REASON_LENGTH = 300
RECV_BYTES = 65_536
RECORD_BYTES = 16 * 1024  # the largest content of a TLS record, which adds RECORD_OVERHEAD_BYTES
RECORD_OVERHEAD_BYTES = 22  # of TLS 1.3: header, content type and tag
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def send(request: TargetRequest, *, watches_connection: bool = False) -> Response:
    """Without following redirects. `watches_connection`: wait for a moment whether the target closes it. Raises
    PreflightFailed, with a sentence that says what to do."""
    if request.protocol == "h2" and (names := [name for name in request.headers if name.lower() in NOT_IN_HTTP2]):
        raise PreflightFailed(f"HTTP/2 has no header {names[0]}: leave it out, or use protocol http1.")
    try:
        with tls.connect(request.origin, TIMEOUT_S) as connection:
            if request.protocol == "h2":
                return _send_http2(request, connection)
            return _send_http1(request, connection, watches_connection=watches_connection)
    except (OSError, http.client.HTTPException, Http2Broken, ValueError) as error:
        raise failure(request, error) from error


def failure(request: TargetRequest, error: Exception) -> PreflightFailed:
    """The reason why a request got no response."""
    reason = _explain(request, error) or _describe(error)
    sentence = printable(redact(reason, secret_texts(request.headers.items())).strip()[:MAX_REASON_LENGTH]).rstrip(".")
    return PreflightFailed(f"{request.method} {request.shown_url} got no response: {sentence}.")


def _describe(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _explain(request: TargetRequest, error: Exception) -> str:
    """What to do about a failure whose cause is certain; empty for others."""
    origin = request.origin
    if isinstance(error, TimeoutError):
        return (
            f"nothing came within {TIMEOUT_S:g} s, after which load generators count a request as failed."
            " Measure something that responds sooner"
        )
    if isinstance(error, ssl.SSLError):
        return tls_failures.explain(error, origin)
    if isinstance(error, Http2Broken) and not origin.is_encrypted and not error.is_refused:
        return f"the target does not speak HTTP/2 without TLS here ({error}). Use protocol http1, or https://"
    if isinstance(error, (http.client.BadStatusLine, ConnectionError)) and not origin.is_encrypted:
        if isinstance(error, http.client.BadStatusLine) and str(error).startswith("\0\0"):  # the length of a frame
            return "the target speaks HTTP/2 without TLS here. Use protocol h2"
        if tls.speaks_tls(origin, TIMEOUT_S):
            return "the target speaks TLS here. Use https://"
    return ""


def _send_http1(request: TargetRequest, opened: socket.socket, *, watches_connection: bool) -> Response:
    connection = http.client.HTTPConnection(request.origin.address, request.origin.port, timeout=TIMEOUT_S)
    connection.sock = opened
    began_s = time.monotonic()
    connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
    for name, value in request.sent_headers.items():
        connection.putheader(name, value)
    has_length = any(name.lower() == "content-length" for name in request.headers)
    if not has_length and (request.body or request.method in ("POST", "PUT", "PATCH")):
        connection.putheader("Content-Length", str(len(request.body)))
    connection.endheaders(request.body or None)
    response = connection.getresponse()
    body = response.read(MAX_BODY_BYTES)
    seconds = time.monotonic() - began_s
    is_closed = watches_connection and not response.will_close and _is_closed(opened)
    head_bytes = len(f"HTTP/1.1 {response.status} {response.reason}\r\n\r\n")
    headers = {name.lower(): response.getheader(name) or "" for name, _ in response.getheaders()}
    size = head_bytes + sum(len(name) + len(value) + 4 for name, value in response.getheaders()) + len(body)
    return Response(
        response.status, headers, body, _with_records(size, request), seconds, response.will_close, is_closed
    )


def _with_records(size_bytes: int, request: TargetRequest) -> int:
    """The size on the wire, with the records of TLS."""
    records = -(-size_bytes // RECORD_BYTES) if request.origin.is_encrypted else 0
    return size_bytes + records * RECORD_OVERHEAD_BYTES


def _is_closed(connection: socket.socket) -> bool:
    """Whether the other end closes the connection within CLOSE_S."""
    connection.settimeout(CLOSE_S)
    try:
        return not connection.recv(1)
    except TimeoutError:
        return False
    except (ConnectionError, ssl.SSLError):  # closed at once, with data unread
        return True


def _send_http2(request: TargetRequest, connection: socket.socket) -> Response:
    """A safe request is sent twice: headers that the target repeats take few bytes from the second response on."""
    if isinstance(connection, ssl.SSLSocket) and connection.selected_alpn_protocol() != "h2":
        negotiated = connection.selected_alpn_protocol() or "no protocol"
        raise Http2Broken(f"the target negotiated {negotiated} instead of h2 (ALPN). Use protocol http1")
    exchange = Http2Exchange(request.http2_headers, request.body)
    began_s = time.monotonic()
    first = _exchange(exchange, connection)
    seconds = time.monotonic() - began_s
    size, closes = first.received_bytes, False
    if request.method in SAFE_METHODS:
        try:
            size = _exchange(exchange, connection).received_bytes
        except (OSError, Http2Broken):
            closes = True
    return Response(first.status, dict(first.headers), first.body, size, seconds, closes, False, is_http2=True)


def _exchange(exchange: Http2Exchange, connection: socket.socket) -> Http2Response:
    connection.sendall(exchange.begin())
    while exchange.response is None:
        data = connection.recv(RECV_BYTES)
        if not data and exchange.has_settings:
            raise ConnectionError("the target closed the connection")
        if not data:
            raise Http2Broken("it closed the connection")
        if reply := exchange.receive(data):
            connection.sendall(reply)
    return exchange.response

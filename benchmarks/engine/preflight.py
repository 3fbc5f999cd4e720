"""Requests the target before and after the load, to verify that it responds as expected. [io: HTTP]"""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from benchmarks.analysis.oddities import ANNOUNCES_A_BODY, CLOSES_EACH, CLOSES_SILENTLY, ENDS_BY_CLOSING
from benchmarks.engine.probe import json_keys
from benchmarks.errors import PreflightFailed
from benchmarks.generators.secret_headers import redact, secret_texts
from system.lib.text import printable

TIMEOUT_S = 5.0
CLOSE_S = 0.2  # a target that closes after a response does so at once
CODES_TO_STORE = 100
BODY_START_BYTES = 200
MAX_HEADER_LENGTH = 200
MAX_REASON_LENGTH = 300
MAX_SECRET_BYTES = 64 * 1024  # many times a header's value, which JSON, URL and HTML may write longer
MAX_BODY_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class TargetResponse:
    """`wire_bytes`: size of the whole response with status line and headers. `keys`: top-level keys of a JSON object.

    `odd`: sentences on what makes the response incomparable with those of other servers.
    """

    status: int
    content_type: str
    server: str
    date: str
    body_bytes: int
    body_sha256: str
    body_start: str
    wire_bytes: int
    keys: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetRequest:
    """One request as the generator will send it. The URL contains an IP address."""

    url: str
    method: str
    headers: Mapping[str, str]
    body: str

    @property
    def path(self) -> str:
        """Path and query."""
        parts = urlsplit(self.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")


def send_request(request: TargetRequest, *, watches_connection: bool = False) -> TargetResponse:
    """Send on a new connection, without following redirects. `watches_connection`: wait for a moment whether the target
    closes it. Raises PreflightFailed."""
    parts = urlsplit(request.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    secrets = secret_texts(request.headers.items())
    try:
        connection.request(request.method, request.path, request.body.encode() or None, dict(request.headers))
        response = connection.getresponse()
        body = response.read(MAX_BODY_BYTES)
        is_closed = watches_connection and not response.will_close and _is_closed(connection.sock)
        return _to_target_response(response, body, secrets, request.method, is_closed=is_closed)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        sentence = printable(redact(reason, secrets).strip()[:MAX_REASON_LENGTH])
        raise PreflightFailed(f"{request.method} {request.url} got no response: {sentence}.") from error
    finally:
        connection.close()


def _is_closed(connection: socket.socket) -> bool:
    """Whether the other end closes the connection within CLOSE_S."""
    connection.settimeout(CLOSE_S)
    try:
        return not connection.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return False
    except ConnectionError:  # closed at once, with data unread
        return True


def _to_target_response(
    response: http.client.HTTPResponse, body: bytes, secrets: Sequence[str], method: str, *, is_closed: bool
) -> TargetResponse:
    """A target may repeat what it was sent: the `secrets` are masked in everything that is stored or shown."""
    headers = response.getheaders()
    head = len(f"HTTP/1.1 {response.status} {response.reason}\r\n\r\n")
    return TargetResponse(
        status=response.status,
        content_type=_header(response, "Content-Type", secrets),
        server=_header(response, "Server", secrets),
        date=_header(response, "Date", secrets),
        body_bytes=len(body),
        body_sha256=hashlib.sha256(body).hexdigest(),
        body_start=_body_start(body, secrets),
        wire_bytes=head + sum(len(name) + len(value) + 4 for name, value in headers) + len(body),
        keys=json_keys(body, secrets),
        odd=tuple(_find_oddities(response, body, method, is_closed=is_closed)),
    )


def _body_start(body: bytes, secrets: Sequence[str]) -> str:
    # A credential may begin before the end of what is shown, and end behind it.
    text = redact(body[: BODY_START_BYTES + MAX_SECRET_BYTES].decode(errors="replace"), secrets)
    return text.encode()[:BODY_START_BYTES].decode(errors="replace")


def _header(response: http.client.HTTPResponse, name: str, secrets: Sequence[str]) -> str:
    """Its value, escaped where not printable; empty without it."""
    return printable(redact(response.getheader(name) or "", secrets)[:MAX_HEADER_LENGTH])


def _find_oddities(response: http.client.HTTPResponse, body: bytes, method: str, *, is_closed: bool) -> Iterator[str]:
    """As in TechEmpower's verification: a response without the usual headers is cheaper than others."""
    has_body = method != "HEAD" and response.status != HTTPStatus.NO_CONTENT
    for name in ("Content-Type", "Date") if response.status != HTTPStatus.NO_CONTENT else ("Date",):
        if response.getheader(name) is None:
            yield f"The target's response has no {name} header."
    length = response.getheader("Content-Length")
    if method == "HEAD" and length != "0" and response.status != HTTPStatus.NO_CONTENT:
        yield ANNOUNCES_A_BODY
    if has_body and length is None and response.getheader("Transfer-Encoding") is None:
        yield ENDS_BY_CLOSING
    elif response.will_close:
        yield CLOSES_EACH
    elif is_closed:
        yield CLOSES_SILENTLY
    if has_body and not body:
        yield "The target's response is empty."


def verify_and_fill(request: TargetRequest, needs: tuple[str, ...]) -> TargetResponse:
    """Sends the request once and returns the response, which must be 2xx. Raises PreflightFailed.

    For an endpoint that needs codes, an empty store is filled first, by POSTs to the target.
    """
    response = send_request(request, watches_connection=True)
    if response.status == 404 and "codes" in needs:
        _store_codes(request)
        response = send_request(request, watches_connection=True)
    if not 200 <= response.status < 300:
        hint = " It requires Redis: start one, or set up the cluster." if "redis" in needs else ""
        raise PreflightFailed(
            f"{request.method} {request.url} responds with {response.status}, not 2xx: {response.body_start!r}.{hint}"
        )
    return response


def _store_codes(request: TargetRequest) -> None:
    """Store codes through the target itself, so that reads succeed."""
    parts = urlsplit(request.url)
    headers = {**request.headers, "Content-Type": "application/json"}
    post = TargetRequest(f"{parts.scheme}://{parts.netloc}/code", "POST", headers, json.dumps({"name": "benchmark"}))
    for _ in range(CODES_TO_STORE):
        response = send_request(post)
        if response.status != 201:
            raise PreflightFailed(
                f"{request.url} has nothing to read, and POST /code responds with {response.status} instead of 201: "
                f"{response.body_start!r}. It requires Redis: start one, or set up the cluster."
            )


def has_constant_body(request: TargetRequest, first: TargetResponse) -> bool:
    """Whether the target responds with the same body again. Raises PreflightFailed."""
    return request.method in ("GET", "HEAD") and send_request(request).body_sha256 == first.body_sha256


def describe_change(before: TargetResponse, after: TargetResponse, *, same_body: bool) -> str | None:
    """A sentence if the target responds differently after the load, else None."""
    if after.status != before.status:
        return f"After the load the target responded with {after.status} instead of {before.status}."
    if after.content_type != before.content_type:
        return f"After the load the response was {after.content_type!r} instead of {before.content_type!r}."
    if same_body and after.body_sha256 != before.body_sha256:
        return "After the load the target responded with a different body."
    if after.keys != before.keys:
        return "After the load the JSON object had different keys."
    return None

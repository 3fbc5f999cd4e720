"""Requests the target before and after the load, to verify that it responds as expected. [io: HTTP]"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import urlsplit

from benchmarks.analysis.oddities import (
    ANNOUNCES_A_BODY,
    CLOSES_EACH,
    CLOSES_SILENTLY,
    COMPRESSES_UNASKED,
    ENDS_BY_CLOSING,
    ENDS_HTTP2_EACH,
)
from benchmarks.connections import exchange, refusals, tls
from benchmarks.connections.target_request import Response, TargetRequest
from benchmarks.connections.tls import TlsFacts
from benchmarks.engine.probe import json_keys
from benchmarks.errors import PreflightFailed
from benchmarks.generators.secret_headers import has_secrets, redact, secret_texts
from system.lib.text import printable

CODES_TO_STORE = 100
BODY_START_BYTES = 200
MAX_HEADER_LENGTH = 200
MAX_SECRET_BYTES = 64 * 1024  # many times a header's value, which JSON, URL and HTML may write longer
MAX_DECODED_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class TargetResponse:
    """`wire_bytes`: size of the whole response with status line and headers. `keys`: top-level keys of a JSON object.

    `odd`: sentences on what makes the response incomparable with those of other servers. `encoding`: Content-Encoding;
    the body's size and hash are those of its encoded form. `seconds`: from the request to the end of the response.
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
    encoding: str = ""
    seconds: float = 0.0


def inspect_tls(request: TargetRequest, *, insecure: bool) -> TlsFacts | None:
    """What the encrypted connection is; None without TLS. Raises PreflightFailed, also before a credential would be
    sent to a server whose certificate is not verified."""
    if not request.origin.is_encrypted:
        return None
    try:
        facts = tls.inspect(request.origin)
    except (OSError, ValueError) as error:
        raise exchange.failure(request, error) from error
    if not facts.verified and not insecure and has_secrets(request.headers):
        raise PreflightFailed(
            f"The certificate of {request.url} is not verified ({facts.reason}), so credentials are not sent to it. "
            "Trust its issuer on this machine, or run with insecure."
        )
    return facts


def send_request(request: TargetRequest, *, watches_connection: bool = False) -> TargetResponse:
    """Send on a new connection, without following redirects. `watches_connection`: wait for a moment whether the target
    closes it. Raises PreflightFailed."""
    return _described(request, exchange.send(request, watches_connection=watches_connection))


def _described(request: TargetRequest, response: Response) -> TargetResponse:
    """A target may repeat what it was sent: secrets are masked in everything that is stored or shown."""
    secrets = secret_texts(request.headers.items())
    text = _decoded(response)
    return TargetResponse(
        status=response.status,
        content_type=_header(response, "content-type", secrets),
        server=_header(response, "server", secrets),
        date=_header(response, "date", secrets),
        body_bytes=len(response.body),
        body_sha256=hashlib.sha256(response.body).hexdigest(),
        body_start=_body_start(text, secrets),
        wire_bytes=response.wire_bytes,
        keys=json_keys(text, secrets),
        odd=tuple(_find_oddities(request, response)),
        encoding=_header(response, "content-encoding", secrets),
        seconds=round(response.seconds, 3),
    )


def _decoded(response: Response) -> bytes:
    """The body without gzip or deflate; as it is with another encoding, or damaged."""
    if response.headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip", "deflate"):
        with suppress(zlib.error):  # 32: the format is found out
            return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(response.body, MAX_DECODED_BYTES)
    return response.body


def _body_start(body: bytes, secrets: Sequence[str]) -> str:
    # A credential may begin before the end of what is shown, and end behind it.
    text = redact(body[: BODY_START_BYTES + MAX_SECRET_BYTES].decode(errors="replace"), secrets)
    return text.encode()[:BODY_START_BYTES].decode(errors="replace")


def _header(response: Response, name: str, secrets: Sequence[str]) -> str:
    """Its value, escaped where not printable; empty without it."""
    return printable(redact(response.headers.get(name, ""), secrets)[:MAX_HEADER_LENGTH])


def _find_oddities(request: TargetRequest, response: Response) -> Iterator[str]:
    """As in TechEmpower's verification: a response without the usual headers is cheaper than others."""
    has_content = response.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    has_body = request.method != "HEAD" and has_content
    for name in ("Content-Type", "Date") if has_content else ("Date",):
        if name.lower() not in response.headers:
            yield f"The target's response has no {name} header."
    if not response.is_http2:
        yield from _find_oddities_of_the_end(request, response)
    elif response.closes:
        yield ENDS_HTTP2_EACH
    is_requested = any(name.lower() == "accept-encoding" for name in request.headers)
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity" and not is_requested:
        yield COMPRESSES_UNASKED
    if has_body and not response.body:
        yield "The target's response is empty."


def _find_oddities_of_the_end(request: TargetRequest, response: Response) -> Iterator[str]:
    """Of how HTTP/1.1 shows where a response ends."""
    has_content = response.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    length = response.headers.get("content-length")
    if request.method == "HEAD" and length != "0" and has_content:
        yield ANNOUNCES_A_BODY
    is_unlimited = length is None and "transfer-encoding" not in response.headers
    if request.method != "HEAD" and has_content and is_unlimited:
        yield ENDS_BY_CLOSING
    elif response.closes:
        yield CLOSES_EACH
    elif response.is_closed:
        yield CLOSES_SILENTLY


def verify_and_fill(request: TargetRequest, needs: tuple[str, ...]) -> TargetResponse:
    """Sends the request once and returns the response, which must have an expected status. Raises PreflightFailed.

    For an endpoint that needs codes, an empty store is filled first, by POSTs to the target.
    """
    response = exchange.send(request, watches_connection=True)
    if response.status == HTTPStatus.NOT_FOUND and "codes" in needs:
        _store_codes(request)
        response = exchange.send(request, watches_connection=True)
    described = _described(request, response)
    if not request.expects(response.status):
        hint = " It requires Redis: start one, or set up the cluster." if "redis" in needs else ""
        secrets = secret_texts(request.headers.items())
        raise PreflightFailed(refusals.describe(request, response, described.body_start, secrets) + hint)
    return described


def _store_codes(request: TargetRequest) -> None:
    """Store codes through the target itself, so that reads succeed."""
    parts = urlsplit(request.url)
    headers = {**request.headers, "Content-Type": "application/json"}
    body = json.dumps({"name": "benchmark"}).encode()
    url = f"{parts.scheme}://{parts.netloc}/code"
    post = replace(request, url=url, method="POST", headers=headers, body=body, expected_statuses=())
    for _ in range(CODES_TO_STORE):
        response = send_request(post)
        if response.status != 201:
            raise PreflightFailed(
                f"{request.shown_url} has nothing to read, and POST /code responds with {response.status} instead of"
                f" 201: {response.body_start!r}. It requires Redis: start one, or set up the cluster."
            )


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a response under load is compared with. `body_sha256`, `keys`: None if they differ between two responses, or
    if a second one would have an effect; `body_bytes`: the range of its size, None if anything goes."""

    body_sha256: str | None
    keys: tuple[str, ...] | None
    body_bytes: tuple[int, int] | None

    @property
    def is_changing(self) -> bool:
        """Whether the body is known to change."""
        return self.body_bytes is not None


NOTHING_EXPECTED = Expectation(None, None, None)
# A body that changes has another length, too: a counter grows, a name is longer. An error page is of another order.
SMALLEST, LARGEST = 0.5, 2.0


def learn_expectation(request: TargetRequest, first: TargetResponse) -> Expectation:
    """Sends a request that has no effect once more. Raises PreflightFailed."""
    if request.method not in ("GET", "HEAD"):
        return Expectation(None, first.keys, None)
    second = send_request(request)
    if second.body_sha256 == first.body_sha256:
        return Expectation(first.body_sha256, first.keys, None)
    sizes = (first.body_bytes, second.body_bytes)
    size_range = (int(min(sizes) * SMALLEST), int(max(sizes) * LARGEST))
    return Expectation(None, first.keys if first.keys == second.keys else None, size_range)


def describe_change(before: TargetResponse, after: TargetResponse, expected: Expectation) -> str | None:
    """A sentence if the target responds differently after the load, else None."""
    if after.status != before.status:
        return f"After the load the target responded with {after.status} instead of {before.status}."
    if after.content_type != before.content_type:
        return f"After the load the response was {after.content_type!r} instead of {before.content_type!r}."
    if expected.body_sha256 is not None and after.body_sha256 != expected.body_sha256:
        return "After the load the target responded with a different body."
    if expected.keys is not None and after.keys != expected.keys:
        return "After the load the JSON object had different keys."
    if expected.body_bytes and not expected.body_bytes[0] <= after.body_bytes <= expected.body_bytes[1]:
        return f"After the load the body had {after.body_bytes} bytes instead of {before.body_bytes}."
    return None

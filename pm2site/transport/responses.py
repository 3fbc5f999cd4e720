"""Whole responses as bytes: refusals of the transport, and the head of any other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from pm2site.errors import Refusal, error_body

_PHRASES = {status.value: status.phrase.encode() for status in HTTPStatus}
MALFORMED = Refusal(400, "bad_request", "This is not a valid HTTP request.")
HEAD_TOO_LARGE = Refusal(431, "head_too_large", "The head is larger than 16 KiB, or has more than 500 headers.")
TIMED_OUT = Refusal(408, "request_timeout", "The request did not arrive in time: 10 s for its head, 30 s for its body.")


def refusal_response(refusal: Refusal, headers: Mapping[str, str]) -> bytes:
    """A complete HTTP/1.1 response that closes the connection. `headers`: besides others, X-Request-ID."""
    body = error_body(refusal.status, refusal.code, refusal.message, headers["X-Request-ID"])
    content = json.dumps(body, separators=(",", ":")).encode()
    all_headers = [
        (b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(content)),
        (b"Cache-Control", b"no-store"), (b"Connection", b"close"),
        *((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()),
    ]  # fmt: skip
    return response_head(b"HTTP/1.1", refusal.status, all_headers) + content


def response_head(version: bytes, status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
    """Raises ValueError for a header that would end its line."""
    lines = [b"%b %d %b" % (version, status, _PHRASES[status]), *(b"%b: %b" % header for header in headers), b"", b""]
    head = b"\r\n".join(lines)
    if head.count(b"\r") != len(lines) - 1 or head.count(b"\n") != len(lines) - 1:
        raise ValueError("A header of the response contains a line end.")
    return head

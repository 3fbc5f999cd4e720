"""Refuses a request by its head: Host, Origin, target, sizes and encodings, for HTTP and WebSocket alike."""

from __future__ import annotations

import re
from urllib.parse import unquote

from django.conf import settings

from pm2site.access.origins import is_allowed_host, is_allowed_origin
from pm2site.access.request_head import RequestHead, new_head
from pm2site.errors import Refusal
from pm2site.http import cors
from pm2site.http.visit import choose_request_id

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
URL_BYTES = 8192
LIVENESS, API = "/health", "/api/"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # C0, DEL and C1, which a terminal obeys


def check_head(head: RequestHead) -> Refusal | None:
    """The reason to refuse a request; None if it is allowed."""
    is_liveness = head.path.rstrip("/") == LIVENESS and head.method in ("GET", "HEAD")
    if not is_liveness and (len(head.hosts) != 1 or not is_allowed_host(head.host)):
        subject = f"Host {head.host!r} is" if len(head.hosts) == 1 else f"{len(head.hosts)} Host headers are"
        message = f"{subject} not allowed. Add the name to API_ALLOWED_HOSTS, or use an IP address."
        return Refusal(400, "host_not_allowed", message)
    return _check_origin(head) or _check_target(head) or _check_body(head)


def _check_origin(head: RequestHead) -> Refusal | None:
    """Pages of other origins may neither act nor read below /api/: a search of the logs costs time, and on a server
    without a key a page's image is a request of this machine's user. Browsers send no Origin for images, but
    Sec-Fetch-Site (W3C Fetch Metadata); `navigate` to a `document` is a link that a person follows, and otherwise a
    frame in a foreign page.
    """
    is_api_read = head.method in ("GET", "HEAD") and head.path.startswith(API)
    if not (head.is_websocket or head.method not in SAFE_METHODS or is_api_read):
        return None
    if head.origins:
        if len(head.origins) == 1 and is_allowed_origin(head.origins[0], head.host):
            return None
        subject = f"Origin {head.origins[0]!r}"
    else:
        is_foreign = head.headers.get("sec-fetch-site", "none").lower() not in ("none", "same-origin")
        is_frame = head.headers.get("sec-fetch-dest", "document").lower() != "document"
        if not is_foreign or (head.headers.get("sec-fetch-mode", "").lower() == "navigate" and not is_frame):
            return None
        subject = "A page of another origin"
    message = f"{subject} is not allowed to {'read' if is_api_read else 'act'}. Add it to API_ALLOWED_ORIGINS."
    return Refusal(403, "origin_not_allowed", message)


def _check_target(head: RequestHead) -> Refusal | None:
    if head.target_bytes > URL_BYTES:
        return Refusal(414, "url_too_long", f"The URL is longer than {URL_BYTES} bytes.")
    if not head.path.startswith("/"):
        return Refusal(400, "bad_path", f"The target {head.path[:100]!r} is no path. Begin it with /.")
    if _CONTROL.search(head.path):
        return Refusal(400, "bad_path", "The path contains control characters.")
    return None


def _check_body(head: RequestHead) -> Refusal | None:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    length = head.headers.get("content-length", "0")
    # A number of thousands of digits is not worth converting.
    if not (length.isascii() and length.isdigit()) or len(length) > 18 or int(length) > limit:
        return Refusal.body_too_large(limit)
    encoding = head.headers.get("content-encoding", "identity").strip().lower()
    if any(one.strip() not in ("", "identity") for one in encoding.split(",")):
        message = f"Content-Encoding {encoding!r} is not supported. Send the body uncompressed."
        return Refusal(415, "unsupported_content_encoding", message)
    return None


def refusal_headers(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers of a response that refuses a request at its head: those that every response has."""
    head = new_head("", "/", _decoded(headers), "")
    request_id = choose_request_id(head.headers.get("x-request-id", ""))
    return {"X-Request-ID": request_id, **cors.response_headers(head)}


def _decoded(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def check_raw_head(method: str, target: bytes, headers: list[tuple[bytes, bytes]], peer: str) -> Refusal | None:
    """`check_head` for a head as it arrived, before its body does. `target`: path and query."""
    path = unquote(target.split(b"?", 1)[0].decode("latin-1"))
    pairs = _decoded(headers)
    is_websocket = any(name == b"upgrade" and value.lower() == b"websocket" for name, value in headers)
    head = new_head(method, path, pairs, peer, target_bytes=len(target), is_websocket=is_websocket)
    return check_head(head)

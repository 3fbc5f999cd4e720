"""Outermost ASGI wrapper for HTTP and WebSocket: checks Host, Origin and sizes before Django sees the request."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from pm2site.http import error_responses

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
URL_BYTES = 8192
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?")
_unfinished: set[asyncio.Future[None]] = set()
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    code: str
    message: str


def host_name(host: str) -> str | None:
    """The name or address in a Host header, without port and brackets; None if malformed."""
    match = _HOST.fullmatch(host)
    return match[1].strip("[]").lower().rstrip(".") if match else None


def is_allowed_host(host: str) -> bool:
    name = host_name(host)
    if name is None:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        allowed = (*settings.HOST_NAMES, *settings.API_ALLOWED_HOSTS)
        return name in {allowed_name.lower() for allowed_name in allowed}
    return True  # unlike a name, an IP address cannot be rebound to another machine (DNS rebinding)


def is_allowed_origin(origin: str, host: str) -> bool:
    """True for our own pages and for exact entries of API_ALLOWED_ORIGINS."""
    if origin in settings.API_ALLOWED_ORIGINS:
        return True
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower() and not parts.path


def check_request(scope: Scope) -> Refusal | None:
    """The reason to refuse a request; None if it is allowed."""
    values: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    hosts, origins = values.get("host", []), values.get("origin", [])
    if len(hosts) != 1 or not is_allowed_host(hosts[0]):
        subject = f"Host {hosts[0]!r} is" if len(hosts) == 1 else f"{len(hosts)} Host headers are"
        message = f"{subject} not allowed. Add the name to API_ALLOWED_HOSTS, or use an IP address."
        return Refusal(400, "host_not_allowed", message)
    is_unsafe = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
    if is_unsafe and origins and not (len(origins) == 1 and is_allowed_origin(origins[0], hosts[0])):
        message = f"Origin {origins[0]!r} is not allowed to act. Add it to API_ALLOWED_ORIGINS."
        return Refusal(403, "origin_not_allowed", message)
    if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > URL_BYTES:
        return Refusal(414, "url_too_long", f"The URL is longer than {URL_BYTES} bytes.")
    if _CONTROL.search(scope["path"]):
        return Refusal(400, "bad_path", "The path contains control characters.")
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    length = values.get("content-length", ["0"])[0]
    if not length.isdigit() or int(length) > limit:
        return body_too_large()
    return None


def body_too_large() -> Refusal:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024
    return Refusal(413, "body_too_large", f"The body is larger than {limit} KiB.")


class RequestChecks:
    """Wraps an ASGI application, which never sees a refused request."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = check_request(scope)
        is_unsafe = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        if refusal is None and is_unsafe:
            body, refusal = await read_body(receive)
            scope, receive = with_body(scope, receive, body)
        if refusal is None and is_unsafe:
            await shielded(self.application(scope, receive, send))
        elif refusal is None:
            await self.application(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})  # before accept: daphne answers 403
        else:
            await send_refusal(send, refusal)


async def shielded(work: Awaitable[None]) -> None:
    """Runs `work` to completion even if the client disconnects: no action stops half-way or goes unrecorded."""
    task = asyncio.ensure_future(work)
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
    await asyncio.shield(task)


async def read_body(receive: Receive) -> tuple[bytes, Refusal | None]:
    """Reads the whole body, up to the limit."""
    body, has_more = bytearray(), True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"", Refusal(400, "bad_request", "The body is shorter than its Content-Length.")
        body += message.get("body", b"")
        has_more = message.get("more_body", False)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return b"", body_too_large()
    return bytes(body), None


def with_body(scope: Scope, receive: Receive, body: bytes) -> tuple[Scope, Receive]:
    """The request with a body that has been read: `receive` replays it whole and hides the client's disconnect.

    The scope says how long it is, however the client framed it: REST framework takes a request without Content-Length,
    such as a chunked one, for one without a body.
    """
    framing = (b"content-length", b"transfer-encoding")
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in framing]
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Mapping[str, Any]:
        return pending.pop() if pending else await asyncio.get_running_loop().create_future()

    return {**scope, "headers": [*headers, (b"content-length", b"%d" % len(body))]}, replay


async def send_refusal(send: Send, refusal: Refusal) -> None:
    body = error_responses.error_body(refusal.status, refusal.code, refusal.message, uuid.uuid4().hex[:16])
    content = json.dumps(body, separators=(",", ":")).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(content)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})

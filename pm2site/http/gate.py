"""The outermost wall, for HTTP and WebSocket alike: Host, Origin, sizes."""

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

from pm2site.http import problems

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE = ("GET", "HEAD", "OPTIONS")
URL_BYTES = 8192
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?")
_under_way: set[asyncio.Future[None]] = set()
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    code: str
    message: str


def host_name(host: str) -> str | None:
    """The name or address of a Host header, without port and brackets; None for one that is malformed."""
    match = _HOST.fullmatch(host)
    return match[1].strip("[]").lower().rstrip(".") if match else None


def is_allowed_host(host: str) -> bool:
    name = host_name(host)
    if name is None:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        known = (*settings.HOST_NAMES, *settings.API_ALLOWED_HOSTS)
        return name in {each.lower() for each in known}
    return True  # an address cannot be bound to another machine behind our back, as a name can


def is_allowed_origin(origin: str, host: str) -> bool:
    """Our own pages, and those of API_ALLOWED_ORIGINS, compared whole."""
    if origin in settings.API_ALLOWED_ORIGINS:
        return True
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower() and not parts.path


def refusal(scope: Scope) -> Refusal | None:
    """Why a request may not come in; None when it may."""
    values: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    hosts, origins = values.get("host", []), values.get("origin", [])
    if len(hosts) != 1 or not is_allowed_host(hosts[0]):
        said = f"Host {hosts[0]!r}" if len(hosts) == 1 else f"{len(hosts)} Host headers"
        message = f"{said} is not served here. Name it in API_ALLOWED_HOSTS, or use an IP address."
        return Refusal(400, "host_not_allowed", message)
    is_unsafe = scope["type"] == "websocket" or scope["method"] not in SAFE
    if is_unsafe and origins and not (len(origins) == 1 and is_allowed_origin(origins[0], hosts[0])):
        message = f"Origin {origins[0]!r} may not act here. Name it in API_ALLOWED_ORIGINS."
        return Refusal(403, "origin_not_allowed", message)
    if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > URL_BYTES:
        return Refusal(414, "url_too_long", f"The URL is longer than {URL_BYTES} bytes.")
    if _CONTROL.search(scope["path"]):
        return Refusal(400, "bad_path", "The path has control characters.")
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    length = values.get("content-length", ["0"])[0]
    if not length.isdigit() or int(length) > limit:
        return too_large()
    return None


def too_large() -> Refusal:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024
    return Refusal(413, "body_too_large", f"The body is larger than {limit} KiB.")


class Gate:
    """Wraps an ASGI application; nothing behind it sees a request that it refuses."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = refusal(scope)
        acts = scope["type"] == "http" and scope["method"] not in SAFE
        if refused is None and acts:
            receive, refused = await bounded(receive)
        if refused is None and acts:
            await carried_out(self.application(scope, receive, send))
        elif refused is None:
            await self.application(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})  # before accept: daphne answers 403
        else:
            await answer(send, refused)


async def carried_out(work: Awaitable[None]) -> None:
    """To its end, though whoever asked may have gone: half an action would be worse, and none may go unrecorded."""
    task = asyncio.ensure_future(work)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    await asyncio.shield(task)


async def bounded(receive: Receive) -> tuple[Receive, Refusal | None]:
    """Read the body here, up to the limit; whoever reads next gets it whole, and does not hear that the client left."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return receive, Refusal(400, "bad_request", "The body ended before its length.")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return receive, too_large()
    pending = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def replay() -> Mapping[str, Any]:
        return pending.pop() if pending else await asyncio.get_running_loop().create_future()

    return replay, None


async def answer(send: Send, refused: Refusal) -> None:
    shape = problems.body(refused.status, refused.code, refused.message, uuid.uuid4().hex[:16])
    content = json.dumps(shape, separators=(",", ":")).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(content)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})

"""Every HTTP request: checks, identity, access, then the newest sample or Django, and a log line at the end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any, Protocol

import structlog
from django.conf import settings

from pm2site.access import auth, permissions
from pm2site.access.request_head import head_of_scope
from pm2site.errors import CredentialMissing, Refusal, ServerStopping, error_body
from pm2site.http import cors, error_responses
from pm2site.http.django_bridge import DjangoBridge, cancel_views, pools, run_query
from pm2site.http.request_checks import SAFE_METHODS, check_head
from pm2site.http.request_log import RequestLog
from pm2site.http.visit import Visit, new_visit
from pm2site.transport.asgi_types import Receive, Scope, Send
from pm2site.transport.connection_probe import respond_at_once
from system.database import long_work

log = structlog.get_logger("pm2site.http")

FINISH_S = 3.0  # at shutdown, for requests that run
CANCEL_S = 4.0  # for what they undo when they are cancelled
request_log = RequestLog()


class HotReads(Protocol):
    """Reads that need no view: `live.hot_reads`."""

    def __contains__(self, path: str) -> bool: ...

    async def respond(self, path: str, if_none_match: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body."""

    def expire(self) -> None:
        """What was sampled so far is no longer current."""


class _Response:
    """The response to one request: adds the headers that every response has, and keeps the status for the log."""

    def __init__(self, visit: Visit, send: Send) -> None:
        self.visit, self._send, self.status = visit, send, 0

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": self._with_common(list(message.get("headers", ())))}
        await self._send(message)

    def _with_common(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        present = {name.lower() for name, _ in headers}
        common = {"X-Request-ID": self.visit.request_id, **cors.response_headers(self.visit.head)}
        added = ((name.encode(), value.encode("latin-1")) for name, value in common.items())
        return headers + [(name, value) for name, value in added if name == b"Vary" or name.lower() not in present]

    async def send_whole(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        if status not in (204, 304):
            pairs.append((b"Content-Length", b"%d" % len(body)))
        pairs, self.status = self._with_common(pairs), status
        if not respond_at_once(self.visit.head.connection, status, pairs, body):
            await self._send({"type": "http.response.start", "status": status, "headers": pairs})
            await self._send({"type": "http.response.body", "body": body})

    async def send_json(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        content = json.dumps(body, separators=(",", ":")).encode()
        await self.send_whole(
            status, {"Content-Type": "application/json", "Cache-Control": "no-store", **headers}, content
        )

    async def refuse(self, refusal: Refusal) -> None:
        body = error_body(refusal.status, refusal.code, refusal.message, self.visit.request_id)
        await self.send_json(refusal.status, body, {})

    async def fail(self, error: Exception) -> None:
        """The error as a response; raises it if a response has begun, so that transport cuts it."""
        if self.status:
            visit = self.visit
            log.error("response is cut", path=visit.path, request_id=visit.request_id, error=str(error))
            raise error
        if isinstance(error, CredentialMissing) and self.visit.is_page_view:
            await self.send_whole(302, {"Location": self.visit.login_url}, b"")
            return
        status, body, headers = error_responses.describe(self.visit, self.visit.path, error)
        await self.send_json(status, body, headers)


class Gateway:
    """The ASGI application for HTTP."""

    def __init__(self, hot_reads: HotReads) -> None:
        self.django, self.hot_reads = DjangoBridge(), hot_reads
        self._running = 0
        self._is_stopping = False

    async def stop(self) -> None:
        """Refuses new requests and waits for those that run; after `FINISH_S` cancels what they wait for."""
        self._is_stopping = True
        long_work.end_long_work()
        await self._wait_until_idle(FINISH_S)
        if self._running:
            log.warning("requests are cancelled", running=self._running)
            cancel_views()
            await self._wait_until_idle(CANCEL_S)
        request_log.flush()
        for pool in pools().all():
            pool.stop()

    async def _wait_until_idle(self, timeout_s: float) -> None:
        deadline_s = time.monotonic() + timeout_s
        while self._running and time.monotonic() < deadline_s:  # noqa: ASYNC110 - they end one by one
            await asyncio.sleep(0.02)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._running += 1
        try:
            await self._serve(scope, receive, send)
        finally:
            self._running -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_s = time.monotonic()
        visit = new_visit(head_of_scope(scope))
        response = _Response(visit, send)
        try:
            await self._respond(scope, receive, response)
        except asyncio.CancelledError:
            await response.fail(ServerStopping())
        except Exception as error:  # noqa: BLE001 - every error becomes a response, or cuts one
            await response.fail(error)
        finally:
            is_hot = self._is_hot(response.visit)
            request_log.write(response.visit, response.status, started_s, is_hot=is_hot)

    def _is_hot(self, visit: Visit) -> bool:
        return visit.head.method in ("GET", "HEAD") and not visit.head.query and visit.path in self.hot_reads

    async def _respond(self, scope: Scope, receive: Receive, response: _Response) -> None:
        head = response.visit.head
        if self._is_stopping:
            raise ServerStopping
        refusal = check_head(head)
        if refusal is not None:
            await response.refuse(refusal)
            return
        if cors.is_preflight(head):
            await response.send_whole(204, cors.preflight_headers(), b"")
            return
        response.visit = visit = await _identified(response.visit)
        visit.check_access()
        if self._is_hot(visit):
            etag = head.headers.get("if-none-match", "")
            await response.send_whole(*await self.hot_reads.respond(visit.path, etag))
        elif head.method in SAFE_METHODS:
            await self.django.respond(scope, b"", visit, receive, response.send)
        else:
            await self._act(scope, receive, response)

    async def _act(self, scope: Scope, receive: Receive, response: _Response) -> None:
        body, refusal = await read_body(receive)
        if refusal is not None:
            await response.refuse(refusal)
            return
        try:
            await self.django.respond(with_length(scope, body), body, response.visit, receive, response.send)
        finally:
            self.hot_reads.expire()


async def _identified(visit: Visit) -> Visit:
    if permissions.is_open(visit.head.method, visit.path) and visit.path not in permissions.LOGIN_PATHS:
        return visit
    if not auth.needs_database(visit.head):
        return visit.identified()
    return await run_query(visit.identified)


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
            return b"", Refusal.body_too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    return bytes(body), None


def with_length(scope: Scope, body: bytes) -> Scope:
    """The scope with the length of its body, however the client framed it: REST framework takes a request without
    Content-Length, such as a chunked one, for one without a body."""
    framing = (b"content-length", b"transfer-encoding")
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in framing]
    return {**scope, "headers": [*headers, (b"content-length", b"%d" % len(body))]}

"""Runs Django for an ASGI request by one hop to a pooled thread.

Django's own ASGI handler starts a thread for each request and switches between it and the event loop several times; it
cost 5 ms a request (Django 5.2, two cores), whatever the view did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO
from typing import Any, ParamSpec, TypeVar

from django.core import signals
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from pm2site.access.permissions import LOGIN_PATHS
from pm2site.http.pools import Pool, Pools
from pm2site.http.request_checks import SAFE_METHODS
from pm2site.http.visit import SCOPE_KEY, Visit
from pm2site.transport.asgi_types import Receive, Scope, Send
from system.lib.per_loop import PerLoop

P = ParamSpec("P")
T = TypeVar("T")
_pools: PerLoop[Pools] = PerLoop()


def pools() -> Pools:
    """The running loop's pools, created by the first call."""
    return _pools.get() or _pools.set(Pools())


async def run_query(query: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs a function that reads the database, outside a view, on a pooled thread. Raises ServerBusy."""

    def run() -> T:
        close_old_connections()
        return query(*args, **kwargs)

    return await pools().reads.run(run)


def cancel_views() -> None:
    """Cancels the coroutines that views wait for on the running loop; the views respond that the server stops."""
    for task in asyncio.all_tasks():
        if getattr(task.get_coro(), "__qualname__", "") == "AsyncToSync.main_wrap":
            task.cancel()


class DjangoBridge(BaseHandler):
    """Django's middlewares and views as a coroutine."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware(is_async=False)

    async def respond(self, scope: Scope, body: bytes, visit: Visit, receive: Receive, send: Send) -> None:
        """Sends Django's response. Raises ServerBusy, and whatever interrupts a response that has begun."""
        response = await _pool_for(visit).run(self._run_django, _django_scope(scope, visit), body)
        head = {"type": "http.response.start", "status": response.status_code, "headers": _headers(response)}
        if not response.streaming:
            await send(head)
            await send({"type": "http.response.body", "body": response.content})  # type: ignore[attr-defined]
            return
        client = _Client(receive, send)
        try:
            if getattr(response, "is_async", False):
                await _send_async_stream(response, head, client)
            else:
                await pools().streams.run(_send_stream, response, head, client, asyncio.get_running_loop())
        except ClientGone:
            return
        finally:
            client.stop_watching()

    def _run_django(self, scope: Scope, body: bytes) -> HttpResponseBase:
        set_script_prefix("/")
        signals.request_started.send(sender=self.__class__, scope=scope)
        request: HttpRequest = ASGIRequest(scope, BytesIO(body))
        response = self.get_response(request)
        response._handler_class = self.__class__  # type: ignore[attr-defined]
        if not response.streaming:
            response.close()  # ends with the signal `request_finished`, in the thread whose connections it concerns
        return response


def _pool_for(visit: Visit) -> Pool:
    if visit.head.method in SAFE_METHODS:
        return pools().reads
    return pools().logins if visit.path.rstrip("/") in LOGIN_PATHS else pools().actions


def _django_scope(scope: Scope, visit: Visit) -> Scope:
    """What Django sees: the client as it is known behind trusted proxies."""
    head = visit.head
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"host"]
    return {
        **scope,
        "headers": [*headers, (b"host", (head.host or "localhost").encode("latin-1"))],
        "scheme": head.scheme,
        "client": [head.address, head.client[1] if head.client else 0],
        SCOPE_KEY: visit,
    }


def _headers(response: HttpResponseBase) -> list[tuple[bytes, bytes]]:
    cookies = ((b"Set-Cookie", cookie.OutputString().encode()) for cookie in response.cookies.values())
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()] + list(cookies)


class ClientGone(Exception):
    """The client of a stream has disconnected."""


class _Client:
    """The receiver of a stream: `send` raises ClientGone once it has disconnected, so that the stream ends."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._is_gone = False
        self._watch = asyncio.create_task(self._wait_for_disconnect(), name="wait for disconnect")

    async def _wait_for_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._is_gone = True

    async def send(self, message: dict[str, Any]) -> None:
        if self._is_gone:
            raise ClientGone
        await self._send(message)

    def stop_watching(self) -> None:
        self._watch.cancel()


def _send_stream(response: Any, head: dict[str, Any], client: _Client, loop: asyncio.AbstractEventLoop) -> None:
    """Sends the chunks of a synchronous iterator from this thread, waiting for each to be accepted."""

    def deliver(message: dict[str, Any]) -> None:
        asyncio.run_coroutine_threadsafe(client.send(message), loop).result()

    try:
        deliver(head)
        for chunk in response:
            deliver({"type": "http.response.body", "body": chunk, "more_body": True})
        deliver({"type": "http.response.body", "body": b""})
    finally:
        response.close()


async def _send_async_stream(response: Any, head: dict[str, Any], client: _Client) -> None:
    try:
        await client.send(head)
        async for chunk in response:
            await client.send({"type": "http.response.body", "body": chunk, "more_body": True})
        await client.send({"type": "http.response.body", "body": b""})
    finally:
        await pools().streams.run(response.close)

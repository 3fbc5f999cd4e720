"""daphne internals: detects slow WebSocket clients, and hooks into shutdown."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from pm2site.http.request_checks import Application, Receive, Scope, Send

TRANSPORT_KEY = "pm2site.transport"


class WriteBufferProbe:
    """Adds the transport to a WebSocket's scope. Must be outermost: daphne's `send` is
    `partial(Server.handle_reply, protocol)`.

    Twisted sets `transport.producerPaused` above 64 KiB of unsent bytes and clears it once they are sent.
    Other servers' `send` applies back-pressure itself; the scope then has no transport.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        protocol = send.args[0] if isinstance(send, functools.partial) and send.args else None
        transport = getattr(protocol, "transport", None)
        if hasattr(transport, "producerPaused"):
            scope = {**scope, TRANSPORT_KEY: transport}
        await self.application(scope, receive, send)


def is_blocked(scope: Scope) -> bool:
    """Whether the client's unsent bytes exceed its transport's buffer limit."""
    transport: Any = scope.get(TRANSPORT_KEY)
    return bool(transport is not None and transport.producerPaused)


def run_at_shutdown(work: Callable[[], Awaitable[None]]) -> None:
    """Runs `work` before daphne's reactor stops; does nothing if no reactor is running.

    daphne 4.2.3 would cancel its applications then, but stops at the first connection without one, and no
    upgraded request has one (server.py, kill_all_applications).
    """
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    if reactor is None or not reactor.running:
        return
    from twisted.internet.defer import Deferred

    reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromFuture(asyncio.ensure_future(work())))

"""What we have to know of daphne: whether a client reads, and how its sockets are told that the server ends."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from pm2site.http.gate import Application, Receive, Scope, Send

TRANSPORT = "pm2site.transport"


class WriteBufferProbe:
    """Outermost around the sockets: daphne's `send` is `partial(Server.handle_reply, protocol)`.

    Twisted sets `transport.producerPaused` above 64 KiB of unsent bytes and clears it once they are gone.
    Another server's `send` waits by itself, and the scope then carries no transport.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        protocol = send.args[0] if isinstance(send, functools.partial) and send.args else None
        transport = getattr(protocol, "transport", None)
        if hasattr(transport, "producerPaused"):
            scope = {**scope, TRANSPORT: transport}
        await self.application(scope, receive, send)


def is_blocked(scope: Scope) -> bool:
    """Whether the client has more unsent bytes than its transport wants to hold."""
    transport: Any = scope.get(TRANSPORT)
    return bool(transport is not None and transport.producerPaused)


def at_shutdown(work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` before daphne's reactor stops; nothing where no reactor runs.

    daphne 4.2.3 means to cancel its applications then, and stops at the first connection that never had one,
    as every upgraded request has not (server.py, kill_all_applications).
    """
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    if reactor is None or not reactor.running:
        return
    from twisted.internet.defer import Deferred

    reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromFuture(asyncio.ensure_future(work())))

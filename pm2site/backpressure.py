"""What we have to know of daphne: whether a client reads, and how its sockets are told that the server ends."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

from pm2site.gate import Application, Receive, Scope, Send
from pm2site.sockets import sockets

TRANSPORT = "pm2site.transport"


class WriteBufferProbe:
    """Outermost around the sockets: daphne's `send` is `partial(Server.handle_reply, protocol)`.

    Twisted sets `transport.producerPaused` above 64 KiB of unsent bytes and clears it once they are gone.
    Another server's `send` waits by itself, and the scope then carries no transport.
    """

    def __init__(self, application: Application) -> None:
        self.application = application
        self.says_goodbye = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        protocol = send.args[0] if isinstance(send, functools.partial) and send.args else None
        transport = getattr(protocol, "transport", None)
        if hasattr(transport, "producerPaused"):
            scope = {**scope, TRANSPORT: transport}
            if not self.says_goodbye:
                self.says_goodbye = True
                say_goodbye_at_shutdown()
        await self.application(scope, receive, send)


def is_blocked(scope: Scope) -> bool:
    """Whether the client has more unsent bytes than its transport wants to hold."""
    transport: Any = scope.get(TRANSPORT)
    return bool(transport is not None and transport.producerPaused)


def say_goodbye_at_shutdown() -> None:
    """Close the sockets with 4503 before the reactor stops.

    daphne 4.2.3 means to cancel its applications then, and stops at the first connection that never had one,
    as every upgraded request has not (server.py, kill_all_applications).
    """
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    def goodbye() -> Any:
        return Deferred.fromFuture(asyncio.ensure_future(sockets.shut_down()))

    reactor.addSystemEventTrigger("before", "shutdown", goodbye)  # type: ignore[attr-defined, arg-type, unused-ignore]

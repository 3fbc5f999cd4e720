"""What an application may know of its connection: whether the client reads, and facts kept per connection."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pm2site.transport.asgi_types import Application, Receive, Scope, Send

CONNECTION_KEY = "pm2site.connection"


@dataclass(eq=False, slots=True)
class Connection:
    """One TCP connection. `is_own_user`: whether its other end belongs to the server's user; None until asked."""

    transport: Any = None
    protocol: Any = None
    is_own_user: bool | None = None


class ConnectionProbe:
    """Adds the `Connection` to the scope. Must be outermost: daphne's `send` is a partial of the protocol.

    Cuts the response of an application that fails, at once instead of at daphne's next check. Under other servers the
    scope gets an empty connection; their `send` applies back-pressure itself.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        protocol = send.args[0] if isinstance(send, functools.partial) and send.args else None
        scope = {**scope, CONNECTION_KEY: _connection_of(protocol)}
        try:
            await self.application(scope, receive, send)
            if ended := getattr(protocol, "application_ended", None):
                ended()
        except Exception as error:
            fail = getattr(protocol, "handle_exception", None)
            if scope["type"] == "http" and fail is not None:
                fail(error)
            raise


def _connection_of(protocol: Any) -> Connection:
    """The connection of a request or WebSocket; requests that follow each other on one connection share it."""
    transport = getattr(getattr(protocol, "channel", None) or protocol, "transport", None)
    if transport is None:
        return Connection()
    connection = getattr(transport, "pm2site_connection", None)
    if connection is None:
        connection = transport.pm2site_connection = Connection(transport)
    connection.protocol = protocol
    return connection


def respond_at_once(connection: Connection, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bool:
    """Sends a complete response, if the server can do it in one step; False if it takes ASGI's messages only.
    `headers`: with Content-Length."""
    respond = getattr(connection.protocol, "respond", None)
    if respond is None:
        return False
    respond(status, headers, body)
    return True


def is_blocked(scope: Scope) -> bool:
    """Whether the client's unsent bytes exceed 64 KiB, Twisted's limit."""
    connection: Connection | None = scope.get(CONNECTION_KEY)
    return bool(connection and getattr(connection.transport, "producerPaused", False))


def admit_client(scope: Scope) -> None:
    """A WebSocket client is authenticated: it may send messages of the usual size, and keeps its connection."""
    connection: Connection | None = scope.get(CONNECTION_KEY)
    admit = getattr(connection.protocol, "admit_client", None) if connection else None
    if admit is not None:  # else daphne runs without our limits
        admit()


def run_at_shutdown(work: Callable[[], Awaitable[None]]) -> None:
    """Runs `work` before daphne's reactor stops; does nothing if no reactor is running."""
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    if reactor is None or not reactor.running:
        return
    from twisted.internet.defer import Deferred

    reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromFuture(asyncio.ensure_future(work())))

"""Installs our limits into daphne. It is the only place that changes daphne's classes.

`daphne.server.Server` makes its factories from names in its module, so replacing these names is enough for every way to
start it: `serve`, `runserver` and `daphne pm2site.asgi:application`, which all import the application before they run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import daphne.http_protocol
import daphne.server
import daphne.ws_protocol
import structlog
from twisted.internet import reactor, tcp

from pm2site.errors import Refusal
from pm2site.transport.connections import ConnectionTable, accepts_per_turn, raise_descriptor_limit
from pm2site.transport.handshakes import HandshakeQueue
from pm2site.transport.http_channel import LimitedChannel
from pm2site.transport.http_request import LimitedRequest
from pm2site.transport.websocket import MESSAGE_BYTES, LimitedWebSocket

log = structlog.get_logger("pm2site.transport")

Headers = list[tuple[bytes, bytes]]
CheckHead = Callable[[str, bytes, Headers, str], Refusal | None]
BACKLOG = 4096  # connections that wait to be accepted; a SYN above Twisted's 50 is repeated by its client after 1 s
_is_installed = False


class _MonotonicTime:
    """Replaces the module `time` in daphne, which measures durations with the wall clock."""

    time = staticmethod(time.monotonic)


class LimitedHTTPFactory(daphne.http_protocol.HTTPFactory):  # type: ignore[misc]
    protocol = LimitedChannel
    connections: ConnectionTable
    request_class: type[LimitedRequest]

    def buildProtocol(self, addr: Any) -> LimitedChannel | None:
        address = str(getattr(addr, "host", ""))
        if not self.connections.admit(address):
            return None  # Twisted closes the connection
        channel: LimitedChannel = super().buildProtocol(addr)
        channel.requestFactory = self.request_class
        channel.connections, channel.address = self.connections, address
        return channel

    def log(self, request: Any) -> None:
        """Twisted formats a line for every request, for a log that nobody reads: the gateway writes ours."""


class LimitedWebSocketFactory(daphne.ws_protocol.WebSocketFactory):  # type: ignore[misc]
    protocol = LimitedWebSocket
    connections: ConnectionTable

    def setProtocolOptions(self, **options: Any) -> None:
        sizes = {"maxMessagePayloadSize": MESSAGE_BYTES, "maxFramePayloadSize": 0}  # LimitedWebSocket limits frames
        super().setProtocolOptions(**(options | sizes))

    def buildProtocol(self, addr: Any) -> LimitedWebSocket:
        """The WebSocket takes over the TCP connection, and with it the place in the table, of an HTTP channel."""
        socket: LimitedWebSocket = super().buildProtocol(addr)
        socket.connections = self.connections
        return socket


def install(check_head: CheckHead, refusal_headers: Callable[[Headers], dict[str, str]], max_body_bytes: int) -> None:
    """Makes every daphne server of this process use the limits. Calls after the first do nothing."""
    global _is_installed
    if _is_installed:
        return
    _is_installed = True
    connections = ConnectionTable(raise_descriptor_limit())
    attributes = {
        "check_head": staticmethod(check_head), "refusal_headers": staticmethod(refusal_headers),
        "max_body_bytes": max_body_bytes, "handshakes": HandshakeQueue(),
    }  # fmt: skip
    request_class = type("LimitedRequest", (LimitedRequest,), attributes)
    LimitedHTTPFactory.connections = LimitedWebSocketFactory.connections = connections
    LimitedHTTPFactory.request_class = request_class
    daphne.server.HTTPFactory = LimitedHTTPFactory
    daphne.server.WebSocketFactory = LimitedWebSocketFactory
    for module in (daphne.server, daphne.http_protocol, daphne.ws_protocol):
        module.time = _MonotonicTime
    daphne.server.serverFromString = _with_backlog(daphne.server.serverFromString)
    accepts = accepts_per_turn()
    tcp.Port.numberAccepts = property(lambda port: accepts, lambda port, value: None)
    server = daphne.server.Server
    server.handle_reply = _with_back_pressure(server.handle_reply)
    server.application_checker = _supervised(server.application_checker, 1)
    server.timeout_checker = _supervised(server.timeout_checker, 2)
    server.kill_all_applications = _cancel_nothing


def _with_backlog(server_from_string: Any) -> Any:
    def listen(reactor: Any, description: str) -> Any:
        is_plain = description.startswith(("tcp:", "unix:")) and "backlog=" not in description
        return server_from_string(reactor, f"{description}:backlog={BACKLOG}" if is_plain else description)

    return listen


def _with_back_pressure(handle_reply: Any) -> Any:
    async def handle(self: Any, protocol: Any, message: Any) -> None:
        await handle_reply(self, protocol, message)
        wait = getattr(protocol, "wait_until_writable", None)
        if wait is not None:
            await wait()

    return handle


def _supervised(check: Any, interval_s: float) -> Any:
    """daphne's checker schedules itself at its end, so one exception would end the check of all connections."""

    def checked(self: Any) -> None:
        try:
            check(self)
        except Exception:
            log.exception("check of connections failed", check=check.__name__)
            reactor.callLater(interval_s, partial(checked, self))

    return checked


def _cancel_nothing(self: Any) -> None:
    """daphne would cancel all applications at once. `lifetime.stop` ends them: requests first finish what they do."""

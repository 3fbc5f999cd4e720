"""One WebSocket under daphne: every frame counts against the client's rate, and messages are bounded."""

from __future__ import annotations

import time
from typing import Any

from daphne import ws_protocol

from pm2site.transport.connections import ConnectionTable
from pm2site.transport.rate_limiter import RateLimiter

UNKNOWN_MESSAGE_BYTES = 8 * 1024  # before authentication
FRAME_BYTES = 256 * 1024  # afterwards; above messages.MESSAGE_BYTES the consumer responds with an error
MESSAGE_BYTES = 4 * 2**20  # autobahn applies it to sent messages too: a list of 200 processes has 90 KB
FLOOD = "websocket.flood"  # our own ASGI message: the client exceeded a limit, and is no longer read


class LimitedWebSocket(ws_protocol.WebSocketProtocol):  # type: ignore[misc]
    """`connections` is set by the factory. Before its client is known, and once it is being closed, a socket makes room
    for new connections."""

    connections: ConnectionTable
    is_known = False
    _is_flooding = False

    def connectionMade(self) -> None:
        self._limiter = RateLimiter()
        super().connectionMade()
        self.connections.start_waiting(self.transport)

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        self.connections.remove(self.transport)

    def admit_client(self) -> None:
        """The client is authenticated: its socket stays, and its messages may have the usual size."""
        self.is_known = True
        self.connections.stop_waiting(self.transport)

    def sendClose(self, *arguments: Any, **options: Any) -> None:
        super().sendClose(*arguments, **options)
        self.connections.start_closing(self.transport)

    def processData(self) -> bool:
        if self._is_flooding:
            self.data = b""
            return False
        return bool(super().processData())

    def onFrameBegin(self) -> None:
        if not self._limiter.allow(time.monotonic()):
            self._stop_reading("flooding")
        super().onFrameBegin()

    def onMessageFrameBegin(self, length: int) -> None:
        limit = FRAME_BYTES if self.is_known else UNKNOWN_MESSAGE_BYTES
        if self.message_data_total_length + length > limit:
            self._stop_reading("message_too_large")
            length = 0  # nothing of it is kept, and autobahn must not drop the connection before the close frame
        super().onMessageFrameBegin(length)

    def sendPong(self, payload: bytes | None = None) -> None:
        if not self.transport.producerPaused:  # a client that does not read must not make us buffer
            super().sendPong(payload)

    def _stop_reading(self, reason: str) -> None:
        if self._is_flooding:
            return
        self._is_flooding = True
        self.transport.pauseProducing()
        queue = getattr(self, "application_queue", None)
        if queue is None:
            self.transport.abortConnection()
        else:
            queue.put_nowait({"type": FLOOD, "reason": reason})

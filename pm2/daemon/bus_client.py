"""The socket of PM2's bus, `pub.sock`: subscribes, decodes what the daemon publishes, and calls back. [io: pub.sock]

Frames come from `amp`, their values from `bus_events`. A subscriber that stops reading kills the daemon: it buffers
unread messages in its own memory, without a limit, until it runs out. So everything is read at once; excess log lines
are counted and dropped on our side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from pm2.daemon import amp, bus_events, daemon_process
from pm2.daemon.bus_events import Event
from pm2.daemon.socket_path import socket_path
from pm2.errors import ProtocolError

LOG_BYTES_PER_SECOND = 2 * 2**20  # about 20,000 lines a second: more than anyone reads
LOG_BURST_BYTES = 4 * 2**20


class BusConnection(asyncio.Protocol):
    """Calls `on_event` with each event and `on_dropped` with the number of log lines over the budget. Neither may
    block. `closed` completes when the connection is lost."""

    def __init__(self, on_event: Callable[[Event], None], on_dropped: Callable[[int], None]) -> None:
        self._on_event, self._on_dropped = on_event, on_dropped
        self._decoder = amp.Decoder()
        self._budget_bytes, self._refilled_s = float(LOG_BURST_BYTES), 0.0
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            for arguments in self._decoder.feed_raw(data):
                if len(arguments) == 2:
                    self._handle_message(*arguments)
        except ProtocolError:
            self.close()

    def _handle_message(self, topic: bytes, payload: bytes) -> None:
        if topic in bus_events.LOG_TOPICS and not self._is_within_budget(len(payload)):
            self._on_dropped(max(1, payload.count(b"\\n")))  # a newline, escaped in JSON
        elif topic in SUBSCRIBED_TOPICS:
            event = bus_events.parse_event(topic, amp.decode_argument(payload))
            if event is not None:
                self._on_event(event)

    def _is_within_budget(self, size: int) -> bool:
        now = asyncio.get_running_loop().time()
        self._budget_bytes = min(LOG_BURST_BYTES, self._budget_bytes + (now - self._refilled_s) * LOG_BYTES_PER_SECOND)
        self._refilled_s = now
        if self._budget_bytes < size:
            return False
        self._budget_bytes -= size
        return True

    def connection_lost(self, error: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def close(self) -> None:
        if self._transport:
            self._transport.close()


SUBSCRIBED_TOPICS = frozenset({*bus_events.LOG_TOPICS, bus_events.DAEMON, bus_events.PROCESS, bus_events.KILL})


async def subscribe(home: Path, on_event: Callable[[Event], None], on_dropped: Callable[[int], None]) -> BusConnection:
    """Subscribes to the bus of the daemon of `home`. Raises DaemonNotRunning, DaemonUnreachable,
    SocketForbidden."""
    path = socket_path(home, "pub.sock")
    try:
        _, bus = await asyncio.get_running_loop().create_unix_connection(
            lambda: BusConnection(on_event, on_dropped), path
        )
    except OSError as error:
        raise daemon_process.explain_refusal(home, path, error) from error
    return bus

"""The one long connection to PM2's bus, always read: a subscriber that stops reading kills the daemon. [io: pub.sock]

The daemon keeps what a subscriber has not read in its own memory, without a limit, until it dies. So everything
is read at once; what is too much to make sense of is counted and dropped here, not left there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from pm2.daemon import amp, bus_events
from pm2.daemon.bus_events import Event
from pm2.errors import DaemonNotRunning, InvalidHome, ProtocolError

SOCKET_PATH_BYTES = 107
LOG_BYTES_PER_S = 2 * 2**20  # about 20,000 lines a second: more than anybody reads
LOG_BURST_BYTES = 4 * 2**20


class Bus(asyncio.Protocol):
    """Calls `deliver` with each event and `dropped` with the number of log lines that were too many. Both must
    return at once. `closed` is done when the connection is gone."""

    def __init__(self, deliver: Callable[[Event], None], dropped: Callable[[int], None]) -> None:
        self._deliver, self._dropped = deliver, dropped
        self._decoder = amp.Decoder()
        self._budget_bytes, self._filled_s = float(LOG_BURST_BYTES), 0.0
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            for arguments in self._decoder.frames(data):
                if len(arguments) == 2:
                    self._take(*arguments)
        except ProtocolError:
            self.close()

    def _take(self, topic: bytes, payload: bytes) -> None:
        if topic in bus_events.LOGS and not self._affordable(len(payload)):
            self._dropped(max(1, payload.count(b"\\n")))  # a line's end, as JSON writes it
        elif topic in KNOWN:
            event = bus_events.parse(topic, amp.decode_argument(payload))
            if event is not None:
                self._deliver(event)

    def _affordable(self, size: int) -> bool:
        now = asyncio.get_running_loop().time()
        self._budget_bytes = min(LOG_BURST_BYTES, self._budget_bytes + (now - self._filled_s) * LOG_BYTES_PER_S)
        self._filled_s = now
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


KNOWN = frozenset({*bus_events.LOGS, bus_events.DAEMON, bus_events.PROCESS, bus_events.KILL})


async def connect(home: Path, deliver: Callable[[Event], None], dropped: Callable[[int], None]) -> Bus:
    """Listen to the daemon of `home`. Raises InvalidHome, DaemonNotRunning."""
    path = str(home / "pub.sock")
    if len(path.encode()) > SOCKET_PATH_BYTES:
        raise InvalidHome(path)
    try:
        _, bus = await asyncio.get_running_loop().create_unix_connection(lambda: Bus(deliver, dropped), path)
    except OSError as error:
        raise DaemonNotRunning(str(home)) from error
    return bus

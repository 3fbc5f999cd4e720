"""Open TCP connections: how many there may be, and which are closed when there are too many."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

import structlog

log = structlog.get_logger("pm2site.transport")

# 42 pooled threads with two files of the database each; log files, child processes, PM2's and Redis's sockets.
OWN_FILES = 160
# Accepted in a turn of the event loop. Twisted's 100 grow by 20 with each turn, until a burst fills its address's
# share, and evicts connections before the request that they bring is read. With 64, a client beside 2,000 new sockets
# waited for 0.8 s instead of 0.5 s.
MAX_ACCEPTS = 100
TURNS_UNTIL_CLOSED = 2  # an evicted connection keeps its file that long, while others are accepted
RESERVED_DESCRIPTORS = OWN_FILES + TURNS_UNTIL_CLOSED * MAX_ACCEPTS
MIN_CONNECTIONS = 64
ADDRESS_SHARE = 0.5  # of all connections
LOG_INTERVAL_S = 10.0


def raise_descriptor_limit() -> int:
    """Raises the process's limit of open files to the hard limit. Returns how many connections fit below it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max_connections()


def max_connections() -> int:
    """How many connections fit below the limit of open files, beside the files that the server needs itself."""
    return max(MIN_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - RESERVED_DESCRIPTORS)


def accepts_per_turn() -> int:
    """How many connections to accept in a turn of the event loop, so that there are files for all of them."""
    spare = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - OWN_FILES - max_connections()
    return min(MAX_ACCEPTS, max(1, spare // TURNS_UNTIL_CLOSED))


class Transport(Protocol):
    """The part of a Twisted transport that the table uses."""

    def abortConnection(self) -> None:
        """Closes the connection at once."""


@dataclass(slots=True)
class ConnectionTable:
    """Counts connections by address. One without a complete request is waiting, and can be evicted for a new one.

    Half-open connections cost their client nothing, so they must never keep others out: above `limit`, or above an
    address's share of it, the one that has waited longest is closed, those first whose close frame has been sent: their
    clients may leave it unanswered. A connection that is being answered stays.
    """

    limit: int
    _address_of: dict[Transport, str] = field(default_factory=dict)
    _open_by_address: dict[str, int] = field(default_factory=dict)
    _waiting: dict[Transport, None] = field(default_factory=dict)
    _closing: dict[Transport, None] = field(default_factory=dict)
    _logged_at_s: float = -LOG_INTERVAL_S

    def __len__(self) -> int:
        return len(self._address_of)

    def admit(self, address: str) -> bool:
        """Makes room for a connection from `address`. False if there is none, because nothing is waiting."""
        if self._open_by_address.get(address, 0) >= self.limit * ADDRESS_SHARE:
            own = (one for one in self._evictable() if self._address_of[one] == address)
            return self._evict(next(own, None), address)
        if len(self) >= self.limit:
            return self._evict(next(self._evictable(), None), address)
        return True

    def _evictable(self) -> Iterator[Transport]:
        return chain(self._closing, self._waiting)

    def _evict(self, oldest: Transport | None, newcomer: str) -> bool:
        now_s = time.monotonic()
        if now_s - self._logged_at_s >= LOG_INTERVAL_S:
            self._logged_at_s = now_s
            log.warning(
                "too many connections", open=len(self), limit=self.limit, address=newcomer,
                from_address=self._open_by_address.get(newcomer, 0),
                action="the oldest without a request is closed" if oldest else "new ones are refused",
            )  # fmt: skip
        if oldest is None:
            return False
        self.remove(oldest)
        oldest.abortConnection()
        return True

    def add(self, transport: Transport, address: str) -> None:
        """A new connection, which waits for its first request."""
        self._address_of[transport] = address
        self._open_by_address[address] = self._open_by_address.get(address, 0) + 1
        self._waiting[transport] = None

    def start_waiting(self, transport: Transport) -> None:
        """The connection expects its next request."""
        if transport in self._address_of:
            self._waiting[transport] = None

    def start_closing(self, transport: Transport) -> None:
        """The connection is a WebSocket whose close frame has been sent."""
        if transport in self._address_of:
            self._waiting.pop(transport, None)
            self._closing[transport] = None

    def stop_waiting(self, transport: Transport) -> None:
        """The connection has a complete request, or has become a WebSocket."""
        self._waiting.pop(transport, None)

    def remove(self, transport: Transport) -> None:
        """Forgets a closed connection."""
        self._waiting.pop(transport, None)
        self._closing.pop(transport, None)
        address = self._address_of.pop(transport, None)
        if address is not None:
            self._open_by_address[address] -= 1
            if not self._open_by_address[address]:
                del self._open_by_address[address]

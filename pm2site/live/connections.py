"""Registry of open WebSockets: limits and shares, revoked credentials, shutdown."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog
from django.conf import settings

from pm2site.access import auth
from pm2site.access.auth import Credential
from pm2site.http import error_responses
from pm2site.transport.connections import max_connections
from system.lib.per_loop import PerLoop

log = structlog.get_logger("pm2site.ws")

RESERVED_SOCKETS = 20  # for clients other than those whose share is used up
REVOCATION_CHECK_S = 2.0
CLOSE_TIMEOUT_S = 2.0


def socket_limit() -> tuple[int, str]:
    """How many sockets may be open, and what limits them. Half of the connections are for requests: sockets stay."""
    connections = max_connections() // 2
    if connections < settings.WS_MAX_SOCKETS:
        return connections, "half of the connections that the limit of open files allows"
    return settings.WS_MAX_SOCKETS, "WS_MAX_SOCKETS"


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """A socket whose client is authenticated, as others may see it. `streams`: what it has subscribed to."""

    credential: Credential
    address: str
    user_agent: str
    connected_at: datetime
    streams: tuple[str, ...]


class Socket(Protocol):
    """`address`: the client's; `credential`: None until it is authenticated; `closed_with`: the code of the close frame
    that was sent, which the client may leave unanswered; None before."""

    address: str
    credential: Credential | None
    closed_with: int | None

    def describe(self) -> OpenSocket | None:
        """None until it is authenticated."""

    async def revoked(self) -> None: ...

    async def shut_down(self) -> None: ...

    def cancel(self) -> None: ...


class Sockets:
    """The open sockets of this process, with a task per event loop that closes those with revoked credentials."""

    def __init__(self) -> None:
        self.open: set[Socket] = set()
        self._watchers: PerLoop[asyncio.Task[None]] = PerLoop()

    def add(self, socket: Socket) -> str | None:
        """Registers the socket. Returns why it is refused: too many are open, or too many of its address are
        not yet authenticated."""
        limit, name = socket_limit()
        counted = self._counted()
        if len(counted) >= limit:
            return f"The server has {limit} open sockets, its limit ({name})."
        unknown = sum(other.credential is None and other.address == socket.address for other in counted)
        if self._is_above_share(unknown, sum(other.credential is None for other in counted)):
            return f"{socket.address} has too many open sockets (WS_SHARE of {name})."
        self.open.add(socket)
        watcher = self._watchers.get()
        if watcher is None or watcher.done():
            self._watchers.set(asyncio.create_task(self._watch(), name="revocation watcher"))
        return None

    def find_excess(self, socket: Socket) -> str | None:
        """Why a socket that is now authenticated is refused: its credential has too many open."""
        others = [other for other in self._counted() if other is not socket]
        own = sum(other.credential == socket.credential for other in others)
        if socket.credential and self._is_above_share(own, len(others)):
            return f"{socket.credential.actor} has too many open sockets (WS_SHARE of {socket_limit()[1]})."
        return None

    def _counted(self) -> list[Socket]:
        """Those that count against the limits. One that is being closed makes room for a new connection."""
        return [socket for socket in self.open if socket.closed_with is None]

    @staticmethod
    def _is_above_share(count: int, total: int) -> bool:
        """Whether a holder with `count` of `total` sockets has its share. A few more are for newcomers when
        everybody's shares fill the limit."""
        limit, _ = socket_limit()
        is_crowded = total >= limit - min(RESERVED_SOCKETS, limit // 10)
        return count >= limit * settings.WS_SHARE or (is_crowded and count > 0)

    def remove(self, socket: Socket) -> bool:
        """Returns whether the socket was registered."""
        was_open = socket in self.open
        self.open.discard(socket)
        return was_open

    def described(self) -> list[OpenSocket]:
        """The authenticated sockets that are not being closed. Thread-safe: each copy is taken in one step."""
        descriptions = [socket.describe() for socket in list(self.open) if socket.closed_with is None]
        return [described for described in descriptions if described is not None]

    async def shut_down(self) -> None:
        """Closes all sockets with 4503; cancels those that have not closed after `CLOSE_TIMEOUT_S`."""
        await asyncio.gather(*(socket.shut_down() for socket in list(self.open)), return_exceptions=True)
        deadline_s = asyncio.get_running_loop().time() + CLOSE_TIMEOUT_S
        while self.open and asyncio.get_running_loop().time() < deadline_s:  # noqa: ASYNC110 - they close one by one
            await asyncio.sleep(0.02)
        for socket in list(self.open):
            socket.cancel()
        watcher = self._watchers.get()
        if watcher:
            watcher.cancel()
        await asyncio.sleep(0)

    async def _watch(self) -> None:
        while self.open:
            await asyncio.sleep(REVOCATION_CHECK_S)
            revocable = {socket.credential for socket in self.open if socket.credential and socket.credential.proof}
            if not revocable:
                continue
            try:
                valid = await asyncio.to_thread(auth.select_valid, revocable)
            except error_responses.DATABASE_ERRORS as error:
                log.warning("credentials could not be checked", error=str(error))
                continue
            revoked = [socket for socket in self.open if socket.credential in revocable - valid]
            await asyncio.gather(*(socket.revoked() for socket in revoked))


sockets = Sockets()

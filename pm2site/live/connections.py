"""Registry of open WebSockets: connection limit, message rate limit, revoked credentials, shutdown."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from pm2site.access import auth
from pm2site.access.auth import Credential
from pm2site.http import error_responses
from system.lib.per_loop import PerLoop

log = structlog.get_logger("pm2site.ws")

MAX_SOCKETS = 2000
MESSAGES_PER_SECOND, BURST = 20.0, 40.0
REVOCATION_CHECK_S = 2.0
CLOSE_TIMEOUT_S = 2.0


class RateLimiter:
    """A token bucket for a client's messages."""

    def __init__(self) -> None:
        self._tokens, self._updated_at_s = BURST, 0.0

    def allow(self, now_s: float) -> bool:
        """Consumes a token for one message; False if there is none left."""
        self._tokens = min(BURST, self._tokens + (now_s - self._updated_at_s) * MESSAGES_PER_SECOND)
        self._updated_at_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Socket(Protocol):
    credential: Credential | None

    async def revoked(self) -> None: ...

    async def shut_down(self) -> None: ...

    def cancel(self) -> None: ...


class Sockets:
    """The open sockets of this process, with a task per event loop that closes those with revoked credentials."""

    def __init__(self) -> None:
        self.open: set[Socket] = set()
        self._watchers: PerLoop[asyncio.Task[None]] = PerLoop()

    def add(self, socket: Socket) -> bool:
        """Returns False if the limit is reached."""
        if len(self.open) >= MAX_SOCKETS:
            return False
        self.open.add(socket)
        watcher = self._watchers.get()
        if watcher is None or watcher.done():
            self._watchers.set(asyncio.create_task(self._watch(), name="revocation watcher"))
        return True

    def remove(self, socket: Socket) -> bool:
        """Returns whether the socket was registered."""
        was_open = socket in self.open
        self.open.discard(socket)
        return was_open

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
                valid = await auth.select_valid(revocable)
            except error_responses.DATABASE_ERRORS as error:
                log.warning("credentials could not be checked", error=str(error))
                continue
            revoked = [socket for socket in self.open if socket.credential in revocable - valid]
            await asyncio.gather(*(socket.revoked() for socket in revoked))


sockets = Sockets()

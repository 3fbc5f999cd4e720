"""All open sockets: how many there may be, how fast they may talk, and whether they may still be here."""

from __future__ import annotations

import asyncio
from typing import Protocol
from weakref import WeakKeyDictionary

import structlog

from pm2site.access import auth
from pm2site.access.auth import Credential
from pm2site.http import problems

log = structlog.get_logger("pm2site.ws")

MAX_SOCKETS = 2000
MESSAGES_PER_SECOND, BURST = 20.0, 40.0
REVOCATION_S = 2.0
GOODBYE_S = 2.0


class Budget:
    """A token bucket for a client's messages."""

    def __init__(self) -> None:
        self._tokens, self._at = BURST, 0.0

    def take(self, moment_s: float) -> bool:
        """One message; False when the client talks too fast."""
        self._tokens = min(BURST, self._tokens + (moment_s - self._at) * MESSAGES_PER_SECOND)
        self._at = moment_s
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
    """The sockets of this process, with a watcher per event loop for credentials that can be taken back."""

    def __init__(self) -> None:
        self.open: set[Socket] = set()
        self._watchers: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[None]] = WeakKeyDictionary()

    def add(self, socket: Socket) -> bool:
        """False when there are too many already."""
        if len(self.open) >= MAX_SOCKETS:
            return False
        self.open.add(socket)
        loop = asyncio.get_running_loop()
        watcher = self._watchers.get(loop)
        if watcher is None or watcher.done():
            self._watchers[loop] = asyncio.create_task(self._watch(), name="revocation watcher")
        return True

    def remove(self, socket: Socket) -> bool:
        """Whether it was counted."""
        known = socket in self.open
        self.open.discard(socket)
        return known

    async def shut_down(self) -> None:
        """Close them all with 4503; who does not answer within `GOODBYE_S` is dropped."""
        await asyncio.gather(*(each.shut_down() for each in list(self.open)), return_exceptions=True)
        ends = asyncio.get_running_loop().time() + GOODBYE_S
        while self.open and asyncio.get_running_loop().time() < ends:  # noqa: ASYNC110 - they leave one by one
            await asyncio.sleep(0.02)
        for each in list(self.open):
            each.cancel()
        watcher = self._watchers.get(asyncio.get_running_loop())
        if watcher:
            watcher.cancel()
        await asyncio.sleep(0)

    async def _watch(self) -> None:
        while self.open:
            await asyncio.sleep(REVOCATION_S)
            provable = {each.credential for each in self.open if each.credential and each.credential.proof}
            if not provable:
                continue
            try:
                valid = await auth.select_valid(provable)
            except problems.DATABASE_ERRORS as error:
                log.warning("credentials could not be checked", error=str(error))
                continue
            gone = [each for each in self.open if each.credential in provable - valid]
            await asyncio.gather(*(each.revoked() for each in gone))


sockets = Sockets()

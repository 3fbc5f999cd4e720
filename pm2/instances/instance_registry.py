"""Who is under PM2, each under an identity of ours, and what is to be kept of them for ever."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

import structlog

from pm2.daemon.process import Key, Process
from pm2.exits.classify import Exit
from pm2.instances import reconcile
from pm2.instances.instance_store import Past
from pm2.instances.reconcile import Change, Seen

log = structlog.get_logger("pm2.monitor.watch")

MOST_UNKEPT = 10_000  # what is held back while the database does not take it


class Memory(Protocol):
    """What is kept for ever, as `black_box` keeps it. Called in a thread."""

    def write(self, ended: Exit) -> None: ...

    def appeared(self, instances: Mapping[str, Key]) -> None: ...

    def gone(self, token: str) -> None: ...

    def forgotten(self, token: str, lost_restarts: int) -> None: ...


class Register:
    """The instances that are there. Without a `memory` nothing is kept; `past`: what was kept before."""

    def __init__(self, memory: Memory | None, past: Mapping[Key, Past]) -> None:
        self.known: dict[Key, Seen] = {}
        self._memory, self._past = memory, past
        self._tokens = {key: each.token for key, each in past.items()}
        self._unkept: deque[Callable[[], None]] = deque()

    def token(self, name: str, pm_id: int) -> str:
        """Our identity of the instance that has this name and number now."""
        return self._tokens.setdefault((name, pm_id), uuid.uuid4().hex)

    def learn(self, processes: Sequence[Process]) -> list[Change]:
        """Take PM2's list; what has changed since the last one."""
        before = self.known
        forgotten = {key: each.lost_restarts for key, each in self._past.items()}
        self.known, changes = reconcile.follow(before, processes, forgotten)
        self._keep_changes(before, changes)
        for key in [key for key in self._tokens if key not in self.known]:
            del self._tokens[key]
        return changes if before else []

    def _keep_changes(self, before: Mapping[Key, Seen], changes: Sequence[Change]) -> None:
        if self._memory is None:
            return
        new = {self.token(*key): key for key in self.known if key not in before}
        if new:
            self._later(partial(self._memory.appeared, new))
        for key, token in self._tokens.items():
            if key not in self.known:
                self._later(partial(self._memory.gone, token))
        for key, seen in self.known.items():
            if key in before and seen.lost_restarts != before[key].lost_restarts:
                self._later(partial(self._memory.forgotten, self.token(*key), seen.lost_restarts))

    def keep(self, ended: Exit) -> None:
        if self._memory is not None:
            self._later(partial(self._memory.write, ended))

    def _later(self, write: Callable[[], None]) -> None:
        if len(self._unkept) < MOST_UNKEPT:
            self._unkept.append(write)

    async def write(self) -> None:
        """Everything that is not kept yet, in order; what the database does not take is logged and left out."""
        while self._unkept:
            write = self._unkept.popleft()
            try:
                await asyncio.to_thread(write)
            except Exception:
                log.exception("PM2's history was not kept")

"""Threads that run Django: few and bounded, by kind, so that neither slow actions nor logins hold reads up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from asgiref.sync import SyncToAsync

from pm2site.errors import ServerBusy

THREAD_PREFIX = "pm2site-"
P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """`threads` workers of one event loop, and at most `queue` calls that wait for one."""

    def __init__(self, name: str, threads: int, queue: int) -> None:
        self.name, self.limit, self.threads = name, threads + queue, threads
        self.unfinished = 0
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._executor = ThreadPoolExecutor(threads, THREAD_PREFIX + name, initializer=_use_loop, initargs=(loop,))

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `work` on a thread of the pool. Raises ServerBusy."""
        if self.unfinished >= self.limit:
            raise ServerBusy(self.name, self.unfinished - self.threads)
        self.unfinished += 1
        future = self._loop.run_in_executor(self._executor, lambda: work(*args, **kwargs))
        future.add_done_callback(lambda done: self._finished(done.cancelled() or done.exception()))
        # Shielded: a client that leaves does not free its thread, and no action stops half-way or goes unrecorded.
        return await asyncio.shield(future)

    def _finished(self, _retrieved: object) -> None:
        """The future's exception has been retrieved, in case nobody waits for it any more."""
        self.unfinished -= 1

    def stop(self) -> None:
        """Accepts no more calls; those that wait for a thread are cancelled."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _use_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Makes `async_to_sync` in this thread run on the server's event loop, instead of on a new one in a new thread."""
    SyncToAsync.threadlocal.main_event_loop = loop
    SyncToAsync.threadlocal.main_event_loop_pid = os.getpid()


class Pools:
    """The pools of one event loop. Each stream occupies a thread until the client has read it."""

    def __init__(self) -> None:
        self.reads = Pool("reads", 8, 200)
        self.actions = Pool("actions", 16, 100)
        self.logins = Pool("logins", 2, 50)
        self.streams = Pool("streams", 16, 0)

    def all(self) -> tuple[Pool, ...]:
        return self.reads, self.actions, self.logins, self.streams

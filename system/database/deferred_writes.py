"""Writes for which nobody waits, in a server by a thread of its own. [io: database]"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError, connection

log = structlog.get_logger("system.database")

MAX_WAITING = 1000  # writes, each with about 1 KB of row
RETRY_S = 1.0


class DeferredWrites:
    """Performs writes in their order. While the database does not take them (locked, disk full), they wait; one that it
    will never take is logged and dropped."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Callable[[], object]] = deque()
        self._thread: threading.Thread | None = None
        self._is_stopping = False

    def start(self) -> None:
        """From now on a thread performs the writes; without it, `add` does, as in a command."""
        if self._thread is None:
            self._is_stopping = False
            self._thread = threading.Thread(target=self._run, name="deferred writes", daemon=True)
            self._thread.start()

    def add(self, write: Callable[[], object]) -> bool:
        """False if `MAX_WAITING` writes wait already, so that this one is left out. Without `start`, performs it, and
        raises its DatabaseError."""
        if self._thread is None:
            write()
            return True
        with self._changed:
            if len(self._waiting) >= MAX_WAITING:
                return False
            self._waiting.append(write)
            self._changed.notify_all()
            return True

    def wait_until_done(self, timeout_s: float) -> bool:
        """Whether no write waits any more, after at most `timeout_s`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, timeout_s)

    def stop(self, timeout_s: float) -> None:
        """Performs what waits; what is not done within `timeout_s` is logged as lost."""
        if self._thread is None:
            return
        self.wait_until_done(timeout_s)
        with self._changed:
            self._is_stopping, self._thread = True, None
            lost = len(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        if lost:
            log.warning("rows were lost, because the database did not take them", rows=lost)

    def _run(self) -> None:
        failing_since_s: float | None = None
        while (write := self._next()) is not None:
            try:
                write()
            except (OperationalError, InterfaceError) as error:
                connection.close()  # PostgreSQL's may be broken
                if failing_since_s is None:
                    failing_since_s = time.monotonic()
                    log.warning("rows wait, because the database does not take them", error=str(error))
                with self._changed:
                    self._changed.wait_for(lambda: self._is_stopping, RETRY_S)
                continue
            except Exception:  # outermost handler of the thread: the other writes must go on
                log.exception("a row could not be written")
            if failing_since_s is not None:
                log.info("the database takes rows again", after_s=round(time.monotonic() - failing_since_s, 1))
                failing_since_s = None
            with self._changed:
                if self._waiting:  # `stop` may have cleared them
                    self._waiting.popleft()
                self._changed.notify_all()
        connection.close()

    def _next(self) -> Callable[[], object] | None:
        """The oldest write, which stays in the queue until it is done; None when the server stops."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_stopping)
            return None if self._is_stopping else self._waiting[0]


deferred_writes = DeferredWrites()

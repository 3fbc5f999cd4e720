"""Writes for which no request waits: a server performs them in a thread. [io: database]"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError, connection

from system.database.existing_file import DatabaseGone

log = structlog.get_logger("system.database")

Write = Callable[[], object]
MAX_WAITING = 1000  # writes, each with about 1 KB of row
RETRY_S = 1.0
# Of SQLite's errors, those of a state that passes: another writer, a full disk, a file that cannot be opened now.
PASSING = ("locked", "busy", "full", "disk i/o", "unable to open", "readonly", "cannot be read")


def may_pass(error: Exception) -> bool:
    """Whether the same write may succeed later. PostgreSQL's OperationalError is about the connection or the server."""
    if connection.vendor != "sqlite" or isinstance(error, (DatabaseGone, InterfaceError)):
        return True
    return any(part in str(error).lower() for part in PASSING)


class DeferredWrites:
    """Performs writes in their order. While the database does not take them (locked, disk full), they wait; one that it
    will never take is logged and dropped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: _Worker | None = None

    def start(self) -> None:
        """From now on a thread performs the writes; without it, `add` does, as in a command."""
        with self._lock:
            if self._worker is None:
                self._worker = _Worker()
                self._worker.start()

    def add(self, write: Write, *, leaving: int = 0) -> bool:
        """False if so many writes wait that only `leaving` more would fit, so that this one is left out. Without
        `start`, performs it, and raises its DatabaseError."""
        with self._lock:
            if self._worker is not None:
                return self._worker.add(write, MAX_WAITING - leaving)
        write()
        return True

    def wait_until_done(self, timeout_s: float) -> bool:
        """Whether no write waits any more, after at most `timeout_s`."""
        worker = self._worker
        return worker is None or worker.wait_until_idle(timeout_s)

    def stop(self, timeout_s: float) -> None:
        """Performs what waits; what is not done within `timeout_s` is logged as lost."""
        self.wait_until_done(timeout_s)
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()


class _Worker(threading.Thread):
    """One thread and its queue, from a start to a stop."""

    def __init__(self) -> None:
        super().__init__(name="deferred writes", daemon=True)
        self._changed = threading.Condition()
        self._waiting: deque[Write] = deque()
        self._is_busy = False
        self._is_stopping = False
        self._failing_since_s: float | None = None

    def add(self, write: Write, limit: int) -> bool:
        with self._changed:
            if len(self._waiting) >= limit:
                return False
            self._waiting.append(write)
            self._changed.notify_all()
            return True

    def wait_until_idle(self, timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._is_busy, timeout_s)

    def stop(self) -> None:
        """The write that is being performed may still succeed."""
        with self._changed:
            self._is_stopping = True
            self._log_lost(len(self._waiting))
            self._changed.notify_all()

    def run(self) -> None:
        while (write := self._next()) is not None:
            is_done = self._perform(write)
            with self._changed:
                self._is_busy = False
                if not is_done and self._is_stopping:
                    self._log_lost(1)
                elif not is_done:
                    self._waiting.appendleft(write)
                    self._changed.wait_for(lambda: self._is_stopping, RETRY_S)
                self._changed.notify_all()
        connection.close()

    def _next(self) -> Write | None:
        """The oldest write; None when the server stops."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_stopping)
            if self._is_stopping:
                return None
            self._is_busy = True
            return self._waiting.popleft()

    def _perform(self, write: Write) -> bool:
        """False if it must be repeated."""
        try:
            write()
        except (OperationalError, InterfaceError) as error:
            connection.close()  # PostgreSQL's may be broken
            if not may_pass(error):
                log.exception("a row could not be written")
                return True
            if self._failing_since_s is None:
                self._failing_since_s = time.monotonic()
                log.warning("rows wait, because the database does not take them", error=str(error))
            return False
        except Exception:  # outermost handler of the thread: the other writes must go on
            log.exception("a row could not be written")
            return True
        if self._failing_since_s is not None:
            after_s = round(time.monotonic() - self._failing_since_s, 1)
            log.info("the database takes rows again", after_s=after_s)
            self._failing_since_s = None
        return True

    def _log_lost(self, count: int) -> None:
        if count:
            log.warning("rows were lost, because the database did not take them", rows=count)


deferred_writes = DeferredWrites()

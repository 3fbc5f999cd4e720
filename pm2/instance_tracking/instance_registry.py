"""Gives each instance under PM2 a lasting token, and queues writes of its history to the store."""

from __future__ import annotations

import asyncio
import math
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import structlog

from pm2.daemon.process import Key, Process
from pm2.exits.classify import Exit
from pm2.instance_tracking import reconciliation
from pm2.instance_tracking.instance_store import SavedInstance, stored_key
from pm2.instance_tracking.reconciliation import Change, KnownInstance
from system.database.deferred_writes import deferred_writes

log = structlog.get_logger("pm2.instance_tracking.instance_registry")

UNSTORED_S, MAX_UNSTORED_EXITS = 60.0, 1000  # kept by a server that does not store
MAX_PENDING_WRITES = 10_000  # further writes are dropped while the database is unavailable
MAX_DELETED = 1000  # whose restarts are kept until the database surely has them
PLACES_FOR_OTHERS = 500  # so that a crash loop does not crowd out the audit trail


class InstanceStore(Protocol):
    """The interface of the `instance_store` module. Called in a thread."""

    def save_exit(self, ended: Exit) -> None: ...

    def save_missing_exit(self, ended: Exit) -> None: ...

    def save_instances(self, instances: Mapping[str, Key]) -> None: ...

    def mark_deleted(self, token: str) -> None: ...

    def set_restarts(self, token: str, restarts: int, lost_restarts: int) -> None: ...


class InstanceRegistry:
    """The listed instances. Without a `store` nothing is stored; `saved`: the instances stored by an earlier server, by
    their `stored_key`."""

    def __init__(self, store: InstanceStore | None, saved: Mapping[Key, SavedInstance]) -> None:
        self.known: dict[Key, KnownInstance] = {}
        self._has_list = False  # an empty list is one
        self._had_no_daemon = False
        self._store: InstanceStore | None = store
        self._saved: Mapping[Key, SavedInstance] = saved
        self._tokens = {key: instance.token for key, instance in saved.items()}  # by `stored_key`
        self._pending_writes: deque[Callable[[], None]] = deque()
        self._dropped = 0
        self._unstored_exits: deque[tuple[float, Exit]] = deque(maxlen=MAX_UNSTORED_EXITS)
        self._took_over_s = -math.inf
        self._deleted: OrderedDict[str, tuple[Key, int]] = OrderedDict()  # token → `stored_key`, restarts
        self._stored_tokens: dict[str, str] = {}  # by our own token, of the server that stored before

    @property
    def is_storing(self) -> bool:
        return self._store is not None

    def begin_storing(self, store: InstanceStore, saved: Mapping[Key, SavedInstance]) -> None:
        """Takes over from another server that stored until now, and has stored `saved`: its tokens are used further,
        and the exits of the last minute that it has not stored any more are stored."""
        self._store, self._took_over_s = store, time.monotonic()
        self._stored_tokens = {token: saved[key].token for key, token in self._tokens.items() if key in saved}
        known, self.known = self.known, {}
        stored_keys = {stored_key(key) for key in known}
        for key, instance in saved.items():
            if key in stored_keys or not self._has_list:
                self._tokens[key] = instance.token
            else:  # deleted meanwhile
                self._enqueue_write(partial(store.mark_deleted, instance.token))
        for key, listed in known.items():
            stored = saved.get(stored_key(key))
            lost_restarts = max(listed.lost_restarts, stored.lost_restarts if stored else 0)
            self.known[key] = replace(listed, lost_restarts=lost_restarts)
        if known:
            self._enqueue_write(partial(store.save_instances, {self.token(*key): key for key in known}))
        self._enqueue_restarts(store, {}, saved)
        if not self._has_list:
            self._saved = saved
        for at_s, ended in self._unstored_exits:
            if self._took_over_s - at_s <= UNSTORED_S:
                self._enqueue_missing_exit(ended)
        self._unstored_exits.clear()

    def _enqueue_missing_exit(self, ended: Exit) -> None:
        """`ended`: seen before this server took over, or soon after: the other one may have stored it."""
        assert self._store  # noqa: S101 - after `begin_storing`
        token = self._stored_tokens.get(ended.instance, ended.instance)
        self._enqueue_write(partial(self._store.save_missing_exit, replace(ended, instance=token)))

    def token(self, name: str, pm_id: int) -> str:
        """The token of the instance that currently has this name and pm_id."""
        return self._tokens.setdefault(stored_key((name, pm_id)), uuid.uuid4().hex)

    def current(self) -> dict[Key, KnownInstance]:
        """The instances of the last list, with the tokens under which they are stored, and their predecessors."""
        if self._store is None:
            return self.known
        earlier: dict[Key, tuple[tuple[str, int], ...]] = {}
        for token, (stored, restarts) in self._deleted.items():
            earlier[stored] = (*earlier.get(stored, ()), (token, restarts))
        return {
            key: replace(instance, token=self.token(*key), earlier=earlier.get(stored_key(key), ()))
            for key, instance in self.known.items()
        }

    def note_absence(self) -> None:
        """PM2's daemon is not running, which is as good as an empty list, except that it may resurrect an earlier one:
        what the first list has then is a change, but nothing stored is deleted."""
        self._had_no_daemon = True

    def update(self, processes: Sequence[Process], *, is_same_daemon: bool = True) -> list[Change]:
        """Applies PM2's list; returns the changes since the previous one, none for the first of a daemon that was
        running already."""
        before, is_first = self.known, not (self._has_list or self._had_no_daemon)
        self._has_list = True
        saved, self._saved = self._saved, {}  # used up: one that is listed later under the same name is another one
        saved_lost_restarts = {
            key: saved[stored].lost_at(process.restarts)
            for key, process in (((process.name, process.pm_id), process) for process in processes)
            if (stored := stored_key(key)) in saved
        }
        self.known, changes = reconciliation.reconcile(
            before, processes, saved_lost_restarts, is_same_daemon=is_same_daemon
        )
        for key in {(change.process.name, change.process.pm_id) for change in changes if change.kind == "deleted"}:
            self._forget_replaced(key, before)
            before = {known: instance for known, instance in before.items() if known != key or key not in self.known}
        self._enqueue_changes(before, saved)
        stored_keys = set(map(stored_key, self.known))
        self._tokens = {key: token for key, token in self._tokens.items() if key in stored_keys}
        return [] if is_first else changes

    def _forget_replaced(self, key: Key, before: Mapping[Key, KnownInstance]) -> None:
        """The instance was deleted, and another one has its name and pm_id: that one gets a token of its own."""
        if key not in self.known or stored_key(key) not in self._tokens:
            return
        token = self._tokens.pop(stored_key(key))
        if self._store is not None:
            self._enqueue_deletion(self._store, token, stored_key(key), before[key].restarts)

    def _enqueue_deletion(self, store: InstanceStore, token: str, key: Key, restarts: int) -> None:
        """`restarts`: those that PM2 forgets now; the row has them, and may be read later than the next list."""
        self._enqueue_write(partial(store.mark_deleted, token))
        if restarts:
            self._deleted[token] = key, restarts
        if len(self._deleted) > MAX_DELETED:
            self._deleted.popitem(last=False)

    def _enqueue_changes(self, before: Mapping[Key, KnownInstance], saved: Mapping[Key, SavedInstance]) -> None:
        if self._store is None:
            return
        new = {self.token(*key): key for key in self.known if key not in before}
        if new:
            self._enqueue_write(partial(self._store.save_instances, new))
        stored_keys = set(map(stored_key, self.known))
        last = {key: one.lost_restarts + one.restarts for key, one in saved.items()}
        last |= {stored_key(key): instance.restarts for key, instance in before.items()}
        for key, token in self._tokens.items():
            if key not in stored_keys:
                self._enqueue_deletion(self._store, token, key, last.get(key, 0))
        self._enqueue_restarts(self._store, before, saved)

    def _enqueue_restarts(
        self, store: InstanceStore, before: Mapping[Key, KnownInstance], saved: Mapping[Key, SavedInstance]
    ) -> None:
        """Those that have changed since the list before, or since an earlier server."""
        for key, instance in self.known.items():
            now, then = (instance.process.restarts, instance.lost_restarts), (0, 0)
            if key in before:
                then = before[key].process.restarts, before[key].lost_restarts
            elif stored := saved.get(stored_key(key)):
                then = stored.restarts, stored.lost_restarts
            if now != then:
                self._enqueue_write(partial(store.set_restarts, self.token(*key), *now))

    def enqueue_exit(self, ended: Exit) -> None:
        """Stores the exit, or keeps it for a while in case that this server takes over from the one that stores."""
        if self._store is None:
            self._unstored_exits.append((time.monotonic(), ended))
        elif time.monotonic() - self._took_over_s < UNSTORED_S:
            self._enqueue_missing_exit(ended)
        else:
            self._enqueue_write(partial(self._store.save_exit, ended))

    def _enqueue_write(self, write: Callable[[], None]) -> None:
        if len(self._pending_writes) < MAX_PENDING_WRITES:
            self._pending_writes.append(write)
        else:
            self._dropped += 1

    async def flush_writes(self) -> None:
        """Passes on all pending writes in order: to the thread of a server, which repeats them while the database does
        not take them; without one, performs them."""
        if self._dropped:
            log.warning("PM2's history lacks rows, because the database does not take them", rows=self._dropped)
            self._dropped = 0
        while self._pending_writes:
            if not await asyncio.to_thread(_perform, self._pending_writes[0]):
                return  # too many wait there
            self._pending_writes.popleft()


def _perform(write: Callable[[], None]) -> bool:
    """Without a server, an error is logged and the write dropped."""
    try:
        return deferred_writes.add(write, leaving=PLACES_FOR_OTHERS)
    except Exception:
        log.exception("PM2's history could not be written")
        return True

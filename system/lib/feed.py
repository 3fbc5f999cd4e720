"""Keeps a bounded log of numbered items, from which readers resume at the number they last read."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

# (name, value) pairs that an item must match, hashable so that it can be part of a key.
Filter = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """Items after a number, oldest first. `last`: the number to resume from. `missed`: how many are no longer kept."""

    items: tuple[T, ...]
    last: int
    missed: int


class Feed(Generic[T]):
    """The newest items, at most `max_items` and `max_bytes` of them. Thread-safe.

    `key` names the list of items on the wire; `filters` maps a filter's name to its predicate, `choices` to its
    allowed values if they are limited. Numbers start at 1 in each `epoch`. Dropped items consume a number too, so
    readers can detect the gap.
    """

    def __init__(
        self,
        key: str,
        *,
        max_items: int,
        max_bytes: int,
        filters: Mapping[str, Callable[[T, str], bool]] | None = None,
        choices: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.key = key
        self.epoch = secrets.token_hex(4)
        self.filters: Mapping[str, Callable[[T, str], bool]] = filters or {}
        self.choices: Mapping[str, tuple[str, ...]] = choices or {}
        self._max_items, self._max_bytes = max_items, max_bytes
        self._kept: deque[tuple[int, int, T]] = deque()
        self._bytes = 0
        self._last = 0
        self._lock = threading.Lock()
        self._listeners: set[Callable[[], None]] = set()

    @property
    def last(self) -> int:
        """The number of the newest item; 0 before the first."""
        return self._last

    @property
    def has_listeners(self) -> bool:
        return bool(self._listeners)

    def append(self, items: Sequence[T], sizes: Sequence[int] | None = None) -> None:
        """Adds `items` with their sizes in bytes (1 each by default) and calls the listeners."""
        with self._lock:
            for index, item in enumerate(items):
                size = sizes[index] if sizes else 1
                self._last += 1
                self._kept.append((self._last, size, item))
                self._bytes += size
            while len(self._kept) > self._max_items or self._bytes > self._max_bytes:
                self._bytes -= self._kept.popleft()[1]
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    def count_dropped(self, count: int) -> None:
        """Counts items that were dropped before they could be appended."""
        with self._lock:
            self._last += count

    def after(self, number: int, limit: int, max_bytes: int, conditions: Filter = ()) -> Slice[T]:
        """The oldest matching items after `number`: at most `limit`, and `max_bytes` unless the first is larger."""
        with self._lock:
            newer = self._newer(number)
            last = self._last
        matches: list[T] = []
        total_size, examined, position = 0, 0, number
        for item_number, item_size, item in newer:
            if len(matches) == limit or (matches and total_size + item_size > max_bytes):
                break
            examined, position = examined + 1, item_number
            if self.matches(item, conditions):
                matches.append(item)
                total_size += item_size
        else:
            position = last
        return Slice(tuple(matches), position, position - number - examined)

    def _newer(self, number: int) -> list[tuple[int, int, T]]:
        newer = []
        for entry in reversed(self._kept):
            if entry[0] <= number:
                break
            newer.append(entry)
        newer.reverse()
        return newer

    def position_before_last(self, count: int, conditions: Filter = ()) -> int:
        """The number after which the last `count` matching items follow, with none counted as missed."""
        with self._lock:
            kept, number = tuple(self._kept), self._last
        for item_number, _, item in reversed(kept):
            if not count:
                break
            if self.matches(item, conditions):
                number, count = item_number - 1, count - 1
        return number

    def newest(self, conditions: Filter = ()) -> list[T]:
        """All kept items that match, oldest first."""
        with self._lock:
            kept = tuple(self._kept)
        return [item for _, _, item in kept if self.matches(item, conditions)]

    def matches(self, item: T, conditions: Filter) -> bool:
        return all(self.filters[name](item, value) for name, value in conditions)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls `listener` after each change, in the thread that appended. Returns a function that removes it."""
        with self._lock:
            self._listeners.add(listener)

        def remove() -> None:
            with self._lock:
                self._listeners.discard(listener)

        return remove

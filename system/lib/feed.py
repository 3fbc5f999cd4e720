"""A bounded record of what happens: numbered items, for readers who go on from the number they know."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

# (name, value) pairs that an item has to match, in a form that can be a key.
Filter = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """Items after a number, oldest first. `last`: the number to go on from. `missed`: how many are gone for good."""

    items: tuple[T, ...]
    last: int
    missed: int


class Feed(Generic[T]):
    """The newest items, at most `max_items` and `max_bytes` of them. For any thread.

    `key` names the list of items on the wire; `filters` says what each filter means, `choices` what some may be.
    Numbers begin at 1 and belong to the `epoch`; an item that is counted but not kept takes a number too, so nobody
    misses it unawares.
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
        """The number given out last; 0 before the first."""
        return self._last

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens just now."""
        return bool(self._listeners)

    def append(self, items: Sequence[T], sizes: Sequence[int] | None = None) -> None:
        """Keep `items`, whose sizes in bytes are `sizes` (1 each when not told), and tell the listeners."""
        with self._lock:
            for index, item in enumerate(items):
                size = sizes[index] if sizes else 1
                self._last += 1
                self._kept.append((self._last, size, item))
                self._bytes += size
            while len(self._kept) > self._max_items or self._bytes > self._max_bytes:
                self._bytes -= self._kept.popleft()[1]
            listeners = tuple(self._listeners)
        for tell in listeners:
            tell()

    def lose(self, count: int) -> None:
        """Count items that could not be kept at all."""
        with self._lock:
            self._last += count

    def after(self, number: int, limit: int, max_bytes: int, wanted: Filter = ()) -> Slice[T]:
        """The oldest items after `number` that match, at most `limit` of them."""
        with self._lock:
            newer = self._newer(number)
            last = self._last
        found: list[T] = []
        size, seen, at = 0, 0, number
        for each_number, each_size, item in newer:
            if len(found) == limit or (found and size + each_size > max_bytes):
                break
            seen, at = seen + 1, each_number
            if self.matches(item, wanted):
                found.append(item)
                size += each_size
        else:
            at = last
        return Slice(tuple(found), at, at - number - seen)

    def _newer(self, number: int) -> list[tuple[int, int, T]]:
        newer = []
        for entry in reversed(self._kept):
            if entry[0] <= number:
                break
            newer.append(entry)
        newer.reverse()
        return newer

    def before_last(self, count: int, wanted: Filter = ()) -> int:
        """The number from which a reader gets the last `count` matching items, and nothing is counted as missed."""
        with self._lock:
            kept, number = tuple(self._kept), self._last
        for each_number, _, item in reversed(kept):
            if not count:
                break
            if self.matches(item, wanted):
                number, count = each_number - 1, count - 1
        return number

    def newest(self, wanted: Filter = ()) -> list[T]:
        """Everything that is kept and matches, oldest first."""
        with self._lock:
            kept = tuple(self._kept)
        return [item for _, _, item in kept if self.matches(item, wanted)]

    def matches(self, item: T, wanted: Filter) -> bool:
        return all(self.filters[name](item, value) for name, value in wanted)

    def listen(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Call `tell` after each change, in the thread that made it; the answer ends that."""
        with self._lock:
            self._listeners.add(tell)

        def end() -> None:
            with self._lock:
                self._listeners.discard(tell)

        return end

"""A value of its own for each event loop: sockets and tasks of asyncio belong to the loop that created them."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class PerLoop(Generic[T]):
    """The running loop's value, which goes with the loop."""

    def __init__(self) -> None:
        self._values: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()

    def get(self) -> T | None:
        return self._values.get(asyncio.get_running_loop())

    def set(self, value: T) -> T:
        self._values[asyncio.get_running_loop()] = value
        return value

    def pop(self) -> T | None:
        return self._values.pop(asyncio.get_running_loop(), None)

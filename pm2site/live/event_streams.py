"""Feeds on the wire: batches of what happened, each encoded once for all clients at the same place."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from pm2site.live import messages
from system.lib.feed import Feed, Filter
from system.lib.wire import iso_time, to_wire

TICK_S = 0.25
BATCH_ITEMS = 500
BATCH_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages for a reader, and the number from which it goes on."""

    texts: list[str]
    last: int


class Reader(Protocol):
    """What a feed's stream needs of a subscription."""

    has_news: bool

    def offer(self) -> None:
        """There is something new, or a turn may have come. Must return at once."""


class FeedStream:
    """Tells its readers that there is something new, at most every `TICK_S`, while there are any."""

    def __init__(self, name: str, feed: Feed[Any]) -> None:
        self.name = name
        self.feed = feed
        self._readers: dict[Reader, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._batches: dict[tuple[int, Filter], Batch] = {}

    def attach(self, reader: Reader) -> None:
        self._readers[reader] = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"feed {self.name}")
        reader.offer()

    def detach(self, reader: Reader) -> None:
        self._readers.pop(reader, None)
        if not self._readers and self._task:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

        end = self.feed.listen(tell)
        try:
            while True:
                if not any(reader.has_news for reader in self._readers):
                    await changed.wait()
                    for reader in self._readers:
                        reader.has_news = True
                changed.clear()
                self._batches.clear()
                for reader in self._readers:
                    if reader.has_news:
                        reader.offer()
                await asyncio.sleep(TICK_S)
        finally:
            end()

    def batch(self, number: int, wanted: Filter) -> Batch:
        """What comes after `number`: a gap when something is lost, then the items."""
        known = self._batches.get((number, wanted))
        if known is None:
            known = self._batches[number, wanted] = self._encode(number, wanted)
        return known

    def _encode(self, number: int, wanted: Filter) -> Batch:
        found = self.feed.after(number, BATCH_ITEMS, BATCH_BYTES, wanted)
        texts = [self.gap(found.missed)] if found.missed else []
        if found.items:
            facts: dict[str, Any] = {
                "data": {self.feed.key: to_wire(found.items)},
                "seq": found.last,
                "epoch": self.feed.epoch,
            }
            texts.append(messages.reply("metric", _now(), stream=self.name, **facts))
        return Batch(texts, found.last)

    def gap(self, missed: int | None) -> str:
        """Something was lost: this many items, or nobody knows how many."""
        return messages.reply("gap", _now(), stream=self.name, missed=missed, epoch=self.feed.epoch)


def _now() -> str:
    return iso_time(datetime.now(UTC))

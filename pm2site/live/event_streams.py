"""Streams of events: sends a feed's items in batches, encoded once for all clients at the same position."""

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
    """Encoded messages for a subscriber, and the number to resume from."""

    texts: list[str]
    last: int


class FeedSubscriber(Protocol):
    """The part of a subscription that FeedStream uses."""

    has_new_items: bool

    def offer(self) -> None:
        """Signals new items, or that the next batch may be due. Must not block."""


class FeedStream:
    """Notifies its subscribers of new items, at most every `TICK_S`, while it has any."""

    def __init__(self, name: str, feed: Feed[Any]) -> None:
        self.name = name
        self.feed = feed
        self._subscribers: dict[FeedSubscriber, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._batches: dict[tuple[int, Filter], Batch] = {}

    def attach(self, subscriber: FeedSubscriber) -> None:
        self._subscribers[subscriber] = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"feed {self.name}")
        subscriber.offer()

    def detach(self, subscriber: FeedSubscriber) -> None:
        self._subscribers.pop(subscriber, None)
        if not self._subscribers and self._task:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def notify() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

        stop_listening = self.feed.listen(notify)
        try:
            while True:
                if not any(subscriber.has_new_items for subscriber in self._subscribers):
                    await changed.wait()
                    for subscriber in self._subscribers:
                        subscriber.has_new_items = True
                changed.clear()
                self._batches.clear()
                for subscriber in self._subscribers:
                    if subscriber.has_new_items:
                        subscriber.offer()
                await asyncio.sleep(TICK_S)
        finally:
            stop_listening()

    def batch(self, number: int, conditions: Filter) -> Batch:
        """The messages after `number`: a gap if items were missed, then the items."""
        batch = self._batches.get((number, conditions))
        if batch is None:
            batch = self._batches[number, conditions] = self._encode(number, conditions)
        return batch

    def _encode(self, number: int, conditions: Filter) -> Batch:
        news = self.feed.after(number, BATCH_ITEMS, BATCH_BYTES, conditions)
        texts = [self.gap(news.missed)] if news.missed else []
        if news.items:
            fields: dict[str, Any] = {
                "data": {self.feed.key: to_wire(news.items)},
                "seq": news.last,
                "epoch": self.feed.epoch,
            }
            texts.append(messages.encode_message("metric", _now(), stream=self.name, **fields))
        return Batch(texts, news.last)

    def gap(self, missed: int | None) -> str:
        """The message that `missed` items were lost; None: an unknown number."""
        return messages.encode_message("gap", _now(), stream=self.name, missed=missed, epoch=self.feed.epoch)


def _now() -> str:
    return iso_time(datetime.now(UTC))

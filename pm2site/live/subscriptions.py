"""What one client has subscribed to: when it is its turn, and what it gets then."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from pm2site.live.event_streams import FeedStream
from pm2site.live.hub import Frame, Stream
from pm2site.live.messages import Message

SNAPSHOT_ITEMS = 100  # what a client that knows nothing yet is shown of the past


class Subscription(Protocol):
    """One stream of one client."""

    interval_s: float

    def take(self, moment_s: float) -> list[str]:
        """What is to be sent now, if it is this client's turn."""

    def end(self) -> None: ...


@dataclass(eq=False, slots=True)
class Gauge:
    """A stream of values: the newest that the client has not been sent, and when it may be."""

    stream: Stream
    interval_s: float
    wake: asyncio.Event
    waiting: Frame | None = None
    due_s: float = 0.0

    def offer(self, frame: Frame) -> None:
        self.waiting = frame
        self.wake.set()

    def take(self, moment_s: float) -> list[str]:
        """Frames are sent as they are made or not at all, never kept for later: so a client's turn is the tick
        that comes nearest to the time that is due."""
        frame, self.waiting = self.waiting, None
        if frame is None or moment_s < self.due_s - self.stream.period_s / 2:
            return []
        is_behind = moment_s - self.due_s > self.interval_s
        self.due_s = (moment_s if is_behind else self.due_s) + self.interval_s
        return [frame.text]

    def end(self) -> None:
        self.stream.detach(self)


@dataclass(eq=False, slots=True)
class Reading:
    """A stream of happenings: how far the client has read. What it was too slow for is counted, not sent."""

    stream: FeedStream
    interval_s: float
    wake: asyncio.Event
    message: Message
    has_news: bool = field(default=True, init=False)
    number: int = field(default=0, init=False)
    due_s: float = field(default=0.0, init=False)
    gap: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        feed, since = self.stream.feed, self.message.since
        if since is not None and since[0] == feed.epoch and since[1] <= feed.last:
            self.number = since[1]
            return
        self.number = feed.position_before_last(SNAPSHOT_ITEMS, self.message.filter)
        if since is not None:
            self.gap = self.stream.gap(None)

    def offer(self) -> None:
        self.has_news = True
        self.wake.set()

    def take(self, moment_s: float) -> list[str]:
        if not self.has_news or moment_s < self.due_s:
            return []
        self.due_s = moment_s + self.interval_s
        texts = [self.gap] if self.gap else []
        self.gap = None
        batch = self.stream.batch(self.number, self.message.filter)
        self.number, self.has_news = batch.last, batch.last < self.stream.feed.last
        return texts + batch.texts

    def end(self) -> None:
        self.stream.detach(self)


def subscribe(stream: Stream | FeedStream, message: Message, wake: asyncio.Event) -> Subscription:
    """Begin to watch; the newest comes at once where there is one."""
    interval_s = message.interval_ms / 1000
    if isinstance(stream, FeedStream):
        reading = Reading(stream, interval_s, wake, message)
        stream.attach(reading)
        return reading
    gauge = Gauge(stream, interval_s, wake)
    stream.attach(gauge)
    return gauge

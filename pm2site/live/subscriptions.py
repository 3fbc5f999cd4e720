"""What each client has subscribed to: checks and keeps its subscriptions, and selects the messages that are due."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pm2site.live.event_streams import FeedStream
from pm2site.live.hub import Frame, Source, Stream, get_hub
from pm2site.live.messages import BadMessage, Message
from system.lib.feed import Feed

MAX_SUBSCRIPTIONS = 16  # per client
SNAPSHOT_ITEMS = 100  # past items for a client without `since`


class Subscription(Protocol):
    """One stream of one client."""

    interval_s: float

    def take_due(self, now_s: float) -> list[str]:
        """Removes and returns the messages due at `now_s`."""

    def end(self) -> None: ...


@dataclass(eq=False, slots=True)
class ValueSubscription:
    """A subscription to sampled values: the newest unsent frame, and when the next is due."""

    stream: Stream
    interval_s: float
    wake: asyncio.Event
    pending: Frame | None = None
    due_s: float = 0.0

    def offer(self, frame: Frame) -> None:
        self.pending = frame
        self.wake.set()

    def take_due(self, now_s: float) -> list[str]:
        """A frame is sent when sampled or not at all, never kept for later, so it is sent on the tick nearest to
        the due time."""
        frame, self.pending = self.pending, None
        if frame is None or now_s < self.due_s - self.stream.period_s / 2:
            return []
        is_behind = now_s - self.due_s > self.interval_s
        self.due_s = (now_s if is_behind else self.due_s) + self.interval_s
        return [frame.text]

    def end(self) -> None:
        self.stream.detach(self)


@dataclass(eq=False, slots=True)
class EventSubscription:
    """A subscription to events: the client's position. Items evicted before it read them are counted, not sent."""

    stream: FeedStream
    interval_s: float
    wake: asyncio.Event
    message: Message
    has_new_items: bool = field(default=True, init=False)
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
        self.has_new_items = True
        self.wake.set()

    def take_due(self, now_s: float) -> list[str]:
        if not self.has_new_items or now_s < self.due_s:
            return []
        self.due_s = now_s + self.interval_s
        texts = [self.gap] if self.gap else []
        self.gap = None
        batch = self.stream.batch(self.number, self.message.filter)
        self.number, self.has_new_items = batch.last, batch.last < self.stream.feed.last
        return texts + batch.texts

    def end(self) -> None:
        self.stream.detach(self)


class ClientSubscriptions:
    """The subscriptions of one client, one per stream. `wake` is set when one of them may be due."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.wake = asyncio.Event()
        self._sources = sources
        self._by_stream: dict[str, Subscription] = {}

    def check(self, message: Message) -> None:
        """Raises BadMessage if `subscribe` must not be called with the message."""
        if message.stream not in self._by_stream and len(self._by_stream) >= MAX_SUBSCRIPTIONS:
            text = f"A client may have at most {MAX_SUBSCRIPTIONS} subscriptions."
            raise BadMessage("too_many_subscriptions", text, message.stream, message.id)
        problem = find_filter_problem(self._sources[message.stream], message)
        if problem:
            raise BadMessage("bad_filter", problem, message.stream, message.id)

    def subscribe(self, message: Message) -> None:
        """Subscribes to the message's stream; ends the client's previous subscription to it."""
        previous = self._by_stream.get(message.stream)
        if previous:
            previous.end()
        stream = get_hub(self._sources).streams[message.stream]
        self._by_stream[message.stream] = attach_subscription(stream, message, self.wake)

    def unsubscribe(self, stream: str) -> None:
        """Ends the subscription to the stream, if there is one."""
        subscription = self._by_stream.pop(stream, None)
        if subscription:
            subscription.end()

    def end_all(self) -> None:
        for stream in list(self._by_stream):
            self.unsubscribe(stream)

    def names(self) -> list[str]:
        """The streams, in the order of the subscriptions."""
        return list(self._by_stream)

    def current(self) -> list[Subscription]:
        return list(self._by_stream.values())


def find_filter_problem(source: Source, message: Message) -> str | None:
    """A sentence saying why the message's filter is invalid for the stream; None if it is valid."""
    filters, choices = (source.filters, source.choices) if isinstance(source, Feed) else ({}, {})
    for name, value in message.filter:
        if name not in filters:
            return f"{message.stream} has no filter {name!r}. Filters: {', '.join(filters) or 'none'}."
        if name in choices and value not in choices[name]:
            return f"The filter {name} of {message.stream} must be one of: {', '.join(choices[name])}."
    return None


def attach_subscription(stream: Stream | FeedStream, message: Message, wake: asyncio.Event) -> Subscription:
    """Attaches a new subscription to the stream; the newest frame or items, if any, are due at once."""
    interval_s = message.interval_ms / 1000
    if isinstance(stream, FeedStream):
        events = EventSubscription(stream, interval_s, wake, message)
        stream.attach(events)
        return events
    values = ValueSubscription(stream, interval_s, wake)
    stream.attach(values)
    return values

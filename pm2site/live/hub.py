"""Runs one sampler per stream and offers each frame, encoded once, to all its subscribers."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Protocol

import structlog

from pm2site.http import error_responses
from pm2site.live import messages
from pm2site.live.event_streams import FeedStream
from system.lib.feed import Feed
from system.lib.per_loop import PerLoop
from system.lib.wire import encode_wire, iso_time

log = structlog.get_logger("pm2site.live.hub")

Sample = Callable[[], Awaitable[object]]
Source = Sample | Feed[Any]  # a sampled value, or a feed of events

LINGER_S = 5.0  # keeps the sampler and its baseline while a page reloads
SAMPLE_TIMEOUT_S = 15.0
MAX_BACKOFF_S = 30.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A sample of a stream. `text`: its message for subscribers; `body`: its data as JSON; `etag`: of the body, so that
    equal samples share it; `sampled_at_s`: the loop's time when sampling began. `error`: why there is no sample, in
    which case `text` reports it and `body` is empty.
    """

    seq: int
    text: str
    sampled_at_s: float
    etag: str = ""
    body: bytes = b""
    is_stale: bool = False
    error: Exception | None = None


class Subscriber(Protocol):
    """The part of a subscription that Stream uses."""

    interval_s: float

    def offer(self, frame: Frame) -> None:
        """Takes a newer frame. Must not block."""


class Stream:
    """Samples while it has subscribers, at the shortest of their intervals."""

    def __init__(self, name: str, sample: Sample) -> None:
        self.name = name
        self.sample = sample
        self.epoch = secrets.token_hex(4)
        self.frame: Frame | None = None
        self.period_s = LINGER_S
        self._seq = 0
        self._failures = 0
        self._subscribers: dict[Subscriber, float] = {}  # → the loop's time from which samples are valid for it
        self._task: asyncio.Task[None] | None = None
        self._subscribers_changed = asyncio.Event()
        self._valid_from_s = self._began_s = 0.0  # `_began_s`: when the sampler's last sample began
        self._is_sample_due = False
        self._sampling: tuple[float, asyncio.Task[Frame]] | None = None
        self._next: asyncio.Task[Frame] | None = None

    @property
    def is_sampling(self) -> bool:
        return self._task is not None and not self._task.done()

    def attach(self, subscriber: Subscriber) -> None:
        """Starts offering frames, the newest at once if it is fresh; none sampled before the last `expire`."""
        oldest_s = max(asyncio.get_running_loop().time() - subscriber.interval_s, self._valid_from_s)
        self._subscribers[subscriber] = self._valid_from_s
        self._subscribers_changed.set()
        if not self.is_sampling:
            self._task = asyncio.create_task(self._run(), name=f"sampler of {self.name}")
        elif self.frame and self.frame.sampled_at_s >= oldest_s:
            subscriber.offer(self.frame)
        elif self._began_s < self._valid_from_s:  # no sample that is being taken will be valid
            self._is_sample_due = True

    def detach(self, subscriber: Subscriber) -> None:
        self._subscribers.pop(subscriber, None)
        self._subscribers_changed.set()

    def _shortest_s(self) -> float:
        return min((subscriber.interval_s for subscriber in self._subscribers), default=LINGER_S)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self._subscribers or await self._wait_for_subscriber():
            self._began_s, self._is_sample_due = loop.time(), False
            frame = await self._next_frame()
            self.frame, self.period_s = frame, self._shortest_s()
            for subscriber, valid_from_s in self._subscribers.items():
                if frame.sampled_at_s >= valid_from_s:
                    subscriber.offer(frame)
            due = await self._sleep_until_due(due)
        self.frame = None

    async def _wait_for_subscriber(self) -> bool:
        self._subscribers_changed.clear()
        try:
            async with asyncio.timeout(LINGER_S):
                await self._subscribers_changed.wait()
        except TimeoutError:
            return False
        return True

    async def _sleep_until_due(self, last_due: float) -> float:
        """Sleeps until the next tick, which moves forward if a shorter interval is subscribed meanwhile; not at all
        if a new subscriber has no valid frame."""
        loop = asyncio.get_running_loop()
        while self._subscribers:
            if self._is_sample_due:
                return last_due
            period = self._shortest_s()
            if self._failures:
                period = max(period, min(MAX_BACKOFF_S, 2.0 ** (self._failures - 1)))
            # Missed ticks are skipped; the following ones keep their phase.
            due = last_due + period
            if due <= loop.time() - period:
                due = loop.time()
            self._subscribers_changed.clear()
            try:
                async with asyncio.timeout_at(due):
                    await self._subscribers_changed.wait()
            except TimeoutError:
                return due
        return loop.time()

    async def fresh(self, max_age_s: float) -> Frame:
        """A frame that is at most `max_age_s` old, sampled once for all who wait; with 0, sampled after the call.

        Raises the sample's error.
        """
        now_s = asyncio.get_running_loop().time()
        oldest_s = max(now_s - max_age_s, self._valid_from_s)
        frame = self.frame if self.frame and self.frame.error is None and self.frame.sampled_at_s >= oldest_s else None
        if frame is None:
            shared = self._shared_sample(now_s) if max_age_s > 0 else self._next_sample()
            frame = await asyncio.shield(shared)
        if frame.error is not None:
            raise frame.error
        return frame

    def expire(self) -> None:
        """Frames sampled until now no longer count as fresh."""
        self._valid_from_s = asyncio.get_running_loop().time()

    def _shared_sample(self, now_s: float) -> asyncio.Task[Frame]:
        if self._sampling is None or self._sampling[1].done() or self._sampling[0] < self._valid_from_s:
            self._sampling = now_s, asyncio.create_task(self._sample_once(), name=f"sample of {self.name}")
        return self._sampling[1]

    def _next_sample(self) -> asyncio.Task[Frame]:
        """A sample that begins later than now: after the one that is being taken, for all who wait for that."""
        if self._next is None:
            current = self._sampling[1] if self._sampling else None
            self._next = asyncio.create_task(self._sample_after(current), name=f"next sample of {self.name}")
        return self._next

    async def _sample_after(self, current: asyncio.Task[Frame] | None) -> Frame:
        if current is not None:
            await asyncio.wait([current])
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - it runs as a task
        self._sampling, self._next = (asyncio.get_running_loop().time(), task), None
        return await self._sample_once()

    async def _sample_once(self) -> Frame:
        frame = await self._next_frame()
        if self.frame is None or frame.seq > self.frame.seq:
            self.frame = frame
        return frame

    async def _next_frame(self) -> Frame:
        self._seq += 1
        seq, started_s = self._seq, asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(SAMPLE_TIMEOUT_S):
                sample = await self.sample()
            data = encode_wire(sample)
        except Exception as error:  # noqa: BLE001 - a failed sample must not end the stream for all subscribers
            return Frame(seq, self._failure_message(error), started_s, error=error)
        if self._failures:
            log.info("stream works again", stream=self.name)
        self._failures = 0
        text = messages.encode_metric(self.name, data, iso_time(datetime.now(UTC)), seq, self.epoch)
        is_stale = bool(getattr(sample, "stale", False))
        body = data.encode()
        return Frame(seq, text, started_s, f'"{blake2b(body, digest_size=12).hexdigest()}"', body, is_stale)

    def _failure_message(self, error: Exception) -> str:
        self._failures += 1
        status, code = error_responses.status_and_code(error)
        if self._failures == 1:
            log.warning("stream fails", stream=self.name, code=code, exc_info=error if status == 500 else None)
        message = (
            error_responses.error_message(error, status) if str(error) else f"no sample within {SAMPLE_TIMEOUT_S:g} s"
        )
        return messages.encode_error(code, message, self.name)


class Hub:
    """The streams of one event loop: sampled values and feeds of events."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = dict(sources)
        self.streams = {name: _stream(name, source) for name, source in sources.items()}


def _stream(name: str, source: Source) -> Stream | FeedStream:
    return FeedStream(name, source) if isinstance(source, Feed) else Stream(name, source)


_hubs: PerLoop[Hub] = PerLoop()


def get_hub(sources: Mapping[str, Source]) -> Hub:
    """The running loop's hub, created by the first call."""
    hub = _hubs.get()
    if hub is None or hub.sources != dict(sources):
        hub = _hubs.set(Hub(sources))
    return hub

"""One sampler per stream, however many watch: the newest frame, encoded once, for every subscriber."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import structlog

from pm2site.http import problems
from pm2site.live import messages
from pm2site.live.event_streams import FeedStream
from system.lib.feed import Feed
from system.lib.wire import iso_time, to_wire

log = structlog.get_logger("pm2site.live.hub")

Sample = Callable[[], Awaitable[object]]
Source = Sample | Feed[Any]  # a value that is sampled, or what happens

LINGER_S = 5.0  # a page that is loaded again finds the sampler, and its baseline, still there
SAMPLE_TIMEOUT_S = 15.0
WORST_BACKOFF_S = 30.0


@dataclass(frozen=True, slots=True)
class Frame:
    """What a stream said last: a sample, or why there is none."""

    seq: int
    text: str
    made_at_s: float


class Subscriber(Protocol):
    """What the hub needs of a subscription."""

    interval_s: float

    def offer(self, frame: Frame) -> None:
        """A newer frame is there. Must return at once."""


class Stream:
    """Samples while somebody watches, at the shortest interval that anybody asked for."""

    def __init__(self, name: str, sample: Sample) -> None:
        self.name = name
        self.sample = sample
        self.epoch = secrets.token_hex(4)
        self.frame: Frame | None = None
        self.period_s = LINGER_S
        self._seq = 0
        self._failures = 0
        self._subscribers: dict[Subscriber, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._retune = asyncio.Event()

    @property
    def is_sampling(self) -> bool:
        return self._task is not None and not self._task.done()

    def attach(self, subscriber: Subscriber) -> None:
        """Begin to offer frames, the newest at once when it is fresh."""
        self._subscribers[subscriber] = None
        self._retune.set()
        if not self.is_sampling:
            self._task = asyncio.create_task(self._run(), name=f"sampler of {self.name}")
        elif self.frame and asyncio.get_running_loop().time() - self.frame.made_at_s <= subscriber.interval_s:
            subscriber.offer(self.frame)

    def detach(self, subscriber: Subscriber) -> None:
        self._subscribers.pop(subscriber, None)
        self._retune.set()

    def _shortest_s(self) -> float:
        return min((each.interval_s for each in self._subscribers), default=LINGER_S)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self._subscribers or await self._somebody_comes():
            frame = await self._next_frame()
            self.frame, self.period_s = frame, self._shortest_s()
            for each in self._subscribers:
                each.offer(frame)
            due = await self._until_due(due)
        self.frame = None

    async def _somebody_comes(self) -> bool:
        self._retune.clear()
        try:
            async with asyncio.timeout(LINGER_S):
                await self._retune.wait()
        except TimeoutError:
            return False
        return True

    async def _until_due(self, last_due: float) -> float:
        """Sleep to the next tick, which comes sooner when somebody asks for a shorter interval."""
        loop = asyncio.get_running_loop()
        while self._subscribers:
            period = self._shortest_s()
            if self._failures:
                period = max(period, min(WORST_BACKOFF_S, 2.0 ** (self._failures - 1)))
            # Ticks that were missed are skipped, and the rest keep their places.
            due = last_due + period
            if due <= loop.time() - period:
                due = loop.time()
            self._retune.clear()
            try:
                async with asyncio.timeout_at(due):
                    await self._retune.wait()
            except TimeoutError:
                return due
        return loop.time()

    async def _next_frame(self) -> Frame:
        self._seq += 1
        try:
            async with asyncio.timeout(SAMPLE_TIMEOUT_S):
                data = to_wire(await self.sample())
            text = messages.reply(
                "metric", iso_time(datetime.now(UTC)), stream=self.name, data=data, seq=self._seq, epoch=self.epoch
            )
        except Exception as error:  # noqa: BLE001 - a bad sample must not end the stream for everybody
            text = self._failed(error)
        else:
            if self._failures:
                log.info("stream works again", stream=self.name)
            self._failures = 0
        return Frame(self._seq, text, asyncio.get_running_loop().time())

    def _failed(self, error: Exception) -> str:
        self._failures += 1
        status, code = problems.status_and_code(error)
        if self._failures == 1:
            log.warning("stream fails", stream=self.name, code=code, exc_info=error if status == 500 else None)
        message = problems.error_message(error, status) if str(error) else f"no sample within {SAMPLE_TIMEOUT_S:g} s"
        return messages.error(code, message, self.name)


class Hub:
    """The streams of one event loop: of values that are sampled, and of what happens."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = dict(sources)
        self.streams = {name: _stream(name, source) for name, source in sources.items()}


def _stream(name: str, source: Source) -> Stream | FeedStream:
    return FeedStream(name, source) if isinstance(source, Feed) else Stream(name, source)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub_of(sources: Mapping[str, Source]) -> Hub:
    """The running loop's hub, made with the first call."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None or hub.sources != dict(sources):
        hub = _hubs[loop] = Hub(sources)
    return hub

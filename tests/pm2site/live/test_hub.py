from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

import pytest

from pm2site.live import hub
from pm2site.live.hub import Frame, Stream
from pm2site.live.subscriptions import Gauge


class Watcher:
    """A subscription that keeps what it is offered."""

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s
        self.frames: list[Frame] = []

    def offer(self, frame: Frame) -> None:
        self.frames.append(frame)


async def until(true: Callable[[], object]) -> None:
    ends = time.monotonic() + 30
    while not true():
        assert time.monotonic() < ends
        await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def _short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "LINGER_S", 0.1)


async def test_one_sampler_serves_all_and_ends_with_the_last() -> None:
    samples = 0

    async def sample() -> dict[str, int]:
        nonlocal samples
        samples += 1
        return {"n": samples}

    stream = Stream("s", sample)
    watchers = [Watcher(0.05) for _ in range(50)]
    for watcher in watchers:
        stream.attach(watcher)
    await until(lambda: len(watchers[0].frames) >= 3)
    for watcher in watchers:
        stream.detach(watcher)
    await until(lambda: not stream.is_sampling)

    assert samples == len(watchers[0].frames)
    assert all(watcher.frames == watchers[0].frames for watcher in watchers)
    first = json.loads(watchers[0].frames[0].text)
    assert {key: first[key] for key in ("type", "stream", "data", "seq", "epoch")} == {
        "type": "metric", "stream": "s", "data": {"n": 1}, "seq": 1, "epoch": stream.epoch,
    }  # fmt: skip
    assert stream.frame is None


async def test_the_period_is_the_shortest_interval() -> None:
    async def sample() -> int:
        return 0

    stream, slow, fast = Stream("s", sample), Watcher(30), Watcher(0.05)
    stream.attach(slow)
    await until(lambda: slow.frames)
    stream.attach(fast)  # does not wait for the thirty seconds of the other
    await until(lambda: len(fast.frames) >= 3)
    stream.detach(fast)
    stream.detach(slow)

    assert len(slow.frames) >= 3


async def test_a_late_comer_gets_the_newest_frame_at_once() -> None:
    async def sample() -> int:
        return 0

    stream, first, second = Stream("s", sample), Watcher(10), Watcher(10)
    stream.attach(first)
    await until(lambda: first.frames)
    stream.attach(second)

    assert second.frames == first.frames
    stream.detach(first)
    stream.detach(second)


async def test_a_failing_sample_is_told_and_the_stream_goes_on() -> None:
    answers: list[object] = [ValueError("no"), float("nan"), {"fine": 1}]

    async def sample() -> object:
        answer = answers.pop(0) if answers else {"fine": 1}
        if isinstance(answer, Exception):
            raise answer
        return answer

    stream, watcher = Stream("s", sample), Watcher(0.05)
    stream.attach(watcher)
    await until(lambda: len(watcher.frames) >= 3)
    stream.detach(watcher)

    told = [json.loads(frame.text) for frame in watcher.frames[:3]]
    assert (told[0]["type"], told[0]["code"], told[0]["stream"]) == ("error", "internal_error", "s")
    assert [each.get("data") for each in told[1:]] == [None, {"fine": 1}]


async def test_a_turn_is_the_tick_nearest_to_the_time_that_is_due() -> None:
    async def sample() -> int:
        return 0

    stream = Stream("s", sample)
    stream.period_s = 1.0
    subscription = Gauge(stream, 2.0, asyncio.Event())
    sent = []
    for tick in range(1, 11):
        subscription.offer(Frame(tick, "", 0))
        sent.append(subscription.take(100.0 + tick + (0.3 if tick % 2 else -0.3)) != [])

    assert sent == [True, False] * 5

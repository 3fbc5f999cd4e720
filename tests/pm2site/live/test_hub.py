from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

import pytest

from pm2site.live import hub
from pm2site.live.hub import Frame, Stream
from pm2site.live.subscriptions import ValueSubscription


class RecordingSubscriber:
    """A subscription that records its frames."""

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s
        self.frames: list[Frame] = []

    def offer(self, frame: Frame) -> None:
        self.frames.append(frame)


async def wait_until(is_true: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + 30
    while not is_true():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def _short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "LINGER_S", 0.1)


async def test_one_sampler_serves_all_subscribers_and_ends_with_the_last() -> None:
    samples = 0

    async def sample() -> dict[str, int]:
        nonlocal samples
        samples += 1
        return {"n": samples}

    stream = Stream("s", sample)
    subscribers = [RecordingSubscriber(0.05) for _ in range(50)]
    for subscriber in subscribers:
        stream.attach(subscriber)
    await wait_until(lambda: len(subscribers[0].frames) >= 3)
    for subscriber in subscribers:
        stream.detach(subscriber)
    await wait_until(lambda: not stream.is_sampling)

    assert samples == len(subscribers[0].frames)
    assert all(subscriber.frames == subscribers[0].frames for subscriber in subscribers)
    first = json.loads(subscribers[0].frames[0].text)
    assert {key: first[key] for key in ("type", "stream", "data", "seq", "epoch")} == {
        "type": "metric", "stream": "s", "data": {"n": 1}, "seq": 1, "epoch": stream.epoch,
    }  # fmt: skip
    assert stream.frame is None


async def test_the_period_is_the_shortest_interval() -> None:
    async def sample() -> int:
        return 0

    stream, slow, fast = Stream("s", sample), RecordingSubscriber(30), RecordingSubscriber(0.05)
    stream.attach(slow)
    await wait_until(lambda: slow.frames)
    stream.attach(fast)  # not delayed by the other's thirty seconds
    await wait_until(lambda: len(fast.frames) >= 3)
    stream.detach(fast)
    stream.detach(slow)

    assert len(slow.frames) >= 3


async def test_a_new_subscriber_gets_the_newest_frame_at_once() -> None:
    async def sample() -> int:
        return 0

    stream, first, second = Stream("s", sample), RecordingSubscriber(10), RecordingSubscriber(10)
    stream.attach(first)
    await wait_until(lambda: first.frames)
    stream.attach(second)

    assert second.frames == first.frames
    stream.detach(first)
    stream.detach(second)


@pytest.mark.parametrize("has_others", [False, True])
@pytest.mark.parametrize("is_sampling", [False, True])
async def test_a_new_subscriber_gets_nothing_sampled_before_an_action(has_others: bool, is_sampling: bool) -> None:
    state, may_answer = "before", asyncio.Event()
    may_answer.set()

    async def sample() -> str:
        sampled = state
        await may_answer.wait()
        return sampled

    stream, other, late = Stream("s", sample), RecordingSubscriber(0.05 if is_sampling else 30), RecordingSubscriber(30)
    stream.attach(other)
    await wait_until(lambda: other.frames)
    if is_sampling:  # a sample that began before the action is still being taken
        may_answer.clear()
        started = stream._seq
        await wait_until(lambda: stream._seq > started)
    if not has_others:
        stream.detach(other)
    state = "after"
    stream.expire()
    stream.attach(late)
    may_answer.set()
    await wait_until(lambda: late.frames)
    stream.detach(other)
    stream.detach(late)

    assert json.loads(late.frames[0].text)["data"] == "after"


async def test_a_failed_sample_is_reported_and_the_stream_continues() -> None:
    samples: list[object] = [ValueError("no"), float("nan"), {"fine": 1}]

    async def sample() -> object:
        value = samples.pop(0) if samples else {"fine": 1}
        if isinstance(value, Exception):
            raise value
        return value

    stream, subscriber = Stream("s", sample), RecordingSubscriber(0.05)
    stream.attach(subscriber)
    await wait_until(lambda: len(subscriber.frames) >= 3)
    stream.detach(subscriber)

    messages = [json.loads(frame.text) for frame in subscriber.frames[:3]]
    assert (messages[0]["type"], messages[0]["code"], messages[0]["stream"]) == ("error", "internal_error", "s")
    assert [message.get("data") for message in messages[1:]] == [None, {"fine": 1}]


async def test_a_frame_is_sent_on_the_tick_nearest_to_the_due_time() -> None:
    async def sample() -> int:
        return 0

    stream = Stream("s", sample)
    stream.period_s = 1.0
    subscription = ValueSubscription(stream, 2.0, asyncio.Event())
    sent = []
    for tick in range(1, 11):
        subscription.offer(Frame(tick, "", 0))
        sent.append(subscription.take_due(100.0 + tick + (0.3 if tick % 2 else -0.3)) != [])

    assert sent == [True, False] * 5

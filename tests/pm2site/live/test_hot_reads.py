"""Reads answered from the newest sample: freshness, sharing, ETag, and errors."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from pm2site.health import views as health
from pm2site.live.hot_reads import HotReads, hot_reads, matches
from pm2site.live.hub import Stream
from system.lib.wire import encode_wire


@dataclass
class Sampler:
    """Counts its samples, each of which takes a moment."""

    count: int = 0
    error: Exception | None = None
    stale: bool = False
    starts: list[float] = field(default_factory=list)

    async def __call__(self) -> dict[str, object]:
        self.starts.append(asyncio.get_running_loop().time())
        self.count += 1
        number = self.count
        await asyncio.sleep(0.02)
        if self.error:
            raise self.error
        return {"number": number}


def reads(sampler: Sampler, *, exact: bool = False) -> HotReads:
    return hot_reads({}, {}, {"/x": sampler}, frozenset({"/x"} if exact else ()))


async def number(hot: HotReads) -> int:
    status, _, body = await hot.respond("/x", "")
    assert status == 200
    return int(json.loads(body)["number"])


async def test_all_who_ask_at_once_get_one_sample() -> None:
    sampler = Sampler()
    hot = reads(sampler)

    assert await asyncio.gather(*(number(hot) for _ in range(50))) == [1] * 50
    assert await number(hot) == 1  # still fresh


async def test_an_expired_sample_is_taken_again_even_while_one_is_taken() -> None:
    sampler = Sampler()
    hot = reads(sampler)
    early = asyncio.create_task(number(hot))
    await asyncio.sleep(0)
    await asyncio.sleep(0.005)
    hot.expire()  # an action ended after the sample began

    assert await number(hot) == 2
    assert await early == 1


async def test_an_exact_read_is_sampled_after_its_request_and_shared() -> None:
    sampler = Sampler()
    hot = reads(sampler, exact=True)
    first = asyncio.create_task(number(hot))
    await asyncio.sleep(0.005)
    asked_s = asyncio.get_running_loop().time()
    later = await asyncio.gather(*(number(hot) for _ in range(20)))

    assert (await first, later) == (1, [2] * 20)
    assert sampler.starts[1] >= asked_s
    assert await number(hot) == 3


async def test_an_unchanged_sample_need_not_be_sent_again() -> None:
    hot = reads(Sampler())
    _, headers, body = await hot.respond("/x", "")
    etag = headers["ETag"]

    assert headers == {"Content-Type": "application/json", "ETag": etag, "Cache-Control": "private, no-cache"}
    assert await hot.respond("/x", etag) == (304, {"ETag": etag, "Cache-Control": "private, no-cache"}, b"")
    hot.expire()
    status, _, changed = await hot.respond("/x", etag)
    assert (status, changed == body) == (200, False)


async def test_equal_samples_share_an_etag() -> None:
    async def sample() -> dict[str, int]:
        return {"runs": 3}

    first, second = (hot_reads({}, {}, {"/x": sample}, frozenset({"/x"})) for _ in range(2))  # two servers

    _, headers, _ = await first.respond("/x", "")
    assert (await first.respond("/x", headers["ETag"]))[0] == 304
    assert (await second.respond("/x", headers["ETag"]))[0] == 304


@pytest.mark.parametrize(
    ("header", "expected"),
    [('"a-1"', True), ('W/"a-1"', True), ('"b-1", "a-1"', True), ("*", True), ('"a-2"', False), ("", False)],
)
def test_if_none_match_lists_etags(header: str, expected: bool) -> None:
    assert matches(header, '"a-1"') is expected


async def test_the_error_of_a_sample_is_raised_and_not_kept() -> None:
    sampler = Sampler(error=KeyError("x"))
    hot = reads(sampler)
    with pytest.raises(KeyError):
        await hot.respond("/x", "")
    sampler.error = None

    assert await number(hot) == 2


async def test_a_stale_value_has_no_etag() -> None:
    @dataclass
    class Stale:
        stale: bool = True

    async def sample() -> Stale:
        return Stale()

    hot = hot_reads({}, {}, {"/x": sample}, frozenset())

    assert await hot.respond("/x", "*") == (
        200, {"Content-Type": "application/json", "Cache-Control": "no-store"}, b'{"stale":true}',
    )  # fmt: skip


async def test_liveness_is_never_a_sample() -> None:
    status, headers, body = await reads(Sampler()).respond("/health", "*")

    assert (status, headers["Cache-Control"], sorted(json.loads(body))) == (
        200, "no-store", ["status", "timestamp", "uptime"],
    )  # fmt: skip


@pytest.mark.parametrize("uptime", [0.0, 0.001, 12.5, 31_536_000.123])
def test_liveness_written_by_hand_is_its_json(monkeypatch: pytest.MonkeyPatch, uptime: float) -> None:
    known = health.Health("ok", datetime(2026, 11, 26, 10, 0, 0, 5000, UTC), uptime)
    monkeypatch.setattr(health, "current_health", lambda: known)

    assert health.encoded_health() == encode_wire(known).encode()


async def test_a_read_does_not_replace_a_newer_frame_of_the_stream() -> None:
    stream = Stream("s", Sampler())
    first, second = await asyncio.gather(stream.fresh(0.5), stream.fresh(0.5))

    assert first is second
    assert stream.frame is first

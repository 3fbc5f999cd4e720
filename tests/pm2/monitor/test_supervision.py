from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from pm2.monitor import supervision


async def test_a_task_that_fails_ends_or_is_cancelled_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "RESTART_S", 0.0)
    starts: list[asyncio.Task[None] | None] = []
    goes_on, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        starts.append(asyncio.current_task())
        if len(starts) == 1:
            raise OSError("disk full")
        if len(starts) == 3:
            goes_on.set()
            await asyncio.Event().wait()
        if len(starts) == 4:
            goes_on.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

    supervisor = asyncio.create_task(supervision.keep_running(work, "work"))
    async with asyncio.timeout(30):
        await goes_on.wait()
        goes_on.clear()
        assert starts[2]
        starts[2].cancel()
        await goes_on.wait()
        supervisor.cancel()
        with pytest.raises(asyncio.CancelledError):
            await supervisor

    assert (len(starts), ended.is_set()) == (4, True)


async def test_a_task_that_keeps_failing_is_started_ever_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    now_s = 0.0

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 9:
            raise asyncio.CancelledError

    async def work() -> None:
        nonlocal now_s
        now_s += 100.0 if len(pauses) == 7 else 1.0  # the eighth time it works for long
        raise OSError("read-only file system")

    monkeypatch.setattr(supervision, "time", SimpleNamespace(monotonic=lambda: now_s))
    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await supervision.keep_running(work, "work")

    assert pauses == [1, 2, 4, 8, 16, 30, 30, 1, 2]

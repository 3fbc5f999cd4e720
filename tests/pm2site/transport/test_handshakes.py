"""Handshakes take turns with everything else."""

from __future__ import annotations

import asyncio
from functools import partial

from pm2site.transport.handshakes import SLICE_S, HandshakeQueue


async def test_other_work_runs_between_two_slices() -> None:
    half = SLICE_S / 2
    times = iter([0.0, 0.0, half, 2 * half, 1.0, 1.0, 1.0 + half, 1.0 + 2 * half])  # two handshakes in each slice
    queue, done = HandshakeQueue(lambda: next(times)), list[int]()
    for number in range(4):
        queue.add(partial(done.append, number))

    assert done == []
    await asyncio.sleep(0)
    assert done == [0, 1]
    await asyncio.sleep(0)
    assert done == [0, 1, 2, 3]


async def test_a_handshake_that_fails_does_not_hold_up_the_next() -> None:
    queue, done, errors = HandshakeQueue(), list[str](), list[BaseException]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context["exception"]))
    error = ValueError("x")

    def fail() -> None:
        raise error

    queue.add(fail)
    queue.add(lambda: done.append("next"))
    queue.add(lambda: done.append("last"))
    for _ in range(3):
        await asyncio.sleep(0)

    assert (done, errors) == (["next", "last"], [error])

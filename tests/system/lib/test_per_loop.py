from __future__ import annotations

import asyncio

from system.lib.per_loop import PerLoop


def test_each_event_loop_has_its_own_value() -> None:
    values: PerLoop[list[int]] = PerLoop()

    async def remember(number: int) -> list[list[int] | None]:
        before = values.get()
        kept = values.set([number])
        return [before, values.get(), values.pop(), values.get(), kept]

    assert asyncio.run(remember(1)) == [None, [1], [1], None, [1]]
    assert asyncio.run(remember(2)) == [None, [2], [2], None, [2]]


def test_a_value_goes_with_its_loop() -> None:
    values: PerLoop[list[int]] = PerLoop()

    async def remember() -> None:
        values.set([1])

    asyncio.run(remember())

    assert len(values._values) == 0

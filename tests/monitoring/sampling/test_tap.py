from __future__ import annotations

import logging

import pytest

from monitoring.sampling.tap import Observation, Tap


async def test_a_sample_reaches_the_caller_the_observers_and_those_who_read_the_newest() -> None:
    values = iter((1, 2, 3))
    observed: list[int] = []

    async def sample() -> int:
        return next(values)

    def observe(observation: Observation[int]) -> None:
        observed.append(observation.value)

    tap = Tap("numbers", sample)
    tap.observe(observe)
    tap.observe(observe)
    returned = [await tap.sample(), await tap.sample()]
    tap.ignore(observe)
    await tap.sample()

    assert (returned, observed, tap.samples, tap.errors) == ([1, 2], [1, 2], 3, 0)
    assert tap.newest is not None
    assert (tap.newest.value, 0 <= tap.newest.age_s < 60, tap.cost_s >= tap.newest.cost_s >= 0) == (3, True, True)


async def test_a_failed_sample_is_counted_and_leaves_the_newest() -> None:
    values = iter((1,))

    async def sample() -> int:
        try:
            return next(values)
        except StopIteration:
            raise ConnectionError from None

    tap = Tap("numbers", sample)
    await tap.sample()
    with pytest.raises(ConnectionError):
        await tap.sample()

    assert (tap.samples, tap.errors, tap.newest and tap.newest.value) == (1, 1, 1)


async def test_an_observer_that_fails_harms_neither_the_caller_nor_the_next(caplog: pytest.LogCaptureFixture) -> None:
    observed: list[int] = []

    async def sample() -> int:
        return 7

    def fail(observation: Observation[int]) -> None:
        raise ValueError(observation.value)

    tap = Tap("numbers", sample)
    tap.observe(fail)
    tap.observe(lambda observation: observed.append(observation.value))

    with caplog.at_level(logging.ERROR):
        assert await tap.sample() == 7
    assert observed == [7]
    assert "observer of samples failed" in caplog.text

"""Readings of the real host."""

from __future__ import annotations

import asyncio
import os

import pytest
from asgiref.sync import async_to_sync

from system.host import host_sampler
from tests.system.host.busy_tree import busy_tree


@pytest.mark.real
def test_the_first_sample_is_not_zero() -> None:
    host_sampler._host.reading = host_sampler._host.stats = None
    with busy_tree():
        stats = async_to_sync(host_sampler.sample)()

    assert stats.cpu > 5
    assert len(stats.cpu_per_core) == stats.cpu_count == os.cpu_count()
    assert stats.total_memory > stats.memory > 0


async def test_concurrent_samples_are_the_same_object() -> None:
    first, *others = await asyncio.gather(*(host_sampler.sample() for _ in range(20)))

    assert all(stats is first for stats in others)


def test_sampling_works_from_any_event_loop() -> None:
    assert asyncio.run(host_sampler.sample()).hostname == asyncio.run(host_sampler.sample()).hostname

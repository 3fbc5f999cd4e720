"""Readings of the real host."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from asgiref.sync import async_to_sync

from system.host import host_sampler, usage_counters


@contextmanager
def busy_tree() -> Iterator[int]:
    """A process whose only child keeps one core busy."""
    source = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    process = subprocess.Popen([sys.executable, "-c", source], start_new_session=True)
    try:
        yield process.pid
    finally:
        os.killpg(process.pid, 9)
        process.wait()


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


@pytest.mark.real
def test_a_tree_counts_its_children() -> None:
    with busy_tree() as pid:
        deadline_s = time.monotonic() + 30
        while True:
            usage = asyncio.run(host_sampler.sample_trees([pid, 999_999_999]))
            if pid in usage and usage[pid].cpu_percent > 10 and usage[pid].children == 1:
                break
            assert time.monotonic() < deadline_s, usage
            time.sleep(0.25)
        assert list(usage) == [pid]
        assert usage[pid].memory_bytes > 2**20


@pytest.mark.real
def test_the_first_reading_of_a_busy_process_is_not_zero() -> None:
    with busy_tree() as pid:
        deadline_s = time.monotonic() + 30
        while usage_counters.read({"busy": [pid]}).groups["busy"].cpu_s < 0.5:
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        usage = asyncio.run(host_sampler.sample_trees([pid]))[pid]

    assert 5 < usage.cpu_percent <= 100 * (os.cpu_count() or 1)


def test_a_trees_cpu_is_capped_at_the_machines_capacity() -> None:
    maximum = 100.0 * (os.cpu_count() or 1)

    assert [host_sampler._percent_of(*pair) for pair in ((1e6, -5.0), (-1.0, 2.0), (0.5, 1.0))] == [maximum, 0.0, 50.0]


def test_a_process_that_is_gone_is_omitted() -> None:
    assert asyncio.run(host_sampler.sample_trees([0, -1, 999_999_999])) == {}

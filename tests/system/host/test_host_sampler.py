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

from system.host import counters, host_sampler


@contextmanager
def busy_tree() -> Iterator[int]:
    """A process whose only child burns a core."""
    source = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    process = subprocess.Popen([sys.executable, "-c", source], start_new_session=True)
    try:
        yield process.pid
    finally:
        os.killpg(process.pid, 9)
        process.wait()


@pytest.mark.real
def test_the_first_sample_is_no_false_zero() -> None:
    host_sampler._host.reading = host_sampler._host.stats = None
    with busy_tree():
        stats = async_to_sync(host_sampler.sample)()

    assert stats.cpu > 5
    assert len(stats.cpu_per_core) == stats.cpu_count == os.cpu_count()
    assert stats.total_memory > stats.memory > 0


async def test_samples_at_the_same_moment_are_one() -> None:
    first, *others = await asyncio.gather(*(host_sampler.sample() for _ in range(20)))

    assert all(each is first for each in others)


def test_it_works_from_any_event_loop() -> None:
    assert asyncio.run(host_sampler.sample()).hostname == asyncio.run(host_sampler.sample()).hostname


@pytest.mark.real
def test_a_tree_counts_its_children() -> None:
    with busy_tree() as pid:
        ends = time.monotonic() + 30
        while True:
            usage = asyncio.run(host_sampler.process_trees([pid, 999_999_999]))
            if pid in usage and usage[pid].cpu_percent > 50 and usage[pid].children == 1:
                break
            assert time.monotonic() < ends, usage
            time.sleep(0.25)
        assert list(usage) == [pid]
        assert usage[pid].memory_bytes > 2**20


@pytest.mark.real
def test_the_first_reading_of_a_busy_process_is_no_false_zero() -> None:
    with busy_tree() as pid:
        deadline_s = time.monotonic() + 30
        while counters.read({"it": [pid]}).groups["it"].cpu_s < 0.5:
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        usage = asyncio.run(host_sampler.process_trees([pid]))[pid]

    assert 5 < usage.cpu_percent <= 100 * (os.cpu_count() or 1)


def test_no_tree_is_busier_than_the_machine() -> None:
    most = 100.0 * (os.cpu_count() or 1)

    assert [host_sampler._percent_of(*pair) for pair in ((1e6, -5.0), (-1.0, 2.0), (0.5, 1.0))] == [most, 0.0, 50.0]


def test_a_process_that_is_gone() -> None:
    assert asyncio.run(host_sampler.process_trees([0, -1, 999_999_999])) == {}

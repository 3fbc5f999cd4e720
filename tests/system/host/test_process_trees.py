"""CPU, memory and members of real process trees."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

import psutil
import pytest

from system.host import process_trees, usage_counters
from system.host.process_trees import TreeCounters
from tests.system.host.busy_tree import busy_tree

PARENT = """
import subprocess, sys
subprocess.run([sys.executable, '-c', "import time; ends = time.process_time() + 0.3\\nwhile time.process_time() < ends: pass"])
print(1, flush=True); input()
"""


@pytest.mark.real
def test_a_tree_includes_the_cpu_time_of_reaped_children() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    with process:
        assert process.stdout
        process.stdout.readline()
        groups = usage_counters.read({"once": [process.pid], "twice": [process.pid] * 2}).groups
        alone_s = psutil.Process(process.pid).cpu_times()
        process.communicate(b"\n")

    # The kernel counts in ticks of 10 ms, user and system time by themselves.
    assert groups["once"].cpu_s >= 0.25 > alone_s.user + alone_s.system
    assert (groups["twice"].cpu_s, groups["twice"].processes) == (groups["once"].cpu_s, 1)
    assert groups["once"].memory_bytes > 2**20
    assert groups["once"].read_bytes > 0


def test_a_group_without_live_processes_is_zero() -> None:
    groups = usage_counters.read({"gone": [999_999_999], "none": []}).groups

    assert groups == {"gone": TreeCounters(0.0, 0, 0, 0), "none": TreeCounters(0.0, 0, 0, 0)}


@pytest.mark.real
def test_a_tree_counts_its_children() -> None:
    with busy_tree() as pid:
        deadline_s = time.monotonic() + 30
        while True:
            usage = asyncio.run(process_trees.sample_trees([pid, 999_999_999]))
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
        usage = asyncio.run(process_trees.sample_trees([pid]))[pid]

    assert 5 < usage.cpu_percent <= 100 * (os.cpu_count() or 1)


def test_a_trees_cpu_is_capped_at_the_machines_capacity() -> None:
    maximum = 100.0 * (os.cpu_count() or 1)

    assert [process_trees._percent_of(*pair) for pair in ((1e6, -5.0), (-1.0, 2.0), (0.5, 1.0))] == [maximum, 0.0, 50.0]


def test_a_process_that_is_gone_is_omitted() -> None:
    assert asyncio.run(process_trees.sample_trees([0, -1, 999_999_999])) == {}

"""Times since boot need neither the wall clock nor /proc/stat."""

from __future__ import annotations

import asyncio
import os
import time

import psutil
import pytest

from system.host import boot_clock, child_processes, process_trees


@pytest.fixture
def hidden_proc_stat(monkeypatch: pytest.MonkeyPatch) -> None:
    """psutil without /proc/stat, in which the time of the boot is."""

    def refuse(*arguments: object) -> None:
        raise RuntimeError("line 'btime' not found in /proc/stat")

    for name in ("boot_time", "cpu_times"):
        monkeypatch.setattr(psutil, name, refuse)
    monkeypatch.setattr(psutil.Process, "create_time", refuse)


def test_now_and_the_start_of_a_process_are_on_one_clock() -> None:
    started_s = boot_clock.started_at_s(os.getpid())
    age_s = time.time() - psutil.Process().create_time()

    assert abs(boot_clock.seconds_since_boot() - (time.time() - psutil.boot_time())) < 5
    assert abs(boot_clock.age_s(started_s) - age_s) < 5


@pytest.mark.usefixtures("hidden_proc_stat")
def test_processes_are_identified_and_measured_without_proc_stat() -> None:
    identity = child_processes.identify(os.getpid())
    usage = asyncio.run(process_trees.sample_trees([os.getpid()]))[os.getpid()]

    assert identity == child_processes.Identity(os.getpid(), boot_clock.started_at_s(os.getpid()), boot_clock.boot_id())
    assert usage.memory_bytes > 2**20
    assert usage.cpu_percent > 0

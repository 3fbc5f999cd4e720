from __future__ import annotations

import os
import socket
import subprocess
import sys

import psutil
import pytest

from system.host import usage_counters
from system.host.usage_counters import TreeCounters

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

    assert groups["once"].cpu_s >= 0.3 > alone_s.user + alone_s.system
    assert (groups["twice"].cpu_s, groups["twice"].processes) == (groups["once"].cpu_s, 1)
    assert groups["once"].memory_bytes > 2**20
    assert groups["once"].read_bytes > 0


def test_a_group_without_live_processes_is_zero() -> None:
    groups = usage_counters.read({"gone": [999_999_999], "none": []}).groups

    assert groups == {"gone": TreeCounters(0.0, 0, 0, 0), "none": TreeCounters(0.0, 0, 0, 0)}


def test_busy_time_does_not_exceed_total_time() -> None:
    before, after = usage_counters.read({}), usage_counters.read({})

    assert 0 <= after.busy_s - before.busy_s <= after.total_s - before.total_s + 0.1
    assert after.monotonic_s > before.monotonic_s


def test_the_processes_serving_a_port_hold_its_connections_or_listen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert usage_counters.pids_serving(port) == (os.getpid(),)
        with socket.create_connection(("127.0.0.1", port)), listening.accept()[0]:
            assert usage_counters.pids_serving(port) == (os.getpid(),)

    assert usage_counters.pids_serving(port) == ()


@pytest.mark.real
def test_processes_are_found_by_name() -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        assert process.pid in usage_counters.pids_by_name(("sleep",))
    finally:
        process.kill()
        process.wait()

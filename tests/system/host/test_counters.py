from __future__ import annotations

import os
import socket
import subprocess
import sys

import psutil
import pytest

from system.host import counters
from system.host.counters import Account

PARENT = """
import subprocess, sys
subprocess.run([sys.executable, '-c', "import time; ends = time.process_time() + 0.3\\nwhile time.process_time() < ends: pass"])
print(1, flush=True); input()
"""


@pytest.mark.real
def test_a_tree_keeps_the_cpu_of_children_that_ended() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    with process:
        assert process.stdout
        process.stdout.readline()
        read = counters.read({"once": [process.pid], "twice": [process.pid] * 2}).groups
        alone_s = psutil.Process(process.pid).cpu_times()
        process.communicate(b"\n")

    assert read["once"].cpu_s >= 0.3 > alone_s.user + alone_s.system
    assert (read["twice"].cpu_s, read["twice"].processes) == (read["once"].cpu_s, 1)
    assert read["once"].memory_bytes > 2**20
    assert read["once"].read_bytes > 0


def test_a_group_of_nobody_is_empty() -> None:
    read = counters.read({"gone": [999_999_999], "none": []}).groups

    assert read == {"gone": Account(0.0, 0, 0, 0), "none": Account(0.0, 0, 0, 0)}


def test_the_host_is_never_busier_than_it_has_time() -> None:
    before, after = counters.read({}), counters.read({})

    assert 0 <= after.busy_s - before.busy_s <= after.total_s - before.total_s + 0.1
    assert after.monotonic_s > before.monotonic_s


def test_who_serves_a_port_holds_its_connections_or_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert counters.serving(port) == (os.getpid(),)
        with socket.create_connection(("127.0.0.1", port)), listening.accept()[0]:
            assert counters.serving(port) == (os.getpid(),)

    assert counters.serving(port) == ()


@pytest.mark.real
def test_processes_are_found_by_name() -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        assert process.pid in counters.named(("sleep",))
    finally:
        process.kill()
        process.wait()

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from system.host import process_lookup
from system.host.child_processes import identify


@pytest.mark.real
def test_processes_in_a_folder(tmp_path: Path) -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60 & wait"], cwd=tmp_path, start_new_session=True) as shell:
        while len(processes := process_lookup.processes_in([tmp_path])) < 2:
            pass
        os.killpg(shell.pid, 9)

    assert {(process.identity.pid == shell.pid, process.is_group_leader) for process in processes} == {
        (True, True),
        (False, False),
    }
    assert process_lookup.inspect_process(shell.pid) is None


def test_the_listener_of_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        listener = process_lookup.find_listener(port)

    assert listener
    assert listener.identity == identify(os.getpid())
    assert process_lookup.find_listener(port) is None


def test_the_processes_serving_a_port_hold_its_connections_or_listen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert process_lookup.pids_serving(port) == (os.getpid(),)
        with socket.create_connection(("127.0.0.1", port)), listening.accept()[0]:
            assert process_lookup.pids_serving(port) == (os.getpid(),)

    assert process_lookup.pids_serving(port) == ()


@pytest.mark.real
def test_processes_are_found_by_name() -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        assert process.pid in process_lookup.pids_by_name(("sleep",))
    finally:
        process.kill()
        process.wait()

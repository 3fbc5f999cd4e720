from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from system.host import process_table
from system.host.child_processes import identify


@pytest.mark.real
def test_who_works_in_a_folder(tmp_path: Path) -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60 & wait"], cwd=tmp_path, start_new_session=True) as shell:
        while len(seen := process_table.working_in([tmp_path])) < 2:
            pass
        os.killpg(shell.pid, 9)

    assert {(each.identity.pid == shell.pid, each.leads) for each in seen} == {(True, True), (False, False)}
    assert process_table.see(shell.pid) is None


def test_who_listens_on_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        holder = process_table.listener(port)

    assert holder
    assert holder.identity == identify(os.getpid())
    assert process_table.listener(port) is None

"""The process of an operation may be killed at any moment: the next operation works, and nothing is left over."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rediscluster.nodes import manifest, operation_lock
from rediscluster.operations import cluster
from tests.fixtures.cluster import BASE_PORT, pids_in, six_nodes
from tests.fixtures.server import ROOT

pytestmark = pytest.mark.real


def manage(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    env = os.environ | {"REDIS_CLUSTER_DIR": str(folder), "REDIS_BASE_PORT": str(BASE_PORT)}
    argv = [sys.executable, str(ROOT / "manage.py"), "rediscluster", *arguments]
    return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kill_when(folder: Path, condition: Callable[[], bool], *arguments: str) -> None:
    """Run the command, send it SIGKILL as soon as the condition holds, and wait until its lock is free.

    A child that was forked, but has yet to execute redis-server, holds the lock a moment longer than the command.
    """
    with manage(folder, *arguments) as command:
        deadline = time.monotonic() + 30
        while command.poll() is None and not condition() and time.monotonic() < deadline:
            time.sleep(0.0005)
        command.send_signal(signal.SIGKILL)
    while operation_lock.current_operation() and time.monotonic() < deadline:
        time.sleep(0.005)


@pytest.mark.parametrize("started", [1, 6])
async def test_setup_after_a_setup_that_was_killed(cluster_folder: Path, started: int) -> None:
    """Killed after the first node has started, and after all have."""
    kill_when(
        cluster_folder,
        lambda: (cluster_folder / manifest.FILE_NAME).exists() and len(pids_in(cluster_folder)) >= started,
        "setup", "-n", "6",
    )  # fmt: skip

    formed = await cluster.setup(six_nodes())

    assert formed.cluster
    assert (formed.cluster.slots_ok, len(pids_in(cluster_folder))) == (16384, 6)


async def test_stop_and_clean_after_those_that_were_killed(cluster_folder: Path) -> None:
    await cluster.setup(six_nodes())

    kill_when(cluster_folder, lambda: len(pids_in(cluster_folder)) < 6, "stop")
    await cluster.stop()
    assert pids_in(cluster_folder) == []

    await cluster.resume()
    kill_when(cluster_folder, lambda: len(pids_in(cluster_folder)) < random.randint(0, 6), "clean", "--yes")
    await cluster.clean()
    assert (pids_in(cluster_folder), cluster_folder.exists()) == ([], False)


async def test_clean_removes_the_empty_folder_of_a_clean_that_was_killed(cluster_folder: Path) -> None:
    cluster_folder.mkdir()

    assert (await cluster.clean()).message == "There is nothing to clean."
    assert not cluster_folder.exists()

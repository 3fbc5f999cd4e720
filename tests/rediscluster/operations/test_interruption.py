"""The process of an operation may be killed at any moment: the next operation works, and nothing is left over."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rediscluster.errors import OperationCancelled
from rediscluster.nodes import manifest, operation_lock, server
from rediscluster.nodes.client import NodeConnection
from rediscluster.operations import cluster
from rediscluster.operations.result import OperationResult
from rediscluster.status import queries
from system.host.child_processes import Identity
from tests.fixtures.cluster import BASE_PORT, pids_in, six_nodes, three_masters
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_a_setup_that_is_ended_by_a_signal_undoes_itself(cluster_folder: Path, number: signal.Signals) -> None:
    with manage(cluster_folder, "setup", "-n", "6") as command:
        while command.poll() is None and not pids_in(cluster_folder):
            await asyncio.sleep(0.001)
        command.send_signal(number)
        _output, errors = command.communicate(timeout=60)

    word = "Interrupted" if number == signal.SIGINT else "Terminated"
    assert (command.returncode, errors.splitlines()[-1]) == (
        130 if number == signal.SIGINT else 143, f"[ERROR] {word}. An unfinished setup was rolled back.",
    )  # fmt: skip
    assert pids_in(cluster_folder) == []
    assert (await queries.fetch_status()).message == "The setup failed: it was interrupted, and undone."
    assert (await cluster.setup(six_nodes())).changed


async def setup_until(condition: Callable[[], bool]) -> asyncio.Task[OperationResult]:
    """A setup that has reached the condition and continues."""
    running = asyncio.create_task(cluster.setup(six_nodes()))
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        await asyncio.sleep(0.001)
    return running


@pytest.mark.parametrize("started", [0, 1, 6])
async def test_a_shutdown_undoes_a_setup(cluster_folder: Path, started: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In any phase; also while a thread starts the nodes, which nobody can stop."""
    monkeypatch.setattr(cluster, "FINISH_S", 0.0)
    running = await setup_until(lambda: cluster_folder.exists() and len(pids_in(cluster_folder)) >= started)

    await cluster.shut_down()

    with pytest.raises(OperationCancelled) as caught:
        await running
    assert str(caught.value) == "The server is shutting down: setup was cancelled and undone."
    assert (pids_in(cluster_folder), operation_lock.current_operation()) == ([], None)
    with pytest.raises(OperationCancelled):
        await cluster.resume()
    status = await queries.fetch_status()
    assert (status.state, status.message) == ("failed", "The setup failed: it was interrupted, and undone.")
    next_server = await asyncio.to_thread(lambda: asyncio.run(cluster.setup(six_nodes())))
    assert next_server.changed


async def test_a_shutdown_undoes_a_setup_whose_node_is_suspended(
    cluster_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "FINISH_S", 0.0)
    running = await setup_until(lambda: len(pids_in(cluster_folder)) == 6)
    os.kill(pids_in(cluster_folder)[0], signal.SIGSTOP)

    await cluster.shut_down()

    with pytest.raises(OperationCancelled):
        await running
    assert pids_in(cluster_folder) == []


async def test_a_shutdown_lets_an_operation_finish_that_is_almost_done(cluster_folder: Path) -> None:
    await cluster.setup(three_masters())
    running = asyncio.create_task(cluster.clean(confirm=True))
    await asyncio.sleep(0)

    await cluster.shut_down()

    assert (await running).success
    assert pids_in(cluster_folder) == []


async def test_a_shutdown_ends_a_stop_that_would_take_longer(
    cluster_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that is suspended while it stops cannot save its keys: it is left as it is."""
    monkeypatch.setattr(cluster, "FINISH_S", 0.0)
    await cluster.setup(three_masters())
    stop_node, reached = server.stop_node, asyncio.Event()

    async def stop_suspended_node(node: NodeConnection, process: Identity, *, save: bool) -> None:
        os.kill(process.pid, signal.SIGSTOP)
        reached.set()
        await stop_node(node, process, save=save)

    monkeypatch.setattr(server, "stop_node", stop_suspended_node)
    running = asyncio.create_task(cluster.stop())
    await reached.wait()

    await cluster.shut_down()

    with pytest.raises(OperationCancelled) as caught:
        await running
    assert str(caught.value) == ("The server is shutting down: stop was cancelled before it had finished; repeat it.")
    monkeypatch.undo()
    stopped = await asyncio.to_thread(lambda: asyncio.run(cluster.stop()))
    assert (stopped.changed, pids_in(cluster_folder)) == (True, [])


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

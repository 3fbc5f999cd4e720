"""Nodes that die, hang or lose their files, and foreign files and processes in the way."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from rediscluster.errors import (
    ClusterAbsent,
    DiskFull,
    FolderNotWritable,
    ManifestUnreadable,
    NodeFailed,
    NodesConfUnreadable,
    NotOurs,
    PortTaken,
    SaveFailed,
    ServerTooOld,
)
from rediscluster.nodes import addresses, manifest, node_files, server
from rediscluster.operations import cluster, form_cluster
from rediscluster.status import cluster_sampler, queries
from rediscluster.status.node_stats import NodeStats
from system.errors import BinaryMissing
from system.host import binaries, child_processes
from system.host.child_processes import Identity, identify
from tests.fixtures.cluster import FIRST, FOURTH, SECOND, THIRD, pids_in, six_nodes, three_masters
from tests.fixtures.redis import connection, redis_server, wait_until
from tests.rediscluster.operations.test_interruption import manage

DEADLINE_S = 40.0


async def until(fetch: Callable[[], Awaitable[Any]], condition: Callable[[Any], object]) -> Any:
    deadline = time.monotonic() + DEADLINE_S
    while not condition(value := await fetch()):
        assert time.monotonic() < deadline, value
        await asyncio.sleep(0.05)
    return value


def process_of(port: int) -> Identity:
    saved = manifest.load()
    assert saved
    process = next(node.process for node in saved.nodes if node.port == port)
    assert process
    return process


async def node_on(port: int) -> NodeStats:
    return next(node for node in (await cluster_sampler.sample()).stats if node.port == port)


async def test_a_killed_master_is_replaced_and_comes_back_as_replica(cluster_folder: Path) -> None:
    await cluster.setup(six_nodes())
    await cluster_sampler.sample()
    with closing(connection(FIRST)) as master:
        master.set("{06S}kept", "yes")  # a slot of the first shard

    os.kill(process_of(FIRST).pid, signal.SIGKILL)

    dead = await until(lambda: node_on(FIRST), lambda node: node.state == "down")
    assert (dead.reason, dead.ops_per_second, dead.keys, dead.memory_bytes) == ("connection refused", None, None, None)
    back = await until(queries.fetch_status, lambda status: status.message.endswith("served."))
    assert back.message == f"Node {FIRST} is down (connection refused); all slots are served."
    assert (back.state, back.next_step.split(":")[0]) == ("running", "Resume it")
    with manage(cluster_folder, "status") as command:
        output, _ = command.communicate(timeout=60)
    assert (output.splitlines()[0], command.returncode) == (f"running: {back.message}", 1)
    promoted = await node_on(FOURTH)
    assert (promoted.role, promoted.slot_ranges) == ("master", ("0-5460",))
    assert (await cluster_sampler.sample()).cluster.failovers == 1

    resumed = await cluster.resume()
    assert resumed.message.startswith(f"Resumed node {FIRST} in ")
    restarted = await node_on(FIRST)
    assert (restarted.role, restarted.master_port, restarted.link_up) == ("replica", FOURTH, True)
    assert (await queries.fetch_status()).state == "running"
    with closing(connection(FOURTH)) as master:
        assert master.get("{06S}kept") == "yes"


async def test_the_slots_of_a_killed_master_without_a_replica_are_named(cluster_folder: Path) -> None:
    await cluster.setup(three_masters())
    await cluster_sampler.sample()

    os.kill(process_of(SECOND).pid, signal.SIGKILL)
    status = await until(queries.fetch_status, lambda status: status.state == "degraded")

    assert status.message == (
        f"Node {SECOND} is down (connection refused); slots 5461-10922 have no master, and their keys are unavailable."
    )
    assert (await cluster.resume()).changed
    assert (await queries.fetch_status()).state == "running"


async def test_a_master_killed_a_moment_before_resume_is_not_brought_back_empty(cluster_folder: Path) -> None:
    await cluster.setup(six_nodes())
    with closing(connection(FIRST)) as master:
        master.set("{06S}kept", "yes")
        master.wait(1, 5000)

    killed = process_of(FIRST)
    os.kill(killed.pid, signal.SIGKILL)
    wait_until(lambda: not child_processes.is_alive(killed), "the kernel has ended the process")
    await cluster.resume()

    with closing(connection(FOURTH)) as promoted:
        assert promoted.get("{06S}kept") == "yes"


async def test_a_suspended_node_delays_no_other_and_keeps_its_keys(cluster_folder: Path) -> None:
    await cluster.setup(three_masters())
    with closing(connection(FIRST)) as node:
        node.set("{06S}kept", "yes")
    await cluster_sampler.sample()
    os.kill(process_of(FIRST).pid, signal.SIGSTOP)
    cluster_sampler.invalidate()

    stats = (await cluster_sampler.sample()).stats

    assert [(node.port, node.state) for node in stats] == [(FIRST, "unresponsive"), (SECOND, "up"), (THIRD, "up")]
    assert (stats[0].reason, stats[0].ops_per_second) == ("no reply within 0.5 s", None)
    assert (await cluster.stop()).message.endswith("; 1 key saved.")
    assert pids_in(cluster_folder) == []


async def test_a_foreign_redis_is_shown_used_and_left_alone(cluster_folder: Path) -> None:
    with redis_server(FIRST) as pid, closing(connection(FIRST)) as foreign:
        foreign.set("theirs", "kept")

        with pytest.raises(PortTaken, match=rf"Port {FIRST} is in use by redis-server \(pid {pid}\)"):
            await cluster.setup(six_nodes())
        for operation in (cluster.stop, cluster.resume):
            with pytest.raises(ClusterAbsent):
                await operation()
        assert (await cluster.clean(confirm=True)).deleted == ()

        node = await node_on(FIRST)
        assert (node.owner, node.role, node.keys, node.pid) == ("other", "standalone", 1, pid)
        status = await queries.fetch_status()
        assert (status.state, status.owner) == ("running", "other")
        assert status.message == f"A Redis server on {FIRST} that this server did not start is working."
        assert list(addresses.redis_ports()) == [FIRST]
        assert foreign.get("theirs") == "kept"

        foreign.config_set("requirepass", "secret")
        for forget in (cluster_sampler.invalidate, cluster_sampler.reset):
            forget()
            closed = await node_on(FIRST)
            assert (closed.owner, closed.state, closed.reason) == ("other", "up", "it requires a password")
            assert (await queries.fetch_status()).message == (
                f"A Redis server on {FIRST} that this server did not start cannot be inspected: it requires a password."
            )


async def test_a_foreign_redis_on_the_port_of_a_stopped_node(cluster_folder: Path) -> None:
    await cluster.setup(three_masters())
    await cluster.stop()
    with redis_server(SECOND) as pid, closing(connection(SECOND)) as foreign:
        foreign.set("theirs", "kept")

        with pytest.raises(PortTaken, match=f"Port {SECOND} is in use"):
            await cluster.resume()
        assert pids_in(cluster_folder) == []
        assert (await node_on(SECOND)).owner == "other"
        assert list(addresses.redis_ports()) == [FIRST, SECOND, THIRD]
        await cluster.stop()
        await cluster.clean(confirm=True)

        assert (foreign.get("theirs"), foreign.info("server")["process_id"]) == ("kept", pid)


async def test_processes_that_are_not_ours_are_not_signalled(cluster_folder: Path) -> None:
    await cluster.setup(three_masters())
    with subprocess.Popen(["sleep", "60"], cwd=cluster_folder / str(SECOND), start_new_session=True) as foreign:
        with pytest.raises(NotOurs, match=rf"sleep \(pid {foreign.pid}\) is running in .*/{SECOND}"):
            await cluster.stop()
        assert foreign.poll() is None
        foreign.kill()
    await cluster.stop()
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as innocent:
        saved = manifest.load()
        assert saved
        manifest.save(replace(saved.with_process(FIRST, identify(innocent.pid)), state=manifest.RUNNING))

        await cluster.stop()
        await cluster.clean(confirm=True)

        assert innocent.poll() is None
        innocent.kill()


async def test_what_is_not_ours_is_not_deleted(cluster_folder: Path) -> None:
    await cluster.setup(three_masters())
    await cluster.stop()
    (cluster_folder / "notes.txt").write_text("mine")
    elsewhere = cluster_folder.parent / "elsewhere"
    (cluster_folder / str(SECOND)).rename(elsewhere)
    (cluster_folder / str(SECOND)).symlink_to(elsewhere)

    with pytest.raises(NotOurs, match=f"{SECOND} is a symlink"):
        await cluster.clean(confirm=True)
    assert (elsewhere / "nodes.conf").exists()
    assert (cluster_folder / str(FIRST) / "nodes.conf").exists()

    (cluster_folder / str(SECOND)).unlink()
    elsewhere.rename(cluster_folder / str(SECOND))
    (cluster_folder / str(THIRD) / "dump.rdb").unlink()
    (cluster_folder / str(THIRD) / "dump.rdb").symlink_to(cluster_folder / "notes.txt")
    (cluster_folder / str(THIRD) / "temp-12.rdb").write_text("of a save that was killed")
    (cluster_folder / str(FIRST) / "extra").mkdir()
    before = sorted(cluster_folder.rglob("*"))
    with pytest.raises(NotOurs, match=rf"this server: {FIRST}/extra, {THIRD}/dump.rdb. Nothing was changed") as caught:
        await cluster.clean(confirm=True)
    assert caught.value.fields == {"left": [f"{FIRST}/extra", f"{THIRD}/dump.rdb"]}
    assert sorted(cluster_folder.rglob("*")) == before

    (cluster_folder / str(THIRD) / "dump.rdb").unlink()
    (cluster_folder / str(FIRST) / "extra").rmdir()
    cleaned = await cluster.clean(confirm=True)
    assert (cleaned.left, list(cluster_folder.iterdir())) == (("notes.txt",), [cluster_folder / "notes.txt"])
    assert cleaned.message.endswith("Left alone, because not ours: notes.txt.")

    with pytest.raises(
        NotOurs, match=r"not written by Redis or this server: notes.txt\. Nothing was changed; set REDIS"
    ):
        await cluster.setup(three_masters())
    (cluster_folder / "notes.txt").unlink()
    (cluster_folder / str(THIRD)).mkdir()
    for name, reason in (
        ("dump.rdb", "belongs to a cluster that this server did not set up"),
        ("notes.txt", "Nothing was changed"),
    ):
        (cluster_folder / str(THIRD) / name).write_text("mine")
        with pytest.raises(NotOurs, match=reason):
            await cluster.setup(three_masters())
        assert (cluster_folder / str(THIRD) / name).read_text() == "mine"


def names_in(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()} if folder.exists() else set()


@pytest.mark.parametrize("folder", ["/", "/etc", "home", "/proc/cluster"])
async def test_a_folder_of_others_is_refused(
    cluster_folder: Path, settings: Settings, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".bashrc").touch()
    settings.REDIS_CLUSTER_DIR = tmp_path / folder
    before = names_in(tmp_path / folder)

    for operation in (cluster.setup(three_masters()), cluster.stop(), cluster.resume(), cluster.clean(confirm=True)):
        with pytest.raises((NotOurs, FolderNotWritable), match="REDIS_CLUSTER_DIR"):
            await operation

    status = await queries.fetch_status()
    assert status.state == "absent"
    assert names_in(tmp_path / folder) == before
    if before:
        assert "contains entries not written by Redis or this server" in status.warnings[0]
    lock = Path(settings.REDIS_CLUSTER_DIR).parent / f"{Path(settings.REDIS_CLUSTER_DIR).name}.lock"
    assert not lock.exists()


async def test_an_unreadable_manifest_is_a_state(cluster_folder: Path) -> None:
    await cluster.setup(three_masters())
    path = cluster_folder / manifest.FILE_NAME
    content = path.read_text()
    path.write_text(content.replace(f'"port": {SECOND}', f'"port": "{SECOND}"'))
    cluster_sampler.reset()

    status, stats = await queries.fetch_status(), await cluster_sampler.sample()

    assert (status.state, status.owner, status.manifest) == ("failed", "ours", None)
    assert status.message == f"{path} cannot be read: 'port' is '{SECOND}'."
    assert status.next_step == "Restore it, or stop the nodes and move its folder away."
    assert [(node.port, node.owner, node.state) for node in stats.stats] == [
        (port, "ours", "up") for port in (FIRST, SECOND, THIRD)
    ]
    for operation in (cluster.setup(three_masters()), cluster.stop(), cluster.resume(), cluster.clean(confirm=True)):
        with pytest.raises(ManifestUnreadable):
            await operation
    path.write_text(content)
    assert (await cluster.stop()).changed


async def test_a_node_that_is_killed_during_setup_ends_it_at_once(cluster_folder: Path) -> None:
    setup = asyncio.create_task(cluster.setup(six_nodes()))
    log = cluster_folder / str(FOURTH) / "redis.log"
    while not (log.is_file() and "Connecting to MASTER" in log.read_text()):
        await asyncio.sleep(0.01)
    [killed] = pids_in(log.parent)
    os.kill(killed, signal.SIGKILL)
    killed_s = time.monotonic()

    with pytest.raises(NodeFailed, match=f"The node on {FOURTH} failed: it exited; its last log line is: ") as caught:
        await setup

    assert time.monotonic() - killed_s < form_cluster.READY_TIMEOUT_S  # the wait for the cluster was given up
    assert caught.value.fields
    assert caught.value.fields["log"] == node_files.read_log_tail(FOURTH)
    assert pids_in(cluster_folder) == []


async def test_a_damaged_nodes_conf(cluster_folder: Path) -> None:
    await cluster.setup(three_masters())
    await cluster.stop()
    nodes_conf = cluster_folder / str(SECOND) / "nodes.conf"

    for text, problem in (("nonsense here\n", "damaged"), ("", "missing or empty")):
        nodes_conf.write_text(text)
        with pytest.raises(NodesConfUnreadable, match=f"The node on {SECOND} failed: its nodes.conf is {problem}"):
            await cluster.resume()
        assert pids_in(cluster_folder) == []
        assert (await queries.fetch_status()).state == "stopped"


async def test_a_node_that_cannot_save_keeps_running(cluster_folder: Path) -> None:
    await cluster.setup(three_masters())
    pid = process_of(SECOND).pid
    (cluster_folder / str(SECOND) / f"temp-{pid}.rdb").symlink_to("/dev/full")  # what it writes before dump.rdb

    with pytest.raises(SaveFailed) as caught:
        await cluster.stop()
    assert f"node on {SECOND} could not save its keys and is still running; nothing is lost" in str(caught.value)
    assert "No space left on device" in str(caught.value.fields)
    assert (await node_on(SECOND)).state == "up"

    assert (await cluster.stop()).message.startswith("Stopped 1 node")


async def test_a_disk_that_is_full_when_the_nodes_have_started(cluster_folder: Path) -> None:
    """A limit on the size of files leaves room for the first cluster.json, and none for the one with the processes."""
    program = server.find_program()
    node_files.create_cluster_folder()
    manifest.save(manifest.new_manifest(three_masters(), program.path, program.version))
    first_bytes = (cluster_folder / manifest.FILE_NAME).stat().st_size
    manifest.remove()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (first_bytes + 50, before[1]))
    try:
        with pytest.raises(DiskFull, match=r"No space left on disk: .*/cluster.json could not be written. Free some"):
            await cluster.setup(three_masters())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert pids_in(cluster_folder) == []
    assert (await cluster.setup(three_masters())).changed


@contextmanager
def full_disk() -> Iterator[None]:
    """Like a full disk for this process: none of its files may grow. The nodes have their own limits."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_cluster_is_stopped_and_cleaned_on_a_full_disk(cluster_folder: Path) -> None:
    await cluster.setup(three_masters())
    with full_disk():
        stopped = await cluster.stop(discard=True)
        status = await queries.fetch_status()

    assert (stopped.message.partition(" in ")[0], pids_in(cluster_folder)) == ("Stopped 3 nodes", [])
    file = cluster_folder / manifest.FILE_NAME
    assert stopped.warnings == (f"No space left on disk: {file} could not be written. Free some and try again.",)
    assert status.state == "stopped"
    assert (await cluster.resume()).changed
    with full_disk():
        cleaned = await cluster.clean(confirm=True)

    assert cleaned.message.startswith("Deleted the cluster: 3 nodes")
    assert (pids_in(cluster_folder), cluster_folder.exists()) == ([], False)


def pretend_server(folder: Path, script: str) -> str:
    path = folder / "redis-server"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


async def test_a_redis_server_that_is_missing_or_unfit(
    cluster_folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.REDIS_SERVER = pretend_server(tmp_path, "echo Redis server v=6.2.14")
    with pytest.raises(ServerTooOld, match=r"is version 6.2.14; a cluster needs 7.0 or newer"):
        await cluster.setup(three_masters())
    assert not cluster_folder.exists()

    settings.REDIS_SERVER = pretend_server(
        tmp_path, '[ "$1" = --version ] && echo v=7.2.12 && exit; echo no luck; exit 3'
    )
    with pytest.raises(NodeFailed, match="it exited; its last log line is: no luck"):
        await cluster.setup(three_masters())
    assert (cluster_folder / str(FIRST) / "redis.log").read_text() == "no luck\n"
    failed = await queries.fetch_status()
    assert (failed.state, failed.next_step.split(";")[0]) == ("failed", "Set it up again")
    assert failed.message.startswith(f"The setup failed: The node on {FIRST} failed: it exited")

    settings.REDIS_SERVER = ""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(binaries, "_from_wheel", lambda name: None)
    with pytest.raises(BinaryMissing, match="redis-server is not installed"):
        await cluster.setup(three_masters())
    monkeypatch.undo()
    assert (await cluster.setup(three_masters())).changed

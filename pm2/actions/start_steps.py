"""The steps of a start, which `lifecycle.start` takes: the daemon, PM2's `prepare`, instances online, the port open."""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from django.conf import settings

from pm2.actions import prepare_payload
from pm2.actions.carry_out import POLL_S, STDERR_LINES, STEADY_S, action_timeout_s, call_for_each, not_listening
from pm2.actions.port_holder import PortHolder, find_holder
from pm2.daemon import daemon_process, rpc_client
from pm2.daemon.process import Process, Status
from pm2.daemon.rpc_client import DaemonConnection
from pm2.errors import DaemonNotRunning, DaemonNotStarted, NotInstalled, PortTaken, StartFailed, find_error_line
from pm2.frameworks.registry import Framework, check_availability, script_path
from pm2.logs.log_files import read_last_lines
from pm2.monitor.listing import list_processes
from system.host import binaries, child_processes, ports

DAEMON_START_S = 30.0
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
WITHOUT_PROCPS = Path(__file__).parent.parent / "without_procps"
_read_redis_ports: Callable[[], Iterable[int]] = tuple  # reassigned; by itself: no ports


def resolve_instance_count(framework: Framework, requested: int | None) -> tuple[int, tuple[str, ...]]:
    """The number of instances to start, and warnings."""
    count = framework.instances if requested is None else requested
    if is_single_instance(framework) and count > 1:
        return 1, (f"{framework.name} cannot share its port between processes: started one instance.",)
    return count, ()


def is_single_instance(framework: Framework) -> bool:
    """Whether it cannot share its port between processes, and so runs a single instance."""
    return framework.exec_mode == "fork_mode" and not framework.reuse_port


async def ensure_installed(framework: Framework) -> None:
    """Raises NotInstalled."""
    availability = await asyncio.to_thread(check_availability, framework)
    if not availability.installed:
        raise NotInstalled(framework.name, availability.reason or "unknown reason")


async def ensure_daemon() -> None:
    """Starts PM2's daemon unless it is running. Raises BinaryMissing, DaemonNotStarted, DaemonUnreachable,
    SocketForbidden."""
    home = Path(settings.PM2_HOME)
    while True:
        try:
            async with rpc_client.connect() as daemon:
                await daemon.call("ping", {})
                return None
        except DaemonNotRunning:
            if daemon_process.living_daemon(home) is None:  # else another program has just started it
                return await _spawn_daemon(home)
            await asyncio.sleep(POLL_S)


async def _spawn_daemon(home: Path) -> None:
    node = await asyncio.to_thread(binaries.require, "node")
    pm2 = await asyncio.to_thread(binaries.require, "pm2")
    # Without procps PM2 cannot find the children of a process that it kills, and kills nothing at all.
    fallback = None if await asyncio.to_thread(shutil.which, "ps") else WITHOUT_PROCPS
    env = prepare_payload.daemon_env(os.environ, str(home), fallback)
    # PM2's command line spawns the daemon and exits; the daemon does not inherit its pipes.
    argv = [str(node.path), str(pm2.path), "ping"]
    finished = await child_processes.run(argv, env=env, cwd=Path.home(), timeout_s=DAEMON_START_S)
    if finished.exit_code != 0:
        error_line = find_error_line(_COLOURS.sub("", finished.stderr or finished.stdout).splitlines())
        raise DaemonNotStarted(str(home), error_line or f"exit code {finished.exit_code}")


def set_redis_ports(read: Callable[[], Iterable[int]]) -> None:
    """Sets the function that reads the ports for the REDIS_NODES of the frameworks."""
    global _read_redis_ports
    _read_redis_ports = read


async def send_prepare(daemon: DaemonConnection, framework: Framework, count: int) -> None:
    """Checks that the port is free, then calls the daemon's `prepare` to start `count` instances. Raises PortTaken,
    CallFailed."""
    await _ensure_port_is_free(daemon, framework)
    availability = await asyncio.to_thread(check_availability, framework)
    payload = prepare_payload.build_payload(
        framework,
        count,
        script=script_path(framework),
        interpreter=availability.interpreter,
        home=Path(settings.PM2_HOME),
        env=prepare_payload.framework_env(os.environ, await asyncio.to_thread(_read_redis_ports)),
        user=getpass.getuser(),
    )
    await daemon.call("prepare", payload, timeout_s=action_timeout_s(count))


async def _ensure_port_is_free(daemon: DaemonConnection, framework: Framework) -> None:
    """Waits for the port of a killed process to be released. Raises PortTaken if another program listens on it."""
    if not await asyncio.to_thread(ports.is_listening, framework.port):
        return
    holder = await find_holder(framework.port, await list_processes(daemon))
    is_listening = partial(ports.is_listening, framework.port)
    if holder is None or holder.is_guess:
        if await asyncio.to_thread(ports.is_released, is_listening):
            return
        advice = f"This shows it: sudo ss -ltnp 'sport = :{framework.port}'."
        holder = holder or PortHolder("a program of another user", advice)
    raise PortTaken(framework.name, framework.port, holder.description, holder.advice)


async def wait_until_listening(daemon: DaemonConnection, framework: Framework, count: int) -> tuple[Process, ...]:
    """Polls until every instance has been online for `STEADY_S` and the port is open; returns the instances. On a crash
    or a timeout, deletes them and raises StartFailed."""
    timeout_s = action_timeout_s(count)
    deadline = asyncio.get_running_loop().time() + timeout_s
    steady_since = None
    while True:
        now = asyncio.get_running_loop().time()
        processes = tuple(process for process in await list_processes(daemon) if process.name == framework.name)
        crashed = next((process for process in processes if process.restarts or process.status is Status.ERRORED), None)
        if crashed or now > deadline:
            await _abort_start(daemon, framework, processes, crashed, timeout_s)
        online = [process for process in processes if process.status is Status.ONLINE]
        if len(online) == count and await asyncio.to_thread(ports.is_listening, framework.port):
            steady_since = steady_since or now
            if now - steady_since >= STEADY_S:
                return processes
        else:
            steady_since = None
        await asyncio.sleep(POLL_S)


async def _abort_start(
    daemon: DaemonConnection,
    framework: Framework,
    processes: tuple[Process, ...],
    crashed: Process | None,
    timeout_s: float,
) -> None:
    log = Path(settings.PM2_HOME) / "logs" / f"{framework.name}-error.log"
    stderr = await asyncio.to_thread(read_last_lines, log, STDERR_LINES)
    pm_ids = [process.pm_id for process in processes]
    await call_for_each(daemon, "deleteProcessId", pm_ids, action_timeout_s(len(pm_ids)))
    reason = f"it exited with code {crashed.exit_code}" if crashed else not_listening(framework.port, timeout_s)
    raise StartFailed(framework.name, reason, crashed.exit_code if crashed else None, stderr)

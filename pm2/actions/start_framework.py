"""Bringing a framework up: the daemon, the call, and proof that every instance answers."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
from pathlib import Path

from django.conf import settings
from django.utils.module_loading import import_string

from pm2.actions import app_config
from pm2.actions.action_steps import POLL_S, STDERR_LINES, STEADY_S, call_each, within_s
from pm2.daemon import client
from pm2.daemon.client import Link
from pm2.daemon.process import Process, Status
from pm2.errors import DaemonNotRunning, DaemonNotStarted, NotInstalled, PortTaken, StartFailed, last_words
from pm2.frameworks.registry import Framework, availability, script
from pm2.logs.log_files import last_lines
from pm2.monitor.listing import list_processes
from system.host import binaries, child_processes, ports, process_table
from system.lib.text import shown

DAEMON_START_S = 30.0
WITHOUT_PROCPS = Path(__file__).parent.parent / "without_procps"


def instances_for(framework: Framework, asked: int | None) -> tuple[int, tuple[str, ...]]:
    """How many to start, and what to say about it."""
    count = framework.instances if asked is None else asked
    if is_alone(framework) and count > 1:
        return 1, (f"{framework.name} cannot share its port between processes: one instance was started.",)
    return count, ()


def is_alone(framework: Framework) -> bool:
    """Whether it cannot share its port between processes."""
    return framework.exec_mode == "fork_mode" and not framework.reuse_port


async def ensure_installed(framework: Framework) -> None:
    """Raises NotInstalled."""
    found = await asyncio.to_thread(availability, framework)
    if not found.installed:
        raise NotInstalled(framework.name, found.reason or "unknown reason")


async def ensure_daemon() -> None:
    """Start PM2's daemon when none answers. Raises BinaryMissing, DaemonNotStarted."""
    home = Path(settings.PM2_HOME)
    try:
        async with client.daemon() as link:
            await link.call("ping", {})
    except DaemonNotRunning:
        node = await asyncio.to_thread(binaries.require, "node")
        pm2 = await asyncio.to_thread(binaries.require, "pm2")
        # Without procps PM2 cannot find the children of what it kills, and kills nothing at all.
        instead = None if await asyncio.to_thread(shutil.which, "ps") else WITHOUT_PROCPS
        env = app_config.daemon_env(os.environ, str(home), instead)
        # PM2's command line leaves the daemon behind and ends; it writes to pipes that the daemon does not hold.
        argv = [str(node.path), str(pm2.path), "ping"]
        finished = await child_processes.run(argv, env=env, cwd=Path.home(), timeout_s=DAEMON_START_S)
        if finished.exit_code != 0:
            said = last_words((finished.stderr or finished.stdout).splitlines())
            raise DaemonNotStarted(str(home), said or f"exit code {finished.exit_code}") from None


async def prepare(link: Link, framework: Framework, count: int) -> None:
    """Ask the daemon to start `count` instances. Raises PortTaken, CallFailed."""
    if await asyncio.to_thread(ports.is_listening, framework.port):
        seen = await asyncio.to_thread(process_table.listener, framework.port)
        holder, pid = (shown(seen.name), seen.identity.pid) if seen else ("", None)
        raise PortTaken(framework.name, framework.port, holder, pid)
    found = await asyncio.to_thread(availability, framework)
    payload = app_config.prepare_payload(
        framework,
        count,
        script=script(framework),
        interpreter=found.interpreter,
        home=Path(settings.PM2_HOME),
        env=app_config.framework_env(os.environ, await asyncio.to_thread(import_string(settings.REDIS_PORTS_FROM))),
        user=getpass.getuser(),
    )
    await link.call("prepare", payload, timeout_s=within_s(count))


async def until_up(link: Link, framework: Framework, count: int) -> tuple[Process, ...]:
    """Every instance online, steady, and the port answering; else they are deleted. Raises StartFailed."""
    timeout_s = within_s(count)
    deadline = asyncio.get_running_loop().time() + timeout_s
    steady_since = None
    while True:
        now = asyncio.get_running_loop().time()
        processes = tuple(each for each in await list_processes(link) if each.name == framework.name)
        fallen = next((each for each in processes if each.restarts or each.status is Status.ERRORED), None)
        if fallen or now > deadline:
            await _give_up(link, framework, processes, fallen, timeout_s)
        online = [each for each in processes if each.status is Status.ONLINE]
        if len(online) == count and await asyncio.to_thread(ports.is_listening, framework.port):
            steady_since = steady_since or now
            if now - steady_since >= STEADY_S:
                return processes
        else:
            steady_since = None
        await asyncio.sleep(POLL_S)


async def _give_up(
    link: Link, framework: Framework, processes: tuple[Process, ...], fallen: Process | None, timeout_s: float
) -> None:
    log = Path(settings.PM2_HOME) / "logs" / f"{framework.name}-error.log"
    stderr = await asyncio.to_thread(last_lines, log, STDERR_LINES)
    await call_each(link, "deleteProcessId", processes)
    if fallen:
        reason = f"it exited with code {fallen.exit_code}"
    else:
        reason = f"its port {framework.port} did not answer within {timeout_s:g} s (see PM2_TIMEOUT)"
    raise StartFailed(framework.name, reason, fallen.exit_code if fallen else None, stderr)

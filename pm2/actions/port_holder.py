"""Who listens on the port of a framework that is to start, and the command that stops it."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from pm2.daemon import daemon_process
from pm2.daemon.process import RUNNING, Process
from system.host import child_processes, process_lookup
from system.lib.text import printable

CONNECT_S, POLLS, POLL_S = 1.0, 20, 0.05  # a worker accepts within milliseconds, on a busy machine later


@dataclass(frozen=True, slots=True)
class PortHolder:
    """`description`: a noun phrase; `advice`: a sentence that says how to free the port. `is_guess`: the holder may be
    exiting."""

    description: str
    advice: str
    is_guess: bool = False


async def find_holder(port: int, processes: Sequence[Process]) -> PortHolder | None:
    """The program that listens on the TCP port; None if it is not visible. `processes`: PM2's list.

    A listener that PM2 started, or the daemon itself in cluster mode, is described as the app that it belongs to.
    """
    listener = await asyncio.to_thread(process_lookup.find_listener, port)
    if listener is None:
        return None
    pid = listener.identity.pid
    family = await asyncio.to_thread(process_lookup.ancestry_of, pid)
    running = [process for process in processes if process.pid and process.status in RUNNING]
    if pid in child_processes.ancestry():
        return PortHolder("this server itself", "Start it on another port: API_PORT.")
    if app := next((process for process in running if process.pid in family), None):
        return _app([app])
    home = next((home for member in family if (home := daemon_process.home_of(member))), None)
    if home is None:
        description = f"{printable(listener.name)} (pid {pid}), which is not managed by PM2"
        return PortHolder(description, f"Stop it first: kill {pid}.")
    if pid == await asyncio.to_thread(_own_daemon):
        workers = [process for process in running if process.exec_mode == "cluster_mode"]
        return _app(await _accepting(port, workers) or workers)
    return PortHolder(
        f"an app of another PM2 daemon, PM2_HOME={shlex.quote(printable(home))}",
        f"This shows its apps: PM2_HOME={shlex.quote(printable(home))} pm2 list.",
    )


def _own_daemon() -> int | None:
    daemon = daemon_process.living_daemon(Path(settings.PM2_HOME))
    return daemon.pid if daemon else None


def _app(candidates: Sequence[Process]) -> PortHolder:
    """`candidates`: several if it is unknown which of them listens."""
    names = sorted({process.name for process in candidates})
    if len(names) != 1:
        candidates_text = ", ".join(printable(name) for name in names) or "none is online"
        description = f"an app of PM2 in cluster mode (candidates: {candidates_text})"
        return PortHolder(description, "Stop that app first: pm2 stop NAME.", is_guess=True)
    pm_ids = ", ".join(str(process.pm_id) for process in candidates)
    return PortHolder(
        f"{printable(names[0])}, an app of PM2 (pm_id {pm_ids})",
        f"Stop it first: pm2 stop {shlex.quote(printable(names[0]))}.",
    )


async def _accepting(port: int, workers: Sequence[Process]) -> list[Process]:
    """The workers of the app that serves the port. In cluster mode the daemon listens and passes each connection to a
    worker, so one connection shows which app it is."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for _ in range(POLLS):
                pids = await asyncio.to_thread(process_lookup.pids_serving, port)
                if serving := next((worker for worker in workers if worker.pid in pids), None):
                    return [worker for worker in workers if worker.name == serving.name]
                await asyncio.sleep(POLL_S)
        finally:
            writer.close()
    return []

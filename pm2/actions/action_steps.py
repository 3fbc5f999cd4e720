"""Shared steps of all actions: select processes, lock, run to completion, poll until the effect is visible."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from django.conf import settings

from pm2.actions.result import Skipped
from pm2.actions.selection import ProcessSelector
from pm2.daemon import rpc_client
from pm2.daemon.process import Process, Status
from pm2.daemon.rpc_client import DaemonConnection
from pm2.errors import CallTimeout, DaemonHangs, OperationInProgress, ProcessNotFound, StartFailed
from pm2.frameworks.registry import registry
from pm2.logs import log_files
from pm2.monitor import current_monitor, list_freshness, listing
from system.host.child_processes import ancestry
from system.lib import locks

POLL_S = 0.05
STEADY_S = 0.3  # an instance that stays online this long has not crashed at startup
STDERR_LINES = 10
PER_PROCESS_S = 0.3  # a hundred Node processes take half a minute to start on two cores
T = TypeVar("T")


@asynccontextmanager
async def hold_names(names: Collection[str], action: str) -> AsyncIterator[None]:
    """Allows one action per name at a time, across threads, event loops and processes. Raises OperationInProgress."""
    with ExitStack() as held:
        for name in sorted(names):
            holder = held.enter_context(locks.exclusive(_lock_file(name), action))
            if holder:
                raise OperationInProgress(name, holder)
        yield


def _lock_file(name: str) -> Path:
    digest = hashlib.sha256(f"{settings.PM2_HOME}\0{name}".encode(errors="replace")).hexdigest()[:24]
    return Path(settings.DATA_DIR) / "locks" / f"pm2-{digest}"


_running_actions: set[asyncio.Task[object]] = set()


async def run_to_completion(action: Coroutine[object, object, T]) -> T:
    """Runs an action that is not cancelled halfway when its caller is, as long as the event loop goes on: Ctrl-C in
    `manage.py` ends it. Process lists fetched before its end count as stale."""
    list_freshness.invalidate_list()
    task = asyncio.create_task(action)
    _running_actions.add(task)
    task.add_done_callback(_running_actions.discard)
    task.add_done_callback(lambda _: list_freshness.invalidate_list())
    return await asyncio.shield(task)


@asynccontextmanager
async def responsive_daemon() -> AsyncIterator[DaemonConnection]:
    """Yields the daemon's connection, unless the daemon is known to hang: it would run the command whenever it resumes.
    Raises DaemonHangs. Only the monitor of this event loop knows, in the server: a command that has just started relies
    on the timeout of its first call."""
    if not current_monitor.get_monitor().is_responsive():
        raise DaemonHangs(str(settings.PM2_HOME), listing.daemon_pid())
    async with rpc_client.connect() as daemon:
        yield daemon


def action_timeout_s(count: int) -> float:
    """Timeout of an action on `count` processes: they share the CPUs, and the daemon handles one at a time."""
    return settings.PM2_TIMEOUT + PER_PROCESS_S * count


async def call_for_each(daemon: DaemonConnection, method: str, processes: Sequence[Process]) -> None:
    """Calls `method` for each process, concurrently."""
    timeout_s = action_timeout_s(len(processes))
    calls: list[Awaitable[object]] = []
    for process in processes:
        takes_object = method in ("restartProcessId", "reloadProcessId")
        argument = {"id": process.pm_id} if takes_object else process.pm_id
        calls.append(daemon.call(method, argument, timeout_s=timeout_s))
    await asyncio.gather(*calls)


IsDone = Callable[[Process, Process | None], bool]  # (before, now) → whether the action has taken effect


def is_online_again(before: Process, now: Process | None) -> bool:
    """Online, under another pid than before."""
    return now is not None and now.status is Status.ONLINE and now.pid != before.pid


async def wait_until(daemon: DaemonConnection, processes: Sequence[Process], is_done: IsDone) -> list[Process]:
    """Polls until the action is visible in PM2's list; returns the processes listed then. Raises CallTimeout."""
    timeout_s = action_timeout_s(len(processes))
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                now = {process.pm_id: process for process in await listing.list_processes(daemon)}
                if all(is_done(process, now.get(process.pm_id)) for process in processes):
                    return [now[process.pm_id] for process in processes if process.pm_id in now]
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise CallTimeout("the action", timeout_s) from None


async def wait_until_online(
    daemon: DaemonConnection,
    processes: Sequence[Process],
    is_ready: Callable[[Process], Awaitable[bool]] | None = None,
) -> list[Process]:
    """Polls until each process is online again and `is_ready`, and has been for `STEADY_S`. Raises StartFailed with the
    exit code and the end of stderr."""
    loop = asyncio.get_running_loop()
    timeout_s = action_timeout_s(len(processes))
    deadline, steady_since = loop.time() + timeout_s, None
    while True:
        now = {process.pm_id: process for process in await listing.list_processes(daemon)}
        for before in processes:
            listed = now.get(before.pm_id)
            if listed is None:
                removed = replace(before, exit_code=None)  # the code known is of an earlier run
                raise await build_start_failure(daemon, removed, "it was removed from PM2's list during startup")
            if listed.status is Status.ERRORED or listed.restarts > before.restarts + 1:
                raise await build_start_failure(daemon, listed, "it exited again during startup")
        late = [process for process in processes if not is_online_again(process, now.get(process.pm_id))]
        late = late or [process for process in processes if is_ready and not await is_ready(now[process.pm_id])]
        if loop.time() > deadline:
            slowest = now[late[0].pm_id] if late else now[processes[0].pm_id]
            raise await build_start_failure(daemon, slowest, f"it was not up within {timeout_s:g} s (see PM2_TIMEOUT)")
        steady_since = None if late else steady_since or loop.time()
        if steady_since is not None and loop.time() - steady_since >= STEADY_S:
            return [now[process.pm_id] for process in processes]
        await asyncio.sleep(POLL_S)


async def build_start_failure(daemon: DaemonConnection, process: Process, reason: str) -> StartFailed:
    """The error for a process that does not come up, with its exit code and the end of its error log."""
    entries = await listing.fetch_entries(daemon)
    files = listing.log_files_by_process(entries).get((process.name, process.pm_id))
    stderr = await asyncio.to_thread(log_files.read_last_lines, Path(files.err), STDERR_LINES) if files else []
    code = process.exit_code
    return StartFailed(process.name, reason + (f", exit code {code}" if code else ""), code, stderr)


async def publish_on_bus(daemon: DaemonConnection, processes: Sequence[Process], action: str) -> None:
    """Publishes the action on PM2's bus, as PM2's command line does."""
    events = [{"id": process.pm_id, "action_name": action, "manually": True} for process in processes]
    await asyncio.gather(*(daemon.call("notifyByProcessId", event) for event in events))


async def select_processes(
    daemon: DaemonConnection, selector: ProcessSelector | None
) -> tuple[list[Process], tuple[Skipped, ...]]:
    """The selected processes; without a selector all except this server itself, which is skipped. Raises
    UnknownFramework, ProcessNotFound."""
    if selector and selector.framework:
        registry().framework(selector.framework)
    listed = await listing.list_processes(daemon)
    if selector:
        selected = [process for process in listed if selector.matches(process)]
        if not selected:
            raise ProcessNotFound(str(selector))
        return selected, ()
    own_pids = ancestry()
    skipped = tuple(Skipped(process.name, "it is this server itself") for process in listed if process.pid in own_pids)
    return [process for process in listed if process.pid not in own_pids], skipped


def join_names(processes: Sequence[Process]) -> str:
    return ", ".join(sorted({process.name for process in processes})) or "nothing"

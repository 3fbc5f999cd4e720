"""Shared steps of all actions: select processes, run to completion, publish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from django.conf import settings

from pm2.actions import name_locks
from pm2.actions.result import Skipped
from pm2.actions.selection import ProcessSelector
from pm2.actions.verdicts import SelectedProcess
from pm2.daemon import daemon_process, rpc_client
from pm2.daemon.process import Process, as_int
from pm2.daemon.process_settings import ProcessSettings, parse_settings
from pm2.daemon.rpc_client import DaemonConnection
from pm2.errors import DaemonHangs, PM2Error, ProcessNotFound
from pm2.frameworks.registry import registry
from pm2.monitor import current_monitor, list_freshness, listing
from system.host.child_processes import ancestry

OWN, MODULE = "it is this server itself", "it is a module of PM2 (modules includes it)"
T = TypeVar("T")


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
async def responsive_daemon(selector: ProcessSelector) -> AsyncIterator[DaemonConnection]:
    """Yields the daemon's connection, unless the daemon hangs: it would run the command whenever it resumes. Raises
    OperationInProgress if it hangs in an action on the selected processes, else DaemonHangs."""
    await ensure_responsive(selector)
    async with rpc_client.connect() as daemon:
        yield daemon


async def ensure_responsive(selector: ProcessSelector) -> None:
    """Raises OperationInProgress, DaemonHangs like `responsive_daemon`; not if the daemon is not running."""
    monitor = current_monitor.get_monitor()
    if await monitor.is_responding():
        return
    name_locks.check_free(_last_names(selector, monitor.listed))
    pid = listing.daemon_pid()
    raise DaemonHangs(str(settings.PM2_HOME), pid, pid is not None and daemon_process.is_stopped(pid))


def _last_names(selector: ProcessSelector, listed: Sequence[Process]) -> set[str]:
    """The names of the selected processes, by the last list: the daemon gives no other one now."""
    selected, is_group = selector.select(listed)
    names = {process.name for process in selected if not (is_group and process.is_module)}
    return names | {name for name in (selector.framework, selector.name) if name}


async def publish_on_bus(daemon: DaemonConnection, pm_ids: Sequence[int], action: str) -> None:
    """Publishes the action on PM2's bus, as PM2's command line does. What has been done counts if that fails."""
    events = [{"id": pm_id, "action_name": action, "manually": True} for pm_id in pm_ids]
    with suppress(PM2Error):
        await asyncio.gather(*(daemon.call("notifyByProcessId", event) for event in events))


async def select_processes(
    daemon: DaemonConnection, selector: ProcessSelector
) -> tuple[list[SelectedProcess], tuple[Skipped, ...]]:
    """The selected processes, oldest first, and those of a group that are spared. Raises UnknownFramework,
    ProcessNotFound."""
    if selector.framework:
        registry().framework(selector.framework)
    entries = await listing.fetch_entries(daemon)
    parsed = {as_int(entry.get("pm_id")): parse_settings(entry) for entry in entries}
    selected, is_group = selector.select(listing.parse_entries(entries))
    if not selected and not selector.is_all:
        raise ProcessNotFound(str(selector), selector.subject)
    own_pids = ancestry() if is_group else frozenset()
    spared = {
        process.pm_id: OWN if process.pid in own_pids else MODULE
        for process in selected
        if process.pid in own_pids or (is_group and process.is_module and not selector.with_modules)
    }
    skipped = tuple(Skipped(process.name, spared[process.pm_id]) for process in selected if process.pm_id in spared)
    kept = (process for process in selected if process.pm_id not in spared)
    return [_select(process, parsed[process.pm_id]) for process in kept], skipped


async def find_app(daemon: DaemonConnection, name: str) -> list[SelectedProcess]:
    """The processes of that name, stopped ones too; none if there are none."""
    with suppress(ProcessNotFound):
        return (await select_processes(daemon, ProcessSelector(name=name)))[0]
    return []


def _select(process: Process, settings: ProcessSettings) -> SelectedProcess:
    """Another program may have a framework's name, and a framework a port from before ours were moved."""
    framework = registry().framework_of(process.name)
    is_its_server = framework is not None and settings.script.endswith(f"/{framework.file.removeprefix('/')}")
    return SelectedProcess(process, settings, settings.port or process.port if is_its_server else None)


def names_of(selected: Iterable[SelectedProcess]) -> set[str]:
    return {one.process.name for one in selected}


def join_names(selected: Sequence[SelectedProcess]) -> str:
    return ", ".join(sorted(names_of(selected))) or "nothing"

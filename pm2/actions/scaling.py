"""Reload, rolling restart and scale: replace or change the number of instances without downtime."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from pm2.actions import action_steps, start_steps
from pm2.actions.result import ActionResult, Skipped, build_result
from pm2.actions.selection import ProcessSelector
from pm2.daemon.process import Process, Status
from pm2.daemon.rpc_client import DaemonConnection
from pm2.errors import CannotReload, CannotScale, RollingRestartFailed, StartFailed
from pm2.exits import expected_exits
from pm2.frameworks.registry import registry
from pm2.monitor.listing import list_processes
from system.host import ports, process_trees
from system.lib.quantities import pluralize

CLUSTER = "cluster_mode"


async def reload(selector: ProcessSelector | None, by: str = "") -> ActionResult:
    """Replaces each instance with a new one that is listening before the old one exits; without a selector, every
    instance that supports it. Raises ProcessNotFound, CannotReload, StartFailed."""
    return await action_steps.run_to_completion(_reload(selector, by))


async def _reload(selector: ProcessSelector | None, by: str) -> ActionResult:
    async with action_steps.responsive_daemon() as daemon:
        selected = await _select_sorted(daemon, selector)
        obstacles = {process.pm_id: reason for process in selected if (reason := _reload_obstacle(process))}
        blocked = [process for process in selected if process.pm_id in obstacles]
        if selector and blocked:
            raise CannotReload(blocked[0].name, obstacles[blocked[0].pm_id])
        skipped = tuple(Skipped(process.name, obstacles[process.pm_id]) for process in blocked)
        selected = [process for process in selected if process.pm_id not in obstacles]
        after: list[Process] = []
        async with action_steps.hold_names({process.name for process in selected}, "reload"):
            for process in selected:  # concurrent reloads leave zombies behind
                expected_exits.expect_exits([process.pm_id], "reloaded", by)
                await daemon.call("reloadProcessId", {"id": process.pm_id})
                after += await action_steps.wait_until_online(daemon, [process])
            await action_steps.publish_on_bus(daemon, after, "reload")
    message = f"Reloaded {action_steps.join_names(selected)}: {pluralize(len(after), 'instance')}"
    return build_result(message, after, skipped=skipped)


def _reload_obstacle(process: Process) -> str | None:
    """Why PM2 would restart the process instead of reloading it; None if it would not."""
    if process.exec_mode != CLUSTER:
        return "it runs in fork mode, where PM2 would restart it"
    if process.status is not Status.ONLINE:
        return f"instance {process.pm_id} is {process.status}, and PM2 would restart it"
    return None


async def rolling_restart(selector: ProcessSelector | None, by: str = "") -> ActionResult:
    """Restarts instances one by one, each once the previous one is online and serving its port; stops at the first that
    does not come up. Raises ProcessNotFound, RollingRestartFailed."""
    return await action_steps.run_to_completion(_rolling_restart(selector, by))


async def _rolling_restart(selector: ProcessSelector | None, by: str) -> ActionResult:
    async with action_steps.responsive_daemon() as daemon:
        selected = await _select_sorted(daemon, selector)
        after: list[Process] = []
        async with action_steps.hold_names({process.name for process in selected}, "rolling-restart"):
            for index, process in enumerate(selected):
                expected_exits.expect_exits([process.pm_id], "restarted", by)
                try:
                    await daemon.call("restartProcessId", {"id": process.pm_id})
                    after += await action_steps.wait_until_online(daemon, [process], is_serving)
                except StartFailed as error:
                    done = [restarted.pm_id for restarted in after]
                    left = [remaining.pm_id for remaining in selected[index + 1 :]]
                    raise RollingRestartFailed(process.name, process.pm_id, done, left, error) from error
                await action_steps.publish_on_bus(daemon, after[-1:], "restart")
    names, count = action_steps.join_names(selected), pluralize(len(after), "instance")
    return build_result(f"Restarted {names} one by one: {count}", after)


async def is_serving(process: Process) -> bool:
    """Whether the instance itself serves the port of its framework; always True for other processes."""
    if process.port is None:
        return True
    if process.exec_mode != CLUSTER:  # siblings share the port: check the instance's own sockets
        return process.port in await process_trees.listening_ports(process.pid)
    return await asyncio.to_thread(ports.is_listening, process.port)


async def scale(selector: ProcessSelector, instances: int, by: str = "") -> ActionResult:
    """Starts or deletes instances until there are exactly `instances`. New ones are online before this returns; the
    newest are deleted first, and finish their pending requests. Raises ProcessNotFound, CannotScale, StartFailed."""
    return await action_steps.run_to_completion(_scale(selector, instances, by))


async def _scale(selector: ProcessSelector, instances: int, by: str) -> ActionResult:
    async with action_steps.responsive_daemon() as daemon:
        existing = await _select_sorted(daemon, selector)
        name = existing[0].name
        async with action_steps.hold_names({name}, "scale"):
            if instances > len(existing):
                await _scale_up(daemon, existing, instances - len(existing))
            else:
                await _scale_down(daemon, existing[instances:], by)
            after = [process for process in await list_processes(daemon) if process.name == name]
    count = pluralize(instances, "instance")
    if len(existing) == instances:
        return build_result(f"{name} already has {count}", after)
    return build_result(f"Scaled {name} from {len(existing)} to {count}", after)


async def _scale_up(daemon: DaemonConnection, existing: list[Process], count: int) -> None:
    template = next((process for process in existing if process.status is Status.ONLINE), None)
    framework = registry().framework_of(existing[0].name)
    if template is None:
        raise CannotScale(existing[0].name, "no instance of it is online. Start or restart it first")
    if framework and start_steps.is_single_instance(framework):
        raise CannotScale(template.name, "it runs in fork mode and cannot share its port between processes")
    for _ in range(count):
        await daemon.call("duplicateProcessId", template.pm_id)
    try:
        added = await _added_instances(daemon, existing)
        await action_steps.wait_until_online(daemon, [_before_start(process) for process in added], is_serving)
    except StartFailed:
        await action_steps.call_for_each(daemon, "deleteProcessId", await _added_instances(daemon, existing))
        raise


async def _added_instances(daemon: DaemonConnection, existing: list[Process]) -> list[Process]:
    name, known_pm_ids = existing[0].name, {process.pm_id for process in existing}
    listed = await list_processes(daemon)
    return [process for process in listed if process.name == name and process.pm_id not in known_pm_ids]


def _before_start(process: Process) -> Process:
    """The process as before its start, without a pid, so that any pid counts as new."""
    return replace(process, pid=0)


async def _scale_down(daemon: DaemonConnection, surplus: list[Process], by: str) -> None:
    newest_first = surplus[::-1]
    expected_exits.expect_exits([process.pm_id for process in newest_first], "scaled down", by)
    await action_steps.call_for_each(daemon, "deleteProcessId", newest_first)
    await action_steps.wait_until(daemon, surplus, lambda _, now: now is None)


async def _select_sorted(daemon: DaemonConnection, selector: ProcessSelector | None) -> list[Process]:
    """The selected processes, oldest first; without a selector all except this server. Raises UnknownFramework,
    ProcessNotFound."""
    selected, _ = await action_steps.select_processes(daemon, selector)
    return sorted(selected, key=lambda process: process.pm_id)

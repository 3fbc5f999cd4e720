"""Start, stop, restart and delete. Each action returns once it has taken effect, with the resulting processes."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pm2.actions import action_steps, start_steps
from pm2.actions.action_steps import IsDone
from pm2.actions.result import ActionResult, build_result
from pm2.actions.selection import ProcessSelector
from pm2.daemon import rpc_client
from pm2.daemon.process import RUNNING
from pm2.errors import AlreadyRunning
from pm2.exits import expected_exits
from pm2.frameworks.registry import registry
from pm2.monitor.listing import list_processes
from system.lib.quantities import pluralize

MANY_INSTANCES = 50


async def start(name: str, instances: int | None = None) -> ActionResult:
    """Starts a framework. Raises AlreadyRunning, and the errors of `start_steps`."""
    return await action_steps.run_to_completion(_start(name, instances))


async def _start(name: str, instances: int | None) -> ActionResult:
    framework = registry().framework(name)
    count, warnings = start_steps.resolve_instance_count(framework, instances)
    if count > MANY_INSTANCES:
        warnings = (*warnings, f"{count} instances on {os.cpu_count()} CPUs: expect them to be slow.")
    async with action_steps.hold_names([name], "start"):
        await start_steps.ensure_installed(framework)
        # Not `responsive_daemon`: the daemon may have to be started, and the ping fails if it hangs.
        await start_steps.ensure_daemon()
        async with rpc_client.connect() as daemon:
            existing = [process for process in await list_processes(daemon) if process.name == name]
            running = [process for process in existing if process.status in RUNNING]
            if running:
                raise AlreadyRunning(name, len(running))
            # None of them is running, so there is no exit to expect, and no `by` to attribute it to.
            await action_steps.call_for_each(daemon, "deleteProcessId", existing)
            await start_steps.send_prepare(daemon, framework, count)
            processes = await start_steps.wait_until_listening(daemon, framework, count)
    return build_result(f"Started {name}: {pluralize(count, 'instance')}", processes, warnings=warnings)


@dataclass(frozen=True, slots=True)
class DaemonAction:
    """What PM2's daemon does to one process. `past_tense`: for messages; `method`: of the daemon; `is_done`: whether
    it has taken effect, None: once the processes are online again."""

    name: str
    past_tense: str
    method: str
    is_done: IsDone | None


STOP = DaemonAction("stop", "Stopped", "stopProcessId", lambda _, now: now is None or now.status not in RUNNING)
DELETE = DaemonAction("delete", "Deleted", "deleteProcessId", lambda _, now: now is None)
RESTART = DaemonAction("restart", "Restarted", "restartProcessId", None)


async def stop(selector: ProcessSelector | None, by: str = "") -> ActionResult:
    """Stops processes; without a selector, all except this server itself. Raises ProcessNotFound."""
    return await action_steps.run_to_completion(_act(STOP, selector, by))


async def restart(selector: ProcessSelector | None, by: str = "") -> ActionResult:
    """Restarts processes; without a selector, all except this server itself. Raises ProcessNotFound, StartFailed."""
    return await action_steps.run_to_completion(_act(RESTART, selector, by))


async def delete(selector: ProcessSelector | None, by: str = "") -> ActionResult:
    """Stops processes and removes them from PM2's list; without a selector, all except this server itself. Raises
    ProcessNotFound."""
    return await action_steps.run_to_completion(_act(DELETE, selector, by))


async def _act(action: DaemonAction, selector: ProcessSelector | None, by: str) -> ActionResult:
    async with action_steps.responsive_daemon() as daemon:
        selected, skipped = await action_steps.select_processes(daemon, selector)
        async with action_steps.hold_names({process.name for process in selected}, action.name):
            expected_exits.expect_exits([process.pm_id for process in selected], action.past_tense.lower(), by)
            await action_steps.call_for_each(daemon, action.method, selected)
            if action.is_done:
                after = await action_steps.wait_until(daemon, selected, action.is_done)
            else:
                after = await action_steps.wait_until_online(daemon, selected)
            await action_steps.publish_on_bus(daemon, after, action.name)
    message = f"{action.past_tense} {action_steps.join_names(selected)}: {pluralize(len(selected), 'process')}"
    return build_result(message, after, skipped=skipped)

"""Start, stop, restart and delete. Each action returns once it has taken effect, with the resulting processes."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pm2.actions import action_steps, name_locks, start_steps
from pm2.actions.carry_out import Action, Effect, action_timeout_s, call_for_each, carry_out, raise_failure
from pm2.actions.result import ActionResult, build_result
from pm2.actions.selection import ProcessSelector
from pm2.actions.verdicts import SelectedProcess, done, judge_delete, judge_start, judge_stop
from pm2.daemon import rpc_client
from pm2.daemon.process import RUNNING, Status
from pm2.daemon.rpc_client import DaemonConnection
from pm2.errors import AlreadyRunning, CallFailed, DaemonNotRunning, NothingToStart, ProcessNotFound, StartFailed
from pm2.exits import expected_exits
from pm2.frameworks.registry import registry
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
    # Not `responsive_daemon`: the daemon may have to be started.
    await action_steps.ensure_responsive(ProcessSelector(framework=name))
    with name_locks.hold_names([name], "start"):
        await start_steps.ensure_installed(framework)
        await start_steps.ensure_daemon()
        async with rpc_client.connect() as daemon:
            existing = await action_steps.find_app(daemon, name)
            running = [one for one in existing if one.process.status in RUNNING]
            if running:
                raise AlreadyRunning(name, len(running))
            for one in existing:
                if one.port is None:
                    reason = f"number {one.process.pm_id} in PM2's list is another program of this name"
                    advice = "Rename it, or delete it first"
                    raise StartFailed(name, f"{reason}, {one.settings.script}. {advice}", None, [])
            # None of them is running, so there is no exit to expect, and no `by` to attribute it to.
            pm_ids = [one.process.pm_id for one in existing]
            await call_for_each(daemon, "deleteProcessId", pm_ids, action_timeout_s(len(pm_ids)))
            await start_steps.send_prepare(daemon, framework, count)
            processes = await start_steps.wait_until_listening(daemon, framework, count)
    results = [done(f"online, pid {process.pid}").of(process) for process in processes]
    message = f"Started {name}: {pluralize(count, 'instance')}"
    return build_result(message, processes, warnings=warnings, results=results)


async def _stop_one(daemon: DaemonConnection, one: SelectedProcess, timeout_s: float) -> None:
    await daemon.call("stopProcessId", one.process.pm_id, timeout_s=timeout_s)


async def _delete_one(daemon: DaemonConnection, one: SelectedProcess, timeout_s: float) -> None:
    await daemon.call("deleteProcessId", one.process.pm_id, timeout_s=timeout_s)


async def restart_one(daemon: DaemonConnection, one: SelectedProcess, timeout_s: float) -> None:
    await restart_with({"id": one.process.pm_id}, daemon, one, timeout_s)


async def restart_with(
    call: Mapping[str, object], daemon: DaemonConnection, one: SelectedProcess, timeout_s: float
) -> None:
    """`call`: the argument of `restartProcessId`. PM2 refuses to restart a process that it is stopping, or that waits
    for its next restart, because it still has a pid: that ends by a stop."""
    if one.process.status in (Status.WAITING, Status.STOPPING):
        await _stop_one(daemon, one, timeout_s)
    try:
        await daemon.call("restartProcessId", call, timeout_s=timeout_s)
    except CallFailed:  # it has exited since it was listed
        await _stop_one(daemon, one, timeout_s)
        await daemon.call("restartProcessId", call, timeout_s=timeout_s)


def _kill_s(one: SelectedProcess) -> float:
    return one.settings.kill_timeout_s


def restart_s(one: SelectedProcess) -> float:
    return one.settings.kill_timeout_s + one.settings.startup_s


STOP = Action("stop", "Stopped", _stop_one, judge_stop, _kill_s)
DELETE = Action("delete", "Deleted", _delete_one, judge_delete, _kill_s)
RESTART = Action("restart", "Restarted", restart_one, judge_start, restart_s, starts=True)
START = Action("start", "Started", restart_one, judge_start, restart_s, starts=True)


async def start_selected(selector: ProcessSelector, by: str = "") -> ActionResult:
    """Starts those of the processes that are not running, as they were started before. A name that nothing in the list
    has may be that of a framework. Raises ProcessNotFound, AlreadyRunning, StartFailed, ActionFailed, CallTimeout."""
    return await action_steps.run_to_completion(_start_selected(selector, by))


async def _start_selected(selector: ProcessSelector, by: str) -> ActionResult:
    name = selector.name or selector.word
    try:
        async with action_steps.responsive_daemon(selector) as daemon:
            selected, skipped = await action_steps.select_processes(daemon, selector)
    except (ProcessNotFound, DaemonNotRunning) as error:
        if name is None:
            raise
        if registry().framework_of(name) is None:
            raise NothingToStart(name, [framework.name for framework in registry().frameworks]) from error
        return await _start(name, None)
    idle = [one for one in selected if one.process.status not in RUNNING]
    if selected and not idle:
        raise AlreadyRunning(selector.subject, len(selected))
    async with rpc_client.connect() as daemon:
        with name_locks.hold_names(action_steps.names_of(idle), START.name):
            effect = await carry_out(daemon, START, idle)
            await action_steps.publish_on_bus(daemon, effect.done_pm_ids, START.name)
            await raise_failure(daemon, effect)
    return build_result(_message(effect), effect.after, skipped=skipped, results=effect.outcomes)


async def stop(selector: ProcessSelector, by: str = "") -> ActionResult:
    """Stops processes. Raises ProcessNotFound, ActionFailed,
    CallTimeout."""
    return await action_steps.run_to_completion(_act(STOP, selector, by))


async def restart(selector: ProcessSelector, by: str = "") -> ActionResult:
    """Restarts processes; those of a framework serve its port again. Raises ProcessNotFound, StartFailed, ActionFailed,
    CallTimeout."""
    return await action_steps.run_to_completion(_act(RESTART, selector, by))


async def delete(selector: ProcessSelector, by: str = "") -> ActionResult:
    """Stops processes and removes them from PM2's list. Raises
    ProcessNotFound, ActionFailed, CallTimeout."""
    return await action_steps.run_to_completion(_act(DELETE, selector, by))


async def _act(action: Action, selector: ProcessSelector, by: str) -> ActionResult:
    async with action_steps.responsive_daemon(selector) as daemon:
        selected, skipped = await action_steps.select_processes(daemon, selector)
        with name_locks.hold_names(action_steps.names_of(selected), action.name):
            expected_exits.expect_exits([one.process.pm_id for one in selected], action.past_tense.lower(), by)
            effect = await carry_out(daemon, action, selected)
            await action_steps.publish_on_bus(daemon, effect.done_pm_ids, action.name)
            await raise_failure(daemon, effect)
    return build_result(_message(effect), effect.after, skipped=skipped, results=effect.outcomes)


def _message(effect: Effect) -> str:
    names, count = action_steps.join_names(effect.selected), len(effect.selected)
    ended = [outcome.message for outcome in effect.outcomes if outcome.message.startswith("ran, ")]
    if len(ended) == count == 1:
        return f"{effect.action.past_tense} {names}: {ended[0]}"
    return f"{effect.action.past_tense} {names}: {pluralize(count, 'process')}"

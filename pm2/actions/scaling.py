"""Reload, rolling restart and scale: replace or change the number of instances without downtime."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from pm2.actions import action_steps, lifecycle, name_locks, start_steps
from pm2.actions.carry_out import CLUSTER, Action, action_timeout_s, call_for_each, carry_out, raise_failure
from pm2.actions.outcomes import ProcessOutcome
from pm2.actions.outcomes import skipped as skipped_outcome
from pm2.actions.result import ActionResult, Skipped, build_result
from pm2.actions.selection import ProcessSelector
from pm2.actions.verdicts import SelectedProcess, judge_start
from pm2.daemon.process import Process, Status
from pm2.daemon.rpc_client import DaemonConnection
from pm2.errors import (
    CallTimeout,
    CannotReload,
    CannotScale,
    PM2Error,
    RollingRestartFailed,
    StartFailed,
)
from pm2.exits import expected_exits
from pm2.frameworks.registry import registry
from pm2.monitor.listing import list_processes
from system.lib.quantities import pluralize


async def reload(selector: ProcessSelector, by: str = "") -> ActionResult:
    """Replaces each instance with a new one that is listening before the old one exits; of all processes or of a
    namespace, every instance that supports it. Raises ProcessNotFound, CannotReload, StartFailed."""
    return await action_steps.run_to_completion(_reload(selector, by))


async def _reload(selector: ProcessSelector, by: str) -> ActionResult:
    async with action_steps.responsive_daemon(selector) as daemon:
        selected, skipped = await action_steps.select_processes(daemon, selector)
        obstacles = {one.process.pm_id: reason for one in selected if (reason := _reload_obstacle(one.process))}
        blocked = [one.process for one in selected if one.process.pm_id in obstacles]
        _, is_group = selector.select([one.process for one in selected])
        if blocked and not selector.is_all and (len(blocked) == len(selected) or not is_group):
            raise CannotReload(blocked[0].name, obstacles[blocked[0].pm_id])
        skipped += tuple(Skipped(process.name, obstacles[process.pm_id]) for process in blocked)
        selected = [one for one in selected if one.process.pm_id not in obstacles]
        with name_locks.hold_names(action_steps.names_of(selected), RELOAD.name):
            after, outcomes = await _one_by_one(daemon, RELOAD, selected, by)  # concurrent reloads leave zombies behind
    message = f"Reloaded {action_steps.join_names(selected)}: {pluralize(len(after), 'instance')}"
    return build_result(message, after, skipped=skipped, results=outcomes)


async def _one_by_one(
    daemon: DaemonConnection, action: Action, selected: Sequence[SelectedProcess], by: str
) -> tuple[list[Process], list[ProcessOutcome]]:
    """Stops at the first that does not come up. Returns the processes afterwards, and what became of each. Raises
    StartFailed, CallTimeout."""
    after: list[Process] = []
    outcomes: list[ProcessOutcome] = []
    for index, one in enumerate(selected):
        expected_exits.expect_exits([one.process.pm_id], action.past_tense.lower(), by)
        effect = await carry_out(daemon, action, [one])
        await action_steps.publish_on_bus(daemon, effect.done_pm_ids, action.name)
        left = [skipped_outcome(other.process, LEFT) for other in selected[index + 1 :]]
        await raise_failure(daemon, effect, outcomes, left)
        after += effect.after
        outcomes += effect.outcomes
    return after, outcomes


async def _reload_one(daemon: DaemonConnection, one: SelectedProcess, timeout_s: float) -> None:
    await daemon.call("reloadProcessId", {"id": one.process.pm_id}, timeout_s=timeout_s)


def _reload_s(one: SelectedProcess) -> float:
    return one.settings.listen_timeout_s + one.settings.kill_timeout_s


def _reload_obstacle(process: Process) -> str | None:
    """Why PM2 would restart the process instead of reloading it; None if it would not."""
    if process.exec_mode != CLUSTER:
        return "it runs in fork mode, where PM2 would restart it"
    if process.status is not Status.ONLINE:
        return f"instance {process.pm_id} is {process.status}, and PM2 would restart it"
    return None


async def rolling_restart(selector: ProcessSelector, by: str = "") -> ActionResult:
    """Restarts instances one by one, each once the previous one is online and serving its port; stops at the first that
    does not come up. Raises ProcessNotFound, RollingRestartFailed."""
    return await action_steps.run_to_completion(_rolling_restart(selector, by))


async def _rolling_restart(selector: ProcessSelector, by: str) -> ActionResult:
    async with action_steps.responsive_daemon(selector) as daemon:
        selected, skipped = await action_steps.select_processes(daemon, selector)
        with name_locks.hold_names(action_steps.names_of(selected), "rolling-restart"):
            after, outcomes = await _restart_one_by_one(daemon, selected, by)
    names, count = action_steps.join_names(selected), pluralize(len(after), "instance")
    return build_result(f"Restarted {names} one by one: {count}", after, skipped=skipped, results=outcomes)


async def _restart_one_by_one(
    daemon: DaemonConnection, selected: Sequence[SelectedProcess], by: str
) -> tuple[list[Process], list[ProcessOutcome]]:
    try:
        return await _one_by_one(daemon, lifecycle.RESTART, selected, by)
    except (StartFailed, CallTimeout) as error:
        raise RollingRestartFailed(error) from error


async def scale(selector: ProcessSelector, instances: int, by: str = "") -> ActionResult:
    """Starts or deletes instances until the app, or its part in the namespace, has exactly `instances`. New ones are
    online before this returns; the newest are deleted first, and finish their pending requests. Raises ProcessNotFound,
    CannotScale, StartFailed."""
    return await action_steps.run_to_completion(_scale(selector, instances, by))


async def _scale(selector: ProcessSelector, instances: int, by: str) -> ActionResult:
    async with action_steps.responsive_daemon(selector) as daemon:
        selected, _ = await action_steps.select_processes(daemon, selector)
        names = action_steps.names_of(selected)
        if len(names) != 1:
            raise CannotScale(str(selector.word or selector.namespace), "it is not one app. Name the app")
        [name] = names
        _, is_namespace = selector.select([one.process for one in selected])
        app = ProcessSelector(name=name)
        existing = selected if is_namespace else (await action_steps.select_processes(daemon, app))[0]
        with name_locks.hold_names({name}, "scale"):
            if instances > len(existing):
                outcomes = await _scale_up(daemon, existing, instances - len(existing))
            else:
                outcomes = await _scale_down(daemon, existing[instances:], by)
            scope = selector if is_namespace else app
            after = [process for process in scope.select(await list_processes(daemon))[0] if process.name == name]
    count = pluralize(instances, "instance")
    if len(existing) == instances:
        return build_result(f"{name} already has {count}", after)
    return build_result(f"Scaled {name} from {len(existing)} to {count}", after, results=outcomes)


async def _scale_up(
    daemon: DaemonConnection, existing: Sequence[SelectedProcess], count: int
) -> tuple[ProcessOutcome, ...]:
    template = next((one for one in existing if one.process.status is Status.ONLINE), None)
    name = existing[0].process.name
    framework = registry().framework_of(name)
    if template is None:
        raise CannotScale(name, "no instance of it is online. Start or restart it first")
    if framework and start_steps.is_single_instance(framework):
        raise CannotScale(name, "it runs in fork mode and cannot share its port between processes")
    timeout_s = action_timeout_s(1, template.settings.startup_s)
    before = {process.pm_id for process in await list_processes(daemon)}
    for _ in range(count):
        await daemon.call("duplicateProcessId", template.process.pm_id, timeout_s=timeout_s)
    added = await _added_instances(daemon, name, before)
    effect = await carry_out(daemon, ADDED, [replace(one, process=_before_start(one.process)) for one in added])
    try:
        await raise_failure(daemon, effect)
    except PM2Error:
        pm_ids = [one.process.pm_id for one in await _added_instances(daemon, name, before)]
        await call_for_each(daemon, "deleteProcessId", pm_ids, action_timeout_s(len(pm_ids)))
        raise
    return effect.outcomes


async def _added_instances(daemon: DaemonConnection, name: str, before: Collection[int]) -> list[SelectedProcess]:
    """Those with a pm_id that was not there before."""
    listed, _ = await action_steps.select_processes(daemon, ProcessSelector(name=name))
    return [one for one in listed if one.process.pm_id not in before]


def _before_start(process: Process) -> Process:
    """The process as before its start: any pid is new, and any restart follows an exit."""
    return replace(process, pid=0, status=Status.STOPPED, restarts=0)


async def _send_nothing(daemon: DaemonConnection, one: SelectedProcess, timeout_s: float) -> None:
    """`duplicateProcessId` has started it."""


async def _scale_down(
    daemon: DaemonConnection, surplus: Sequence[SelectedProcess], by: str
) -> tuple[ProcessOutcome, ...]:
    newest_first = surplus[::-1]
    expected_exits.expect_exits([one.process.pm_id for one in newest_first], "scaled down", by)
    effect = await carry_out(daemon, lifecycle.DELETE, newest_first)
    await raise_failure(daemon, effect)
    return effect.outcomes


LEFT = "not attempted: an earlier one did not come up"
RELOAD = Action("reload", "Reloaded", _reload_one, judge_start, _reload_s, starts=True)
ADDED = Action("scale", "Started", _send_nothing, judge_start, lifecycle.restart_s, starts=True)

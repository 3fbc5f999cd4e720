"""More, fewer, or fresh instances, without a moment in which nobody answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from pm2.actions import action_steps, start_framework
from pm2.actions.action_steps import Result, Skipped, Target
from pm2.daemon.client import Link
from pm2.daemon.process import Process, Status
from pm2.errors import CannotReload, CannotScale, RollingRestartFailed, StartFailed
from pm2.exits import expected
from pm2.frameworks.registry import registry
from pm2.monitor.listing import list_processes
from system.host import host_sampler, ports

CLUSTER = "cluster_mode"


async def reload(target: Target | None, by: str = "") -> Result:
    """Replace each instance by a new one that is listening before the old one goes; without a target, of everything
    that can be. Raises ProcessNotFound, CannotReload, StartFailed."""
    return await action_steps.to_the_end(_reload(target, by))


async def _reload(target: Target | None, by: str) -> Result:
    async with action_steps.answering_daemon() as link:
        chosen = await _named(link, target)
        obstacles = {each.pm_id: reason for each in chosen if (reason := _obstacle(each))}
        if target and obstacles:
            raise next(CannotReload(each.name, obstacles[each.pm_id]) for each in chosen if each.pm_id in obstacles)
        skipped = tuple(Skipped(each.name, obstacles[each.pm_id]) for each in chosen if each.pm_id in obstacles)
        chosen = [each for each in chosen if each.pm_id not in obstacles]
        after: list[Process] = []
        async with action_steps.exclusive({each.name for each in chosen}, "reload"):
            for each in chosen:  # two reloads at once leave zombies behind
                expected.announce([each.pm_id], "reloaded", by)
                await link.call("reloadProcessId", {"id": each.pm_id})
                after += await action_steps.until_up_again(link, [each])
            await action_steps.tell(link, after, "reload")
    said = f"Reloaded {action_steps.names(chosen)}: {action_steps.things(len(after), 'instance')}"
    return action_steps.result(said, after, skipped=skipped)


def _obstacle(process: Process) -> str | None:
    """Why PM2 would restart it, where it was told to reload."""
    if process.exec_mode != CLUSTER:
        return "it runs in fork mode, where PM2 would restart it"
    if process.status is not Status.ONLINE:
        return f"instance {process.pm_id} is {process.status}, and PM2 would restart it"
    return None


async def rolling_restart(target: Target | None, by: str = "") -> Result:
    """Restart one instance after another, each when the one before it is up and answers on its port; stops at the
    first that does not come up. Raises ProcessNotFound, RollingRestartFailed."""
    return await action_steps.to_the_end(_rolling_restart(target, by))


async def _rolling_restart(target: Target | None, by: str) -> Result:
    async with action_steps.answering_daemon() as link:
        chosen = await _named(link, target)
        after: list[Process] = []
        async with action_steps.exclusive({each.name for each in chosen}, "rolling-restart"):
            for index, each in enumerate(chosen):
                expected.announce([each.pm_id], "restarted", by)
                try:
                    await link.call("restartProcessId", {"id": each.pm_id})
                    after += await action_steps.until_up_again(link, [each], answers)
                except StartFailed as error:
                    done, left = [there.pm_id for there in after], [there.pm_id for there in chosen[index + 1 :]]
                    raise RollingRestartFailed(each.name, each.pm_id, done, left, error) from error
                await action_steps.tell(link, after[-1:], "restart")
    said = f"Restarted {action_steps.names(chosen)}, one after another: {action_steps.things(len(after), 'instance')}"
    return action_steps.result(said, after)


async def answers(process: Process) -> bool:
    """Whether the instance itself answers on the port of its framework; of anything else being up is enough."""
    if process.port is None:
        return True
    if process.exec_mode != CLUSTER:  # its brothers may answer too: look at its own sockets
        return process.port in await host_sampler.listening_ports(process.pid)
    return await asyncio.to_thread(ports.is_listening, process.port)


async def scale(target: Target, instances: int, by: str = "") -> Result:
    """Exactly so many instances: new ones are up before this answers; of too many the newest go first, and finish
    what they are at. Raises ProcessNotFound, CannotScale, StartFailed."""
    return await action_steps.to_the_end(_scale(target, instances, by))


async def _scale(target: Target, instances: int, by: str) -> Result:
    async with action_steps.answering_daemon() as link:
        there = await _named(link, target)
        name = there[0].name
        async with action_steps.exclusive({name}, "scale"):
            if instances > len(there):
                await _grow(link, there, instances - len(there))
            else:
                await _shrink(link, there[instances:], by)
            after = [each for each in await list_processes(link) if each.name == name]
    if len(there) == instances:
        return action_steps.result(f"{name} has {action_steps.things(instances, 'instance')} already", after)
    return action_steps.result(
        f"Scaled {name} from {len(there)} to {action_steps.things(instances, 'instance')}", after
    )


async def _grow(link: Link, there: list[Process], count: int) -> None:
    model = next((each for each in there if each.status is Status.ONLINE), None)
    framework = registry().named(there[0].name)
    if model is None:
        raise CannotScale(there[0].name, "no instance of it is online. Start or restart it first")
    if framework and start_framework.is_alone(framework):
        raise CannotScale(model.name, "it runs in fork mode and cannot share its port between processes")
    known = {each.pm_id for each in there}
    for _ in range(count):
        await link.call("duplicateProcessId", model.pm_id)
    try:
        now = await list_processes(link)
        born = [each for each in now if each.name == model.name and each.pm_id not in known]
        await action_steps.until_up_again(link, [_not_yet(each) for each in born], answers)
    except StartFailed:
        now = await list_processes(link)
        await action_steps.call_each(
            link, "deleteProcessId", [each for each in now if each.name == model.name and each.pm_id not in known]
        )
        raise


def _not_yet(process: Process) -> Process:
    """As it was before it started: any pid is a new one."""
    return replace(process, pid=0)


async def _shrink(link: Link, going: list[Process], by: str) -> None:
    newest_first = going[::-1]
    expected.announce([each.pm_id for each in newest_first], "scaled down", by)
    await action_steps.call_each(link, "deleteProcessId", newest_first)
    await action_steps.until(link, going, lambda _, now: now is None)


async def _named(link: Link, target: Target | None) -> list[Process]:
    """The processes, oldest first; without a target all but this server. Raises UnknownFramework, ProcessNotFound."""
    chosen, _ = await action_steps.choose(link, target)
    return sorted(chosen, key=lambda each: each.pm_id)

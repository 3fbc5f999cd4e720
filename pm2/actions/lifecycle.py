"""The verbs: start, stop, restart, delete. Each answers after the fact, with the processes that result."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pm2.actions import action_steps, start_framework
from pm2.actions.action_steps import Happened, Result, Target
from pm2.daemon import client
from pm2.daemon.process import RUNNING
from pm2.errors import AlreadyRunning
from pm2.exits import expected
from pm2.frameworks.registry import registry
from pm2.monitor.current import sample
from pm2.monitor.listing import list_processes

__all__ = ["Result", "Target", "delete", "restart", "sample", "start", "stop"]

MANY_INSTANCES = 50


async def start(name: str, instances: int | None = None) -> Result:
    """Start a framework; see `starting` for what can go wrong besides AlreadyRunning."""
    return await action_steps.to_the_end(_start(name, instances))


async def _start(name: str, instances: int | None) -> Result:
    framework = registry().framework(name)
    count, warnings = start_framework.instances_for(framework, instances)
    if count > MANY_INSTANCES:
        warnings = (*warnings, f"{count} instances on {os.cpu_count()} CPUs: expect them to be slow.")
    async with action_steps.exclusive([name], "start"):
        await start_framework.ensure_installed(framework)
        await start_framework.ensure_daemon()
        async with client.daemon() as link:
            there = [each for each in await list_processes(link) if each.name == name]
            running = [each for each in there if each.status in RUNNING]
            if running:
                raise AlreadyRunning(name, len(running))
            await action_steps.call_each(link, "deleteProcessId", there)
            await start_framework.prepare(link, framework, count)
            processes = await start_framework.until_up(link, framework, count)
    return action_steps.result(
        f"Started {name}: {action_steps.things(count, 'instance')}", processes, warnings=warnings
    )


@dataclass(frozen=True, slots=True)
class Verb:
    """What an action is called by people, by PM2's daemon and on its bus, and when it has happened; None: when the
    processes are up again."""

    past: str
    method: str
    happened: Happened | None


STOP = Verb("Stopped", "stopProcessId", lambda _, now: now is None or now.status not in RUNNING)
DELETE = Verb("Deleted", "deleteProcessId", lambda _, now: now is None)
RESTART = Verb("Restarted", "restartProcessId", None)


async def stop(target: Target | None, by: str = "") -> Result:
    """Stop; without a target, every process but this server itself. Raises ProcessNotFound."""
    return await action_steps.to_the_end(_act(STOP, "stop", target, by))


async def restart(target: Target | None, by: str = "") -> Result:
    """Stop and start; without a target, every process but this server itself. Raises ProcessNotFound, StartFailed."""
    return await action_steps.to_the_end(_act(RESTART, "restart", target, by))


async def delete(target: Target | None, by: str = "") -> Result:
    """Stop and forget; without a target, every process but this server itself. Raises ProcessNotFound."""
    return await action_steps.to_the_end(_act(DELETE, "delete", target, by))


async def _act(verb: Verb, name: str, target: Target | None, by: str) -> Result:
    async with action_steps.answering_daemon() as link:
        chosen, skipped = await action_steps.choose(link, target)
        async with action_steps.exclusive({each.name for each in chosen}, name):
            expected.announce([each.pm_id for each in chosen], verb.past.lower(), by)
            await action_steps.call_each(link, verb.method, chosen)
            if verb.happened:
                after = await action_steps.until(link, chosen, verb.happened)
            else:
                after = await action_steps.until_up_again(link, chosen)
            await action_steps.tell(link, after, name)
    return action_steps.result(
        f"{verb.past} {action_steps.names(chosen)}: {action_steps.things(len(chosen))}", after, skipped=skipped
    )

"""The verbs: start, stop, restart, delete. Each answers after the fact, with the processes that result."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pm2 import acting, client, intents, starting
from pm2.acting import Happened, Result, Target
from pm2.errors import AlreadyRunning
from pm2.frameworks.registry import registry
from pm2.listing import list_processes
from pm2.process import RUNNING
from pm2.sampling import sample

__all__ = ["Result", "Target", "delete", "restart", "sample", "start", "stop"]

MANY_INSTANCES = 50


async def start(name: str, instances: int | None = None) -> Result:
    """Start a framework; see `starting` for what can go wrong besides AlreadyRunning."""
    return await acting.to_the_end(_start(name, instances))


async def _start(name: str, instances: int | None) -> Result:
    framework = registry().framework(name)
    count, warnings = starting.instances_for(framework, instances)
    if count > MANY_INSTANCES:
        warnings = (*warnings, f"{count} instances on {os.cpu_count()} CPUs: expect them to be slow.")
    async with acting.exclusive([name], "start"):
        await starting.ensure_installed(framework)
        await starting.ensure_daemon()
        async with client.daemon() as link:
            there = [each for each in await list_processes(link) if each.name == name]
            running = [each for each in there if each.status in RUNNING]
            if running:
                raise AlreadyRunning(name, len(running))
            await acting.call_each(link, "deleteProcessId", there)
            await starting.prepare(link, framework, count)
            processes = await starting.until_up(link, framework, count)
    return acting.result(f"Started {name}: {acting.things(count, 'instance')}", processes, warnings=warnings)


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
    return await acting.to_the_end(_act(STOP, "stop", target, by))


async def restart(target: Target | None, by: str = "") -> Result:
    """Stop and start; without a target, every process but this server itself. Raises ProcessNotFound, StartFailed."""
    return await acting.to_the_end(_act(RESTART, "restart", target, by))


async def delete(target: Target | None, by: str = "") -> Result:
    """Stop and forget; without a target, every process but this server itself. Raises ProcessNotFound."""
    return await acting.to_the_end(_act(DELETE, "delete", target, by))


async def _act(verb: Verb, name: str, target: Target | None, by: str) -> Result:
    async with acting.answering_daemon() as link:
        chosen, skipped = await acting.choose(link, target)
        async with acting.exclusive({each.name for each in chosen}, name):
            intents.announce([each.pm_id for each in chosen], verb.past.lower(), by)
            await acting.call_each(link, verb.method, chosen)
            if verb.happened:
                after = await acting.until(link, chosen, verb.happened)
            else:
                after = await acting.until_up_again(link, chosen)
            await acting.tell(link, after, name)
    return acting.result(f"{verb.past} {acting.names(chosen)}: {acting.things(len(chosen))}", after, skipped=skipped)

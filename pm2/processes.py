"""The verbs: start, stop, restart, delete. Each answers after the fact, with the processes that result."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from django.conf import settings

from pm2 import client, starting
from pm2.client import Link
from pm2.errors import AlreadyRunning, CallTimeout, OperationInProgress, ProcessNotFound
from pm2.frameworks.registry import registry
from pm2.listing import changed, list_processes, sample
from pm2.process import RUNNING, Process, Status
from system.child import ancestry

__all__ = ["Result", "Target", "delete", "restart", "sample", "start", "stop"]

POLL_S = 0.05
MANY_INSTANCES = 50
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Target:
    """Which processes: of a framework, of this exact name, or this one. Exactly one is set."""

    framework: str | None = None
    name: str | None = None
    pm_id: int | None = None

    def matches(self, process: Process) -> bool:
        wanted = self.framework or self.name
        return process.name == wanted if wanted else process.pm_id == self.pm_id

    def __str__(self) -> str:
        wanted = self.framework or self.name
        return f"named {wanted!r}" if wanted else f"number {self.pm_id}"


@dataclass(frozen=True, slots=True)
class Skipped:
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """What an action did; `processes` as they are afterwards."""

    success: bool
    message: str
    processes: tuple[Process, ...]
    warnings: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    timestamp: datetime


_busy: dict[str, str] = {}
_busy_lock = threading.Lock()


@asynccontextmanager
async def _exclusive(name: str, verb: str) -> AsyncIterator[None]:
    """One operation per name at a time, whatever thread or loop it comes from."""
    with _busy_lock:
        if name in _busy:
            raise OperationInProgress(name, _busy[name])
        _busy[name] = verb
    try:
        yield
    finally:
        with _busy_lock:
            del _busy[name]


_unfinished: set[asyncio.Task[object]] = set()


async def _to_the_end(work: Coroutine[object, object, T]) -> T:
    """A caller who leaves does not stop an action half way."""
    changed()
    task = asyncio.create_task(work)
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
    task.add_done_callback(lambda _: changed())
    return await asyncio.shield(task)


async def start(name: str, instances: int | None = None) -> Result:
    """Start a framework; see `starting` for what can go wrong besides AlreadyRunning."""
    return await _to_the_end(_start(name, instances))


async def _start(name: str, instances: int | None) -> Result:
    framework = registry().framework(name)
    count, warnings = starting.instances_for(framework, instances)
    if count > MANY_INSTANCES:
        warnings = (*warnings, f"{count} instances on {os.cpu_count()} CPUs: expect them to be slow.")
    async with _exclusive(name, "start"):
        await starting.ensure_installed(framework)
        await starting.ensure_daemon()
        async with client.daemon() as link:
            there = [each for each in await list_processes(link) if each.name == name]
            running = [each for each in there if each.status in RUNNING]
            if running:
                raise AlreadyRunning(name, len(running))
            await _call_each(link, "deleteProcessId", there)
            await starting.prepare(link, framework, count)
            processes = await starting.until_up(link, framework, count)
    noun = "instance" if count == 1 else "instances"
    return _result(f"Started {name}: {count} {noun}", processes, warnings=warnings)


async def stop(target: Target) -> Result:
    """Raises ProcessNotFound."""
    return await _to_the_end(_act("stop", target))


async def restart(target: Target) -> Result:
    """Raises ProcessNotFound."""
    return await _to_the_end(_act("restart", target))


async def delete(target: Target) -> Result:
    """Stop and forget. Raises ProcessNotFound."""
    return await _to_the_end(_act("delete", target))


async def stop_all() -> Result:
    """Every process but this server itself."""
    return await _to_the_end(_act("stop", None))


async def restart_all() -> Result:
    """Every process but this server itself."""
    return await _to_the_end(_act("restart", None))


async def delete_all() -> Result:
    """Every process but this server itself."""
    return await _to_the_end(_act("delete", None))


@dataclass(frozen=True, slots=True)
class Verb:
    """How an action is called, and when it has happened: `(before, after) -> done`."""

    past: str
    method: str
    happened: Callable[[Process, Process | None], bool]


VERBS = {
    "stop": Verb("Stopped", "stopProcessId", lambda _, now: now is None or now.status not in RUNNING),
    "delete": Verb("Deleted", "deleteProcessId", lambda _, now: now is None),
    "restart": Verb(
        "Restarted",
        "restartProcessId",
        lambda before, now: now is not None and now.status is Status.ONLINE and now.pid != before.pid,
    ),
}


async def _act(name: str, target: Target | None) -> Result:
    verb = VERBS[name]
    if target and target.framework:
        registry().framework(target.framework)
    async with (
        _exclusive(str(target) if target is None else _lock_name(target), name),
        client.daemon() as link,
    ):
        listed = await list_processes(link)
        chosen = [each for each in listed if target is None or target.matches(each)]
        if target and not chosen:
            raise ProcessNotFound(str(target))
        spared = ancestry() if target is None else frozenset()
        skipped = [Skipped(each.name, "it is this server itself") for each in chosen if each.pid in spared]
        chosen = [each for each in chosen if each.pid not in spared]
        await _call_each(link, verb.method, chosen)
        after = await _until(link, chosen, verb.happened)
        await asyncio.gather(*(_tell(link, each, name) for each in after))
    noun = "process" if len(chosen) == 1 else "processes"
    names = ", ".join(sorted({each.name for each in chosen})) or "nothing"
    return _result(f"{verb.past} {names}: {len(chosen)} {noun}", tuple(after), skipped=tuple(skipped))


def _lock_name(target: Target) -> str:
    return target.framework or target.name or f"#{target.pm_id}"


async def _call_each(link: Link, method: str, processes: list[Process]) -> None:
    calls: list[Awaitable[object]] = []
    for each in processes:
        takes_object = method == "restartProcessId"
        calls.append(link.call(method, {"id": each.pm_id} if takes_object else each.pm_id))
    await asyncio.gather(*calls)


async def _until(
    link: Link, chosen: list[Process], happened: Callable[[Process, Process | None], bool]
) -> list[Process]:
    """Poll until the action shows in PM2's list. Raises CallTimeout."""
    try:
        async with asyncio.timeout(settings.PM2_TIMEOUT):
            while True:
                now = {each.pm_id: each for each in await list_processes(link)}
                if all(happened(each, now.get(each.pm_id)) for each in chosen):
                    return [now[each.pm_id] for each in chosen if each.pm_id in now]
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise CallTimeout("to carry it out", settings.PM2_TIMEOUT) from None


async def _tell(link: Link, process: Process, action: str) -> None:
    """Put the action on PM2's bus, where its command line would have put it."""
    await link.call("notifyByProcessId", {"id": process.pm_id, "action_name": action, "manually": True})


def _result(
    message: str,
    processes: tuple[Process, ...],
    *,
    warnings: tuple[str, ...] = (),
    skipped: tuple[Skipped, ...] = (),
) -> Result:
    return Result(True, message, processes, warnings, skipped, datetime.now(UTC))

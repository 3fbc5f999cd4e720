"""What all verbs share: whom they are for, one at a time, to the end, and proof that it has happened."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from django.conf import settings

from pm2.daemon import client
from pm2.daemon.client import Link
from pm2.daemon.process import Process, Status
from pm2.errors import CallTimeout, DaemonHangs, OperationInProgress, ProcessNotFound, StartFailed
from pm2.exits import expected
from pm2.frameworks.registry import registry
from pm2.logs import log_files
from pm2.monitor import current, listing
from system.host.child_processes import ancestry
from system.lib import locks

POLL_S = 0.05
STEADY_S = 0.3  # an instance that lives this long after it went online did not fall over at once
STDERR_LINES = 10
PER_PROCESS_S = 0.3  # a hundred node processes take half a minute to come up on two cores
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


def result(
    message: str,
    processes: Sequence[Process],
    *,
    warnings: tuple[str, ...] = (),
    skipped: tuple[Skipped, ...] = (),
) -> Result:
    return Result(True, message, tuple(processes), warnings, skipped, datetime.now(UTC))


_busy: dict[str, str] = {}
_busy_lock = threading.Lock()


@asynccontextmanager
async def exclusive(names: Collection[str], verb: str) -> AsyncIterator[None]:
    """One operation per name at a time, whatever thread, loop or program it comes from. Raises OperationInProgress."""
    with _busy_lock:
        for name in names:
            if name in _busy:
                raise OperationInProgress(name, _busy[name])
        _busy.update(dict.fromkeys(names, verb))
    try:
        with ExitStack() as held:
            for name in sorted(names):
                holder = held.enter_context(locks.exclusive(_lock_file(name), verb))
                if holder:
                    raise OperationInProgress(name, holder)
            yield
    finally:
        with _busy_lock:
            for name in names:
                del _busy[name]


def _lock_file(name: str) -> Path:
    digest = hashlib.sha256(f"{settings.PM2_HOME}\0{name}".encode(errors="replace")).hexdigest()[:24]
    return Path(settings.DATA_DIR) / "locks" / f"pm2-{digest}"


_unfinished: set[asyncio.Task[object]] = set()


async def to_the_end(work: Coroutine[object, object, T]) -> T:
    """A caller who leaves does not stop an action half way."""
    expected.changed()
    task = asyncio.create_task(work)
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
    task.add_done_callback(lambda _: expected.changed())
    return await asyncio.shield(task)


@asynccontextmanager
async def answering_daemon() -> AsyncIterator[Link]:
    """The link, unless the daemon is known to hang: what it is told now, it would do whenever it wakes.
    Raises DaemonHangs."""
    if not current.current().is_answering():
        raise DaemonHangs(str(settings.PM2_HOME), listing.daemon_pid())
    async with client.daemon() as link:
        yield link


def within_s(count: int) -> float:
    """How long an action on so many processes may take: they share the CPUs, and the daemon takes one at a time."""
    return settings.PM2_TIMEOUT + PER_PROCESS_S * count


async def call_each(link: Link, method: str, processes: Sequence[Process]) -> None:
    """Call `method` for each, all at once."""
    timeout_s = within_s(len(processes))
    calls: list[Awaitable[object]] = []
    for each in processes:
        takes_object = method in ("restartProcessId", "reloadProcessId")
        argument = {"id": each.pm_id} if takes_object else each.pm_id
        calls.append(link.call(method, argument, timeout_s=timeout_s))
    await asyncio.gather(*calls)


Happened = Callable[[Process, Process | None], bool]


def is_up_again(before: Process, now: Process | None) -> bool:
    """Online, and not the one that was there before."""
    return now is not None and now.status is Status.ONLINE and now.pid != before.pid


async def until(link: Link, chosen: Sequence[Process], happened: Happened) -> list[Process]:
    """Poll until the action shows in PM2's list; what it shows then. Raises CallTimeout."""
    timeout_s = within_s(len(chosen))
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                now = {each.pm_id: each for each in await listing.list_processes(link)}
                if all(happened(each, now.get(each.pm_id)) for each in chosen):
                    return [now[each.pm_id] for each in chosen if each.pm_id in now]
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise CallTimeout("to carry it out", timeout_s) from None


async def until_up_again(
    link: Link, chosen: Sequence[Process], ready: Callable[[Process], Awaitable[bool]] | None = None
) -> list[Process]:
    """Poll until each is up again, `ready`, and has stayed so for `STEADY_S`. Raises StartFailed with its exit code
    and last words."""
    loop = asyncio.get_running_loop()
    timeout_s = within_s(len(chosen))
    deadline, steady_since = loop.time() + timeout_s, None
    while True:
        now = {each.pm_id: each for each in await listing.list_processes(link)}
        for before in chosen:
            seen = now.get(before.pm_id)
            if seen is None or seen.status is Status.ERRORED or seen.restarts > before.restarts + 1:
                raise await failure(link, seen or before, "it did not stay up")
        late = [each for each in chosen if not is_up_again(each, now.get(each.pm_id))]
        late = late or [each for each in chosen if ready and not await ready(now[each.pm_id])]
        if loop.time() > deadline:
            slowest = now[late[0].pm_id] if late else now[chosen[0].pm_id]
            raise await failure(link, slowest, f"it was not up within {timeout_s:g} s (see PM2_TIMEOUT)")
        steady_since = None if late else steady_since or loop.time()
        if steady_since is not None and loop.time() - steady_since >= STEADY_S:
            return [now[each.pm_id] for each in chosen]
        await asyncio.sleep(POLL_S)


async def failure(link: Link, process: Process, reason: str) -> StartFailed:
    """What to raise for a process that does not come up: with its exit code and the end of its error log."""
    files = listing.log_files(await listing.entries(link)).get((process.name, process.pm_id))
    stderr = await asyncio.to_thread(log_files.last_lines, Path(files.err), STDERR_LINES) if files else []
    code = process.exit_code
    return StartFailed(process.name, reason + (f", exit code {code}" if code else ""), code, stderr)


async def tell(link: Link, processes: Sequence[Process], action: str) -> None:
    """Put the action on PM2's bus, where its command line would have put it."""
    calls = [{"id": each.pm_id, "action_name": action, "manually": True} for each in processes]
    await asyncio.gather(*(link.call("notifyByProcessId", shape) for shape in calls))


def things(count: int, noun: str = "process") -> str:
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{count} {noun if count == 1 else plural}"


async def choose(link: Link, target: Target | None) -> tuple[list[Process], tuple[Skipped, ...]]:
    """The processes that are meant; without a target all but this server itself. Raises UnknownFramework,
    ProcessNotFound."""
    if target and target.framework:
        registry().framework(target.framework)
    listed = await listing.list_processes(link)
    if target:
        chosen = [each for each in listed if target.matches(each)]
        if not chosen:
            raise ProcessNotFound(str(target))
        return chosen, ()
    spared = ancestry()
    skipped = tuple(Skipped(each.name, "it is this server itself") for each in listed if each.pid in spared)
    return [each for each in listed if each.pid not in spared], skipped


def names(chosen: Sequence[Process]) -> str:
    return ", ".join(sorted({each.name for each in chosen})) or "nothing"

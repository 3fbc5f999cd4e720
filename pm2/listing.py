"""What runs under PM2: the daemon's list, with CPU and memory of whole process trees."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from weakref import WeakKeyDictionary

from django.conf import settings

from pm2 import client, process
from pm2.client import Link
from pm2.errors import DaemonNotRunning, ProcessNotFound, ProtocolError
from pm2.frameworks.registry import registry
from pm2.process import Details, Process, Status
from system import sampler

FRESH_S = 0.2  # pollers that come closer together than this share a sample
OLDEST_KNOWN = 5  # the first version whose methods are those that we call


@dataclass(frozen=True, slots=True)
class Daemon:
    """`state`: up, down, updating or incompatible."""

    state: str
    version: str | None
    pid: int | None
    home: str


@dataclass(frozen=True, slots=True)
class Counts:
    online: int
    total: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The wire's `GET /api/pm2/stats`. `stale`: the list is from `age_seconds` ago, the daemon is away."""

    processes: tuple[Process, ...]
    counts: Counts
    daemon: Daemon
    timestamp: datetime
    stale: bool
    age_seconds: float


@dataclass(frozen=True, slots=True)
class ProcessPage:
    """One process with everything that is shown of it."""

    process: Process
    details: Details
    exits: tuple[object, ...]
    timestamp: datetime


_flights: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[Stats]] = WeakKeyDictionary()
_changed_at = datetime.min.replace(tzinfo=UTC)
_last: Stats | None = None  # what was seen last, shown while the daemon is away


def recent() -> Stats | None:
    """What was sampled less than `FRESH_S` ago, unless we have changed something since. For any thread."""
    seen = _last
    if seen is None or seen.daemon.home != str(settings.PM2_HOME) or _changed_at > seen.timestamp:
        return None
    return seen if (datetime.now(UTC) - seen.timestamp).total_seconds() < FRESH_S else None


def changed() -> None:
    """An action of ours begins or ends: what was seen before does not hold any more."""
    global _changed_at
    _changed_at = datetime.now(UTC)


async def sample() -> Stats:
    """The processes now; callers at the same moment share one call. Raises CallTimeout when PM2 hangs."""
    loop = asyncio.get_running_loop()
    flight = _flights.get(loop)
    if flight is None or flight.done():
        flight = _flights[loop] = asyncio.create_task(_sample(), name="pm2 sample")
    return await asyncio.shield(flight)


async def _sample() -> Stats:
    global _last  # one daemon, one last list
    begun = datetime.now(UTC)
    try:
        async with client.daemon() as link:
            version = await link.daemon_version()
            processes = await list_processes(link)
    except DaemonNotRunning:
        return _away("down", None)
    except ProtocolError:
        return _away("incompatible", None)
    if not version.split(".")[0].isdigit() or int(version.split(".")[0]) < OLDEST_KNOWN:
        return _away("incompatible", version)
    daemon = Daemon("up", version, daemon_pid(), str(settings.PM2_HOME))
    _last = Stats(processes, count(processes), daemon, begun, stale=False, age_seconds=0.0)
    return _last


def _away(state: str, version: str | None) -> Stats:
    """The last list, marked as old; its ages and CPU are of that time."""
    home, now = str(settings.PM2_HOME), datetime.now(UTC)
    daemon = Daemon(state, version, None, home)
    if _last is None or _last.daemon.home != home:
        return Stats((), Counts(0, 0), daemon, now, stale=True, age_seconds=0.0)
    age = (now - _last.timestamp).total_seconds()
    return replace(_last, daemon=daemon, stale=True, age_seconds=round(age, 1))


def count(processes: tuple[Process, ...]) -> Counts:
    return Counts(sum(each.status is Status.ONLINE for each in processes), len(processes))


def daemon_pid() -> int | None:
    """From PM2's own pid file; None without one."""
    try:
        return int((Path(settings.PM2_HOME) / "pm2.pid").read_text())
    except (OSError, ValueError):
        return None


async def entries(link: Link) -> list[dict[str, object]]:
    """`getMonitorData` as it came, environment included: not to be passed on."""
    answer = await link.call("getMonitorData", {})
    if not isinstance(answer, list):
        raise ProtocolError("PM2 answered getMonitorData with something that is no list.")
    return [entry for entry in answer if isinstance(entry, dict)]


async def list_processes(link: Link) -> tuple[Process, ...]:
    """The allow-listed view of every process, in the order of pm_id."""
    listed = [process.from_monitor_data(entry, 1000 * time.time()) for entry in await entries(link)]
    trees = await sampler.process_trees([each.pid for each in listed])
    return tuple(_measured(each, trees) for each in sorted(listed, key=lambda each: each.pm_id))


def _measured(each: Process, trees: dict[int, sampler.TreeUsage]) -> Process:
    framework = registry().named(each.name)
    usage = trees.get(each.pid)
    if framework:
        each = replace(each, framework=framework.name, port=framework.port)
    if usage is None:
        return each
    megabytes = round(usage.memory_bytes / process.MB, 1)
    return replace(each, cpu=usage.cpu_percent, memory=megabytes, memory_bytes=usage.memory_bytes)


async def one(pm_id: int) -> ProcessPage:
    """Raises ProcessNotFound."""
    async with client.daemon() as link:
        for entry in await entries(link):
            shown = process.from_monitor_data(entry, 1000 * time.time())
            if shown.pm_id == pm_id:
                trees = await sampler.process_trees([shown.pid])
                return ProcessPage(_measured(shown, trees), process.details(entry), (), datetime.now(UTC))
    raise ProcessNotFound(f"number {pm_id}")

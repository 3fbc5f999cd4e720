"""What runs under PM2: the daemon's list, with CPU and memory of whole process trees."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from django.conf import settings

from pm2.daemon import process
from pm2.daemon.client import Link
from pm2.daemon.process import Key, Process, Status
from pm2.errors import ProtocolError
from pm2.frameworks.registry import registry
from pm2.logs.log_files import LogFiles
from system.host import host_sampler

OLDEST_KNOWN = 5  # the first version whose methods are those that we call


@dataclass(frozen=True, slots=True)
class Daemon:
    """`state`: up, down, updating or incompatible; `message`: why it is not up."""

    state: str
    version: str | None
    pid: int | None
    home: str
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    online: int
    total: int


@dataclass(frozen=True, slots=True)
class Orphan:
    """A process that a daemon left behind when it died: it runs, holds its port, and no daemon knows it."""

    pid: int
    name: str
    pm_id: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The wire's `GET /api/pm2/stats`. `stale`: the list is from `age_seconds` ago, the daemon is away."""

    processes: tuple[Process, ...]
    counts: Counts
    daemon: Daemon
    timestamp: datetime
    stale: bool
    age_seconds: float
    orphans: tuple[Orphan, ...] = ()


def count(processes: tuple[Process, ...]) -> Counts:
    return Counts(sum(each.status is Status.ONLINE for each in processes), len(processes))


def daemon_pid() -> int | None:
    """From PM2's own pid file; None without one."""
    try:
        return int((Path(settings.PM2_HOME) / "pm2.pid").read_text())
    except (OSError, ValueError):
        return None


async def entries(link: Link, timeout_s: float | None = None) -> list[dict[str, object]]:
    """`getMonitorData` as it came, environment included: not to be passed on."""
    answer = await link.call("getMonitorData", {}, timeout_s=timeout_s)
    if not isinstance(answer, list):
        raise ProtocolError("PM2 answered getMonitorData with something that is no list.")
    return [entry for entry in answer if isinstance(entry, dict)]


async def list_processes(link: Link) -> tuple[Process, ...]:
    """The allow-listed view of every process, in the order of pm_id."""
    return await measured(shown(await entries(link)))


def shown(listed: list[dict[str, object]]) -> tuple[Process, ...]:
    """The allow-listed view of `getMonitorData`, in the order of pm_id, with PM2's own CPU and memory."""
    processes = [process.from_monitor_data(entry, 1000 * time.time()) for entry in listed]
    alike = Counter(each.name for each in processes)
    return tuple(_named(each, alike[each.name]) for each in sorted(processes, key=lambda each: each.pm_id))


def _named(each: Process, instances: int) -> Process:
    """With what stands elsewhere: PM2's own number of instances is that of the start, whatever was scaled since."""
    framework = registry().named(each.name)
    if framework is None:
        return replace(each, instances=instances)
    return replace(each, framework=framework.name, port=framework.port, instances=instances)


async def measured(processes: tuple[Process, ...]) -> tuple[Process, ...]:
    """The same with CPU and memory of the whole trees as they are now."""
    trees = await host_sampler.process_trees([each.pid for each in processes])
    return tuple(_measured(each, trees) for each in processes)


def _measured(each: Process, trees: dict[int, host_sampler.TreeUsage]) -> Process:
    usage = trees.get(each.pid)
    if usage is None:
        return each
    megabytes = round(usage.memory_bytes / process.MB, 1)
    return replace(each, cpu=usage.cpu_percent, memory=megabytes, memory_bytes=usage.memory_bytes)


def with_cron(listed: list[dict[str, object]]) -> set[int]:
    """The pm_ids that PM2 restarts by the clock."""
    return {
        process.whole(entry.get("pm_id"))
        for entry in listed
        if process.environment(entry).get("cron_restart") not in (None, "", 0, "0", False)
    }


def log_files(listed: list[dict[str, object]]) -> dict[Key, LogFiles]:
    """Where PM2 writes what each process says."""
    files = {}
    for entry in listed:
        env = process.environment(entry)
        key = (process.text(entry.get("name")), process.whole(entry.get("pm_id")))
        files[key] = LogFiles(process.text(env.get("pm_out_log_path")), process.text(env.get("pm_err_log_path")))
    return files

"""Fetches PM2's process list, with CPU, memory and listening ports of whole process trees."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

from django.conf import settings

from pm2.daemon import daemon_process
from pm2.daemon.process import MB, Key, Process, Status, as_int, as_number, as_text, from_monitor_data, pm2_env
from pm2.daemon.process_names import match_processes
from pm2.daemon.rpc_client import DaemonConnection
from pm2.errors import ProcessNotFound, ProtocolError
from pm2.frameworks.registry import registry
from pm2.logs.line_formats import LineFormat
from pm2.logs.log_files import LogFiles
from pm2.monitor import listeners, run_ages
from pm2.saved_list.dump_status import DumpStatus
from system.host import ports, process_trees

NO_RUN = (0, 0.0)


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """`state`: up, down, updating or incompatible; `message`: why it is not up. `pid`: of a daemon that runs, even if
    it cannot be used. `code`: of the error that an action would raise."""

    state: Annotated[str, ("up", "down", "updating", "incompatible")]
    version: str | None
    pid: int | None
    home: str
    message: Annotated[str | None, "Why it is not up"] = None
    code: Annotated[str | None, "The error code of an action now"] = None


@dataclass(frozen=True, slots=True)
class Counts:
    online: int
    total: int


@dataclass(frozen=True, slots=True)
class Orphan:
    """A process left behind by a daemon that died: still running, on its port, and unknown to any daemon."""

    pid: int
    name: str
    pm_id: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The response of `GET /api/pm2/stats`. `stale`: the daemon is unavailable, the list is `age_seconds` old."""

    processes: tuple[Process, ...]
    counts: Counts
    daemon: DaemonStatus
    timestamp: datetime
    stale: Annotated[bool, "The daemon is unavailable; the list is `ageSeconds` old"]
    age_seconds: float
    orphans: Annotated[tuple[Orphan, ...], "Left behind by a daemon that died: still running, unmanaged"] = ()
    dump: Annotated[DumpStatus | None, "What a reboot would bring back; null while the saved list is being read"] = None


def count_online(processes: tuple[Process, ...]) -> Counts:
    return Counts(sum(process.status is Status.ONLINE for process in processes), len(processes))


def only_matching(stats: Stats, word: str) -> Stats:
    """The processes that `word` selects by PM2's rule. Raises ProcessNotFound."""
    match = match_processes(stats.processes, word)
    if match is None:
        raise ProcessNotFound(f"named {word!r}, or in such a namespace", word)
    return replace(stats, processes=match.processes, counts=count_online(match.processes))


def daemon_pid() -> int | None:
    """From PM2's pid file; None if there is none."""
    return daemon_process.read_pid(Path(settings.PM2_HOME))


async def fetch_entries(daemon: DaemonConnection, timeout_s: float | None = None) -> list[dict[str, object]]:
    """Unfiltered `getMonitorData`, environments included: must not leave the server."""
    entries = await daemon.call("getMonitorData", {}, timeout_s=timeout_s)
    if not isinstance(entries, list):
        raise ProtocolError("PM2's reply to getMonitorData is not a list.")
    return [entry for entry in entries if isinstance(entry, dict)]


async def list_processes(daemon: DaemonConnection) -> tuple[Process, ...]:
    """The allow-listed view of every process, ordered by pm_id."""
    return await measure(parse_entries(await fetch_entries(daemon)))


def parse_entries(entries: list[dict[str, object]]) -> tuple[Process, ...]:
    """The allow-listed view of `getMonitorData`, ordered by pm_id, with CPU and memory as measured by PM2."""
    processes = _with_own_ages([(from_monitor_data(entry, 1000 * time.time()), entry) for entry in entries])
    instances = Counter(process.name for process in processes)
    return tuple(
        _with_framework(process, instances[process.name])
        for process in sorted(processes, key=lambda process: process.pm_id)
    )


def _with_own_ages(parsed: Sequence[tuple[Process, Mapping[str, object]]]) -> list[Process]:
    """The processes with the ages that the kernel states; one that has just ended keeps that by PM2's time."""
    runs = {
        process.pm_id: (process.pid, float(as_number(pm2_env(entry).get("pm_uptime")) or 0))
        for process, entry in parsed
        if process.status is Status.ONLINE and process.pid
    }
    ages_s = run_ages.ages_s(runs.values())
    return [
        replace(process, uptime_seconds=round(ages_s.get(runs.get(process.pm_id, NO_RUN), process.uptime_seconds), 1))
        for process, _ in parsed
    ]


def _with_framework(process: Process, instances: int) -> Process:
    """Adds framework, port and the actual number of instances (PM2 reports that of the start, before scaling)."""
    framework = registry().framework_of(process.name)
    if framework is None:
        return replace(process, instances=instances)
    return replace(process, framework=framework.name, port=framework.port, instances=instances)


async def measure(processes: tuple[Process, ...]) -> tuple[Process, ...]:
    """The processes with current CPU and memory of their whole process trees, and where these listen. `processes`: all
    that PM2 lists, because in cluster mode the others decide which of the daemon's ports are whose."""
    pids = [process.pid for process in processes]
    trees = await process_trees.sample_trees(pids)
    has_workers = any(process.exec_mode == listeners.CLUSTER for process in processes)
    daemon = daemon_pid() if has_workers else None
    by_pid = await ports.sample_listeners(pids, [daemon] if daemon else ())
    measured = tuple(_apply_usage(process, trees) for process in processes)
    of_daemon = by_pid.get(daemon, ()) if daemon else ()
    return listeners.with_listeners(measured, listeners.assign(measured, by_pid, of_daemon))


def _apply_usage(process: Process, trees: dict[int, process_trees.TreeUsage]) -> Process:
    usage = trees.get(process.pid)
    if usage is None:
        return process
    megabytes = round(usage.memory_bytes / MB, 1)
    return replace(
        process,
        cpu=usage.cpu_percent,
        memory=megabytes,
        memory_bytes=usage.memory_bytes,
        cpu_seconds=round(usage.cpu_s, 2),
    )


def cron_pm_ids(entries: list[dict[str, object]]) -> set[int]:
    """The pm_ids with a `cron_restart` schedule."""
    return {
        as_int(entry.get("pm_id"))
        for entry in entries
        if pm2_env(entry).get("cron_restart") not in (None, "", 0, "0", False)
    }


def log_files_by_process(entries: list[dict[str, object]]) -> dict[Key, LogFiles]:
    files = {}
    for entry in entries:
        env = pm2_env(entry)
        key = (as_text(entry.get("name")), as_int(entry.get("pm_id")))
        line_format = LineFormat(as_text(env.get("log_date_format")), env.get("log_type") == "json")
        files[key] = LogFiles(as_text(env.get("pm_out_log_path")), as_text(env.get("pm_err_log_path")), line_format)
    return files

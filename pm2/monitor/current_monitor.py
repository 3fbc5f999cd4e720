"""The event loop's DaemonMonitor, and the latest process list for any thread."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from pm2.daemon.process import Key
from pm2.daemon.process_names import match_processes
from pm2.instance_tracking.instance_registry import InstanceStore
from pm2.instance_tracking.instance_store import SavedInstance
from pm2.logs import log_search
from pm2.logs.log_search import LogPage, LogQuery
from pm2.monitor import list_freshness
from pm2.monitor.daemon_monitor import FRESH_S, DaemonMonitor
from pm2.monitor.listing import Stats
from system.lib.per_loop import PerLoop

_monitors: PerLoop[DaemonMonitor] = PerLoop()
_latest: tuple[float, Stats] | None = None  # with the monotonic time when it was begun


def start(store: InstanceStore | None = None, saved: Mapping[Key, SavedInstance] | None = None) -> DaemonMonitor:
    """Monitors the daemon on this event loop until `stop`. `store`: where exits are stored; `saved`: its instances."""
    monitor = _monitors.set(DaemonMonitor(Path(settings.PM2_HOME), store, saved))
    monitor.start()
    return monitor


async def stop() -> None:
    monitor = _monitors.pop()
    if monitor:
        await monitor.close()


def get_monitor() -> DaemonMonitor:
    """This loop's monitor; without a started one, one that polls only on request."""
    home, monitor = Path(settings.PM2_HOME), _monitors.get()
    if monitor is None or monitor.home != home:
        monitor = _monitors.set(DaemonMonitor(home))
    return monitor


async def sample() -> Stats:
    """The processes, as fresh as possible without burdening the daemon."""
    global _latest
    began_s = time.monotonic()
    stats = await get_monitor().stats()
    _latest = began_s, stats
    return stats


async def search_logs(query: LogQuery, word: str | None = None) -> LogPage:
    """The newest matching lines, including those in the listed log files. `word`: as of `select_logs`. Raises
    ProcessNotFound, InvalidPattern."""
    monitor = get_monitor()
    query = await select_logs(query, word)
    return await log_search.search_files(query, monitor.files, monitor.logs.rates)


async def select_logs(query: LogQuery, word: str | None) -> LogQuery:
    """The query for the logs of what `word` selects by PM2's rule: a name, a namespace or a pm_id; None: all."""
    stats = await get_monitor().stats()
    if word is None:
        return query
    match = match_processes(stats.processes, word)
    if match is None or match.kind == "name":
        return replace(query, name=word)  # its instances change
    return replace(query, keys=frozenset((process.name, process.pm_id) for process in match.processes))


def recent_stats() -> Stats | None:
    """The latest sample if it is younger than `FRESH_S` and no action of ours has invalidated it. For any thread."""
    if _latest is None:
        return None
    began_s, stats = _latest
    if stats.daemon.home != str(settings.PM2_HOME) or list_freshness.list_invalidated_s() > began_s:
        return None
    return stats if time.monotonic() - began_s < FRESH_S else None

"""What runs under PM2, for whoever asks: by the watch where one runs, else straight from the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from weakref import WeakKeyDictionary

from django.conf import settings

from pm2.daemon.process import Key
from pm2.exits import expected
from pm2.instances.instance_registry import Memory
from pm2.instances.instance_store import Past
from pm2.logs import log_search
from pm2.logs.log_search import LogPage, Query
from pm2.monitor.listing import Stats
from pm2.monitor.watch import FRESH_S, Watch

_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = WeakKeyDictionary()
_last: Stats | None = None  # what was answered last, for any thread


def begin(memory: Memory | None = None, past: Mapping[Key, Past] | None = None) -> Watch:
    """Follow the daemon from this event loop on, until `end`. `memory`: where ends are kept; `past`: what it holds."""
    watch = Watch(Path(settings.PM2_HOME), memory, past)
    _watches[asyncio.get_running_loop()] = watch
    watch.start()
    return watch


async def end() -> None:
    watch = _watches.pop(asyncio.get_running_loop(), None)
    if watch:
        await watch.close()


def current() -> Watch:
    """This loop's watch; in a loop without one, one that asks when it is asked."""
    loop, home = asyncio.get_running_loop(), Path(settings.PM2_HOME)
    watch = _watches.get(loop)
    if watch is None or watch.home != home:
        watch = _watches[loop] = Watch(home)
    return watch


async def sample() -> Stats:
    """The processes, as new as can be without burdening the daemon."""
    return _remembered(await current().stats())


async def search_logs(query: Query) -> LogPage:
    """The newest lines that match, with the files that the daemon lists now. Raises ProcessNotFound, PatternTooSlow."""
    watch = current()
    await watch.stats()
    return await log_search.find(query, watch.files, watch.logs.rates)


def _remembered(stats: Stats) -> Stats:
    global _last
    _last = stats
    return stats


def recent() -> Stats | None:
    """What was answered less than `FRESH_S` ago, unless we have changed something since. For any thread."""
    seen = _last
    if seen is None or seen.daemon.home != str(settings.PM2_HOME) or expected.changed_at() > seen.timestamp:
        return None
    return seen if (datetime.now(UTC) - seen.timestamp).total_seconds() < FRESH_S else None

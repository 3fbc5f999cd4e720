"""Keeps what is known of the saved list, read in a thread when its file has changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pm2.daemon.process import Process
from pm2.saved_list import dump_file, dump_status, startup_unit
from pm2.saved_list.dump_status import DumpStatus, SavedNames
from pm2.saved_list.startup_unit import Startup

FRESH_S = 1.0  # between two looks at the file
STARTUP_FRESH_S = 30.0
WAIT_S = 0.25  # for a look: a file system that hangs delays no sample by more, and only once


@dataclass(frozen=True, slots=True)
class _Seen:
    """`identity`: of the file that was read, by inode, size and time; None without one."""

    identity: tuple[int, ...] | None
    names: SavedNames
    saved_at: datetime | None
    problem: str | None
    startup: Startup
    startup_s: float


class DumpWatch:
    """Of one PM2_HOME."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = dump_file.dump_path(home)
        self._seen: _Seen | None = None
        self._looked_s = float("-inf")
        self._look: asyncio.Task[_Seen] | None = None

    async def compare(self, processes: Sequence[Process]) -> DumpStatus | None:
        """Against the listed processes; None while nothing is known of the file."""
        await self._refresh()
        seen = self._seen
        if seen is None:
            return None
        missing, extra = dump_status.compare(seen.names, processes)
        return DumpStatus(str(self._path), seen.saved_at, missing, extra, seen.startup, seen.problem)

    async def _refresh(self) -> None:
        look = self._look
        if look is None:
            if time.monotonic() - self._looked_s < FRESH_S:
                return
            look = self._look = asyncio.create_task(asyncio.to_thread(_look, self._home, self._seen), name="pm2 dump")
            await asyncio.wait({look}, timeout=WAIT_S)
        if look.done() and self._look is look:  # another caller may have taken its result meanwhile
            self._look, self._looked_s = None, time.monotonic()
            self._seen = look.result()


def _look(home: Path, before: _Seen | None) -> _Seen:
    path, now_s = dump_file.dump_path(home), time.monotonic()
    is_known = before is not None and now_s - before.startup_s < STARTUP_FRESH_S
    startup = before.startup if before and is_known else startup_unit.find_startup(home)
    startup_s = before.startup_s if before and is_known else now_s
    identity = _identify(path)
    if before and before.identity == identity:
        return _Seen(identity, before.names, before.saved_at, before.problem, startup, startup_s)
    saved = dump_file.read(path)
    return _Seen(identity, dump_status.count_names(saved.entries), saved.saved_at, saved.problem, startup, startup_s)


def _identify(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError as error:
        return (-(error.errno or 1),)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_mode

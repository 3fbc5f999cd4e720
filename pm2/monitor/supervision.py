"""Keeps tasks running that never end by themselves: one that fails is started again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine

import structlog

log = structlog.get_logger("pm2.monitor.supervision")

RESTART_S, MAX_RESTART_S = 1.0, 30.0  # doubled while the work keeps failing, so that it does not fill the log


async def keep_running(work: Callable[[], Coroutine[object, object, None]], name: str) -> None:
    """Runs `work` as a task, and again `RESTART_S` after it failed, ended, or was cancelled by anything else; twice as
    long after each further time, unless it ran for longer than `MAX_RESTART_S`. Runs until it is cancelled itself."""
    pause_s = RESTART_S
    while True:
        began_s = time.monotonic()
        task = asyncio.create_task(work(), name=name)
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()  # nothing happens to one that has ended
            if not task.done():
                await asyncio.wait({task})
        error = None if task.cancelled() else task.exception()
        log.error("a task ended, and is started again", task=name, exc_info=error)
        if time.monotonic() - began_s > MAX_RESTART_S:
            pause_s = RESTART_S
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, MAX_RESTART_S)

"""Keeps tasks running that never end by themselves: one that fails is started again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import structlog

log = structlog.get_logger("pm2.monitor.supervision")

RESTART_S = 1.0


async def keep_running(work: Callable[[], Coroutine[object, object, None]], name: str) -> None:
    """Runs `work` as a task, and again `RESTART_S` after it failed, ended, or was cancelled by anything else. Runs
    until it is cancelled itself."""
    while True:
        task = asyncio.create_task(work(), name=name)
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()  # nothing happens to one that has ended
            if not task.done():
                await asyncio.wait({task})
        error = None if task.cancelled() else task.exception()
        log.error("a task ended, and is started again", task=name, exc_info=error)
        await asyncio.sleep(RESTART_S)

"""Starts and stops the server's background tasks: PM2 watch, audit trail of other processes, backups, sockets."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings

from pm2.daemon import origin, rpc_client
from pm2.daemon.process import Key
from pm2.instance_tracking import instance_store
from pm2.instance_tracking.instance_store import SavedInstance
from pm2.monitor import current_monitor
from pm2site.audit import follow
from pm2site.backup import schedule
from pm2site.http import error_responses
from pm2site.http.pools import THREAD_PREFIX
from pm2site.live.connections import sockets
from pm2site.transport.connection_probe import run_at_shutdown
from rediscluster.operations import cluster
from rediscluster.status import cluster_sampler
from system import database
from system.lib import locks

log = structlog.get_logger("pm2site")

_started_loops: set[asyncio.AbstractEventLoop] = set()
_tasks: set[asyncio.Task[None]] = set()
_recorder_lock = ExitStack()
GC_THRESHOLD = 700  # Python's default; `main` starts with a higher one
THREADS_S = 1.5  # for threads that still run after the shutdown


async def _nothing() -> None:
    return None


_finish_requests: Callable[[], Awaitable[None]] = _nothing


def start() -> None:
    """Runs once per event loop: at the first request, or before it under `serve`."""
    loop = asyncio.get_running_loop()
    if loop in _started_loops:
        return
    _started_loops.add(loop)
    origin.begin_to_serve(settings.API_PORT)
    database.allow_long_work()
    rpc_client.keep_open()
    cluster_sampler.keep_connections_open()
    run_at_shutdown(stop)
    _tasks.add(loop.create_task(follow.follow_other_writers(), name="follow audit trail"))
    _tasks.add(loop.create_task(schedule.keep_backups(), name="keep backups"))
    gc.collect()
    gc.freeze()  # what exists now stays: each full collection would look at it again, 50 ms for nothing
    gc.set_threshold(
        GC_THRESHOLD
    )  # closed connections are cycles that hold buffers: 100 MB of them with that of the start
    loop.create_task(_start_watching(), name="start watching")  # noqa: RUF006 - short; the monitor holds its tasks


async def _start_watching() -> None:
    # One process per DATA_DIR writes the rows; the others only watch.
    holder = _recorder_lock.enter_context(locks.exclusive(Path(settings.DATA_DIR) / "locks" / "recorder", "recorder"))
    past: dict[Key, SavedInstance] = {}
    if holder is None:
        try:
            past = await sync_to_async(instance_store.load_instances)()
        except error_responses.DATABASE_ERRORS as error:
            log.warning("PM2's history cannot be read", error=str(error))
    current_monitor.start(None if holder else instance_store, past)


def finish_requests_by(work: Callable[[], Awaitable[None]]) -> None:
    """`work`: waits for running requests at shutdown. Set by `asgi`, which knows the gateway."""
    global _finish_requests
    _finish_requests = work


async def stop() -> None:
    """Finishes or cancels running requests, closes all sockets, and writes pending rows."""
    while _tasks:
        _tasks.pop().cancel()
    await asyncio.gather(sockets.shut_down(), cluster.shut_down(), _finish_requests())
    await current_monitor.stop()
    _started_loops.discard(asyncio.get_running_loop())
    _recorder_lock.close()


def exit_without_threads(timeout_s: float = THREADS_S) -> None:
    """Ends the process if a request's thread still runs after `timeout_s`: Python would wait for it without limit."""
    deadline_s = time.monotonic() + timeout_s
    threads = [thread for thread in threading.enumerate() if thread.name.startswith(THREAD_PREFIX)]
    for thread in threads:
        thread.join(max(0.0, deadline_s - time.monotonic()))
    stuck = [thread.name for thread in threads if thread.is_alive()]
    if stuck:
        log.warning("threads did not end", threads=stuck)
        logging.shutdown()
        os._exit(0)

"""Starts and stops the server's background tasks: PM2 watch, audit trail of other processes, backups, runs, sockets."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack, suppress
from pathlib import Path

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings

from benchmarks.runs import watch
from monitoring.recording import current
from pm2.daemon import origin, rpc_client
from pm2.daemon.process import Key
from pm2.instance_tracking import instance_store
from pm2.instance_tracking.instance_registry import InstanceStore
from pm2.instance_tracking.instance_store import SavedInstance
from pm2.monitor import current_monitor, supervision
from pm2site.audit import follow
from pm2site.backup import schedule
from pm2site.http import error_responses
from pm2site.http.pools import THREAD_PREFIX
from pm2site.live.connections import sockets
from pm2site.transport.connection_probe import run_at_shutdown
from rediscluster.operations import cluster
from rediscluster.status import cluster_sampler
from system.database import contention, existing_file, long_work
from system.database.deferred_writes import deferred_writes
from system.lib import locks
from system.lib.per_loop import PerLoop

log = structlog.get_logger("pm2site")

_started_loops: set[asyncio.AbstractEventLoop] = set()
_tasks: set[asyncio.Task[None]] = set()
GC_THRESHOLD = 700  # Python's default; `main` starts with a higher one
_recorder_lock: ExitStack | None = None
_recorders: PerLoop[asyncio.Task[None]] = PerLoop()
TAKE_OVER_S = 2.0
ROWS_S = 2.0  # for rows that wait for the database
THREADS_S = 1.5  # for threads that still run after the shutdown


async def _nothing() -> None:
    return None


_finish_requests: Callable[[], Awaitable[None]] = _nothing
_sample: Callable[[], Coroutine[object, object, None]] | None = None


def start() -> None:
    """Runs once per event loop: at the first request, or before it under `serve`."""
    loop = asyncio.get_running_loop()
    if loop in _started_loops:
        return
    _started_loops.add(loop)
    origin.begin_to_serve(settings.API_PORT)
    long_work.allow_long_work()
    contention.limit_waiting()
    existing_file.expect_present_file()
    deferred_writes.start()
    rpc_client.keep_open()
    cluster_sampler.keep_connections_open()
    run_at_shutdown(stop)
    for work in (follow.follow_other_writers, schedule.keep_backups, watch.watch_queue):
        _tasks.add(loop.create_task(supervision.keep_running(work, work.__name__)))
    gc.collect()
    gc.freeze()  # what exists now stays: each full collection would look at it again, 50 ms for nothing
    gc.set_threshold(
        GC_THRESHOLD
    )  # closed connections are cycles that hold buffers: 100 MB of them with that of the start
    _tasks.add(loop.create_task(_watch(), name="watch PM2"))
    if _sample is not None:
        _tasks.add(loop.create_task(supervision.keep_running(_sample, "steady sampling")))
    if settings.HISTORY:
        recording = supervision.keep_running(current.recorder().run, "recorder of metrics")
        _recorders.set(loop.create_task(recording))


async def _watch() -> None:
    """Watches PM2, and records its exits as soon as no other server of this DATA_DIR does: one per DATA_DIR writes the
    rows."""
    is_recording = False
    with suppress(OSError):  # `_take_over` reports it
        is_recording = _try_to_record()
    current_monitor.start(*(await _recording() if is_recording else ()))
    await supervision.keep_running(_take_over, "record PM2's exits")


async def _take_over() -> None:
    while not _try_to_record():  # noqa: ASYNC110 - the lock is another process's
        await asyncio.sleep(TAKE_OVER_S)
    monitor = current_monitor.get_monitor()
    if not monitor.instances.is_storing:
        monitor.instances.begin_storing(*await _recording())
        log.info("records PM2's exits, as the server that did has ended")
    await asyncio.Event().wait()  # until the server stops


def _try_to_record() -> bool:
    """Whether this process has the lock of the one that records; it holds the lock until `stop`. Raises OSError."""
    global _recorder_lock
    if _recorder_lock is None:
        with ExitStack() as attempt:
            path = Path(settings.DATA_DIR) / "locks" / "recorder"
            if attempt.enter_context(locks.exclusive(path, "recorder")) is None:
                _recorder_lock = attempt.pop_all()
    return _recorder_lock is not None


async def _recording() -> tuple[InstanceStore, dict[Key, SavedInstance]]:
    """Where to store, and the instances that are stored."""
    try:
        return instance_store, await sync_to_async(instance_store.load_instances)()
    except error_responses.DATABASE_ERRORS as error:
        log.warning("PM2's history cannot be read", error=str(error))
        return instance_store, {}


def finish_requests_by(work: Callable[[], Awaitable[None]]) -> None:
    """`work`: waits for running requests at shutdown. Set by `asgi`, which knows the gateway."""
    global _finish_requests
    _finish_requests = work


def sample_by(work: Callable[[], Coroutine[object, object, None]]) -> None:
    """`work`: samples what is recorded, until it is cancelled. Set by `asgi`, which knows the streams."""
    global _sample
    _sample = work


async def stop() -> None:
    """Finishes or cancels running requests, closes all sockets, and writes pending rows."""
    global _recorder_lock
    while _tasks:
        _tasks.pop().cancel()
    await asyncio.gather(sockets.shut_down(), cluster.shut_down(), _finish_requests(), _stop_recording())
    await current_monitor.stop()
    await asyncio.to_thread(deferred_writes.stop, ROWS_S)
    _started_loops.discard(asyncio.get_running_loop())
    if _recorder_lock is not None:
        _recorder_lock.close()
        _recorder_lock = None


async def _stop_recording() -> None:
    recording = _recorders.pop()
    if recording is not None:
        recording.cancel()
        await asyncio.wait({recording}, timeout=ROWS_S)


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

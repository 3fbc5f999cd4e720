"""What begins with the server and ends with it: the watch over PM2, the trail of others, the goodbye to sockets."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings

from pm2.daemon import client
from pm2.daemon.process import Key
from pm2.instances import instance_store
from pm2.instances.instance_store import SavedInstance
from pm2.monitor import current
from pm2site.audit import follow
from pm2site.http import problems
from pm2site.live.connections import sockets
from pm2site.transport.backpressure import at_shutdown
from rediscluster.status import cluster_sampler
from system.lib import locks

log = structlog.get_logger("pm2site")

_begun: set[asyncio.AbstractEventLoop] = set()
_following: set[asyncio.Task[None]] = set()
_held = ExitStack()


def begin() -> None:
    """Once per event loop: with the first request, or before it when `serve` is the server."""
    loop = asyncio.get_running_loop()
    if loop in _begun:
        return
    _begun.add(loop)
    client.keep_open()
    cluster_sampler.keep_connections_open()
    at_shutdown(end)
    _following.add(loop.create_task(follow.follow_other_writers(), name="foreign activity"))
    loop.create_task(_watch(), name="begin")  # noqa: RUF006 - ends by itself, and what it starts is held by sampling


async def _watch() -> None:
    # One process for each DATA_DIR writes the rows; the others only watch.
    other = _held.enter_context(locks.exclusive(Path(settings.DATA_DIR) / "locks" / "recorder", "recorder"))
    past: dict[Key, SavedInstance] = {}
    if other is None:
        try:
            past = await sync_to_async(instance_store.load_instances)()
        except problems.DATABASE_ERRORS as error:
            log.warning("PM2's history cannot be read", error=str(error))
    current.start(None if other else instance_store, past)


async def end() -> None:
    """Say goodbye to clients, and write what is not yet written."""
    while _following:
        _following.pop().cancel()
    await sockets.shut_down()
    await current.stop()
    _begun.discard(asyncio.get_running_loop())
    _held.close()

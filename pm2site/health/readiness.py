"""Checks the server's dependencies: database, PM2, Redis, Node, load generators; and the history of metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection

from monitoring.recording import current
from pm2.monitor import current_monitor
from pm2site.backup import schedule
from pm2site.http import error_responses, middleware
from rediscluster.errors import RedisClusterError
from rediscluster.status import queries, state_summary
from system.host import binaries
from system.lib import installation

TIMEOUT_S = 2.0
GENERATORS = ("wrk", "h2load", "autocannon")


@dataclass(frozen=True, slots=True)
class Check:
    ok: bool
    message: str
    latency_ms: float


async def run_checks() -> dict[str, Check]:
    """Runs all checks concurrently; none takes longer than `TIMEOUT_S`."""
    probes = {
        "database": database, "pm2": pm2, "redis": redis, "node": node, "generators": generators, "history": history,
    }  # fmt: skip
    results = await asyncio.gather(*(_timed(probe) for probe in probes.values()))
    return dict(zip(probes, results, strict=True))


async def _timed(probe: Callable[[], Awaitable[tuple[bool, str]]]) -> Check:
    started_s = time.monotonic()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            ok, message = await probe()
    except TimeoutError:
        ok, message = False, f"no answer within {TIMEOUT_S:g} s"
    return Check(ok, message, round(1000 * (time.monotonic() - started_s), 2))


async def database() -> tuple[bool, str]:
    try:
        is_migrated = await sync_to_async(_has_all_tables)()
    except error_responses.DATABASE_ERRORS as error:
        return False, str(error)
    if not is_migrated:
        return False, f"tables are missing; run: {installation.MANAGE} migrate"
    condition = schedule.condition()
    if condition.damage:
        return False, condition.damage
    return True, "; ".join(filter(None, (connection.vendor, condition.backup_failure)))


def _has_all_tables() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return middleware.is_migrated()


async def pm2() -> tuple[bool, str]:
    stats = await current_monitor.sample()
    daemon = stats.daemon
    if daemon.state == "up":
        return True, f"PM2 {daemon.version}, pid {daemon.pid}, {daemon.home}"
    return False, f"PM2's daemon for {daemon.home} is {daemon.state}"


async def redis() -> tuple[bool, str]:
    try:
        status = await queries.fetch_status()
    except RedisClusterError as error:
        return False, str(error)
    return status.state == state_summary.RUNNING, f"{status.state}: {status.message}"


async def node() -> tuple[bool, str]:
    binary = await asyncio.to_thread(binaries.find, "node")
    return (
        (True, f"{binary.version}, {binary.path}") if binary else (False, f"no node on PATH; run: {installation.SETUP}")
    )


async def generators() -> tuple[bool, str]:
    programs = [await asyncio.to_thread(binaries.find, name) for name in GENERATORS]
    names = [f"{name} {binary.version}" for name, binary in zip(GENERATORS, programs, strict=True) if binary]
    return bool(names), ", ".join(names) or f"none of wrk, h2load, autocannon; run: {installation.SETUP}"


async def history() -> tuple[bool, str]:
    return await asyncio.to_thread(current.condition) if settings.HISTORY else (True, "off, since HISTORY=0")

"""The front page: what runs just now, drawn by the server; its script keeps it up to date by /ws."""

from __future__ import annotations

import asyncio
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from benchmarks.history import queries
from benchmarks.history.results import to_result
from pm2.monitor import current
from pm2site.audit import trail
from pm2site.health import readiness
from pm2site.web import tables
from rediscluster.status import cluster_sampler
from system.host import host_sampler

SHOWN = 12  # lines of the tables that would go on
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'"
)


def index(request: HttpRequest) -> HttpResponse:
    """What runs, and where to go from here."""
    credential = request.credential  # type: ignore[attr-defined]
    shape = async_to_sync(_now)() | {
        "results": tables.results([to_result(run) for run in queries.completed_runs()[:SHOWN]]),
        "activity": tables.activity(trail.entries(limit=SHOWN)["entries"]),  # type: ignore[arg-type]
        "may_act": credential.may_act,
    }
    response = render(request, "index.html", shape)
    response.headers["Content-Security-Policy"] = POLICY
    return response


async def _now() -> dict[str, Any]:
    host, pm2, redis, checks = await asyncio.gather(
        host_sampler.sample(), current.sample(), cluster_sampler.sample(), readiness.checks()
    )
    return {
        "host": tables.host(host),
        "hostname": host.hostname,
        "processes": tables.processes(pm2),
        "shards": tables.shards(redis.cluster),
        "lost": ", ".join(redis.cluster.lost),
        "checks": checks,
    }

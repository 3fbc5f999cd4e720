"""The front page: current state rendered by the server, kept up to date by its script over /ws."""

from __future__ import annotations

import asyncio
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from benchmarks.history import queries
from pm2.monitor import current_monitor
from pm2site.audit import trail
from pm2site.health import readiness
from pm2site.web import tables
from rediscluster.status import cluster_sampler
from system.host import host_sampler

MAX_ROWS = 12  # of the tables of benchmarks and activity
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'"
)


def index(request: HttpRequest) -> HttpResponse:
    credential = request.credential  # type: ignore[attr-defined]
    context = async_to_sync(_current_state)() | {
        "results": tables.results(queries.fetch_latest(MAX_ROWS)),
        "activity": tables.activity(trail.read_entries(limit=MAX_ROWS).entries),
        "may_act": credential.may_act,
    }
    response = render(request, "index.html", context)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


async def _current_state() -> dict[str, Any]:
    host, pm2, redis, checks = await asyncio.gather(
        host_sampler.sample(), current_monitor.sample(), cluster_sampler.sample(), readiness.run_checks()
    )
    return {
        "host": tables.host(host),
        "hostname": host.hostname,
        "processes": tables.processes(pm2),
        "shards": tables.shards(redis.cluster),
        "lost": ", ".join(redis.cluster.lost),
        "checks": checks,
    }

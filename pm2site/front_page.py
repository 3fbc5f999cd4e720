"""The front page: what runs just now, drawn by the server; its script keeps it up to date by /ws."""

from __future__ import annotations

import asyncio
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from benchmarks import history
from benchmarks.results import result
from pm2 import sampling
from pm2site import activity, overview, readiness
from rediscluster import watching
from system import sampler

SHOWN = 12  # lines of the tables that would go on
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'"
)


def index(request: HttpRequest) -> HttpResponse:
    """What runs, and where to go from here."""
    credential = request.credential  # type: ignore[attr-defined]
    shape = async_to_sync(_now)() | {
        "results": overview.results([result(run) for run in history.results()[:SHOWN]]),
        "activity": overview.activity(activity.entries(limit=SHOWN)["entries"]),  # type: ignore[arg-type]
        "may_act": credential.may_act,
    }
    response = render(request, "index.html", shape)
    response.headers["Content-Security-Policy"] = POLICY
    return response


async def _now() -> dict[str, Any]:
    host, pm2, redis, checks = await asyncio.gather(
        sampler.sample(), sampling.sample(), watching.sample(), readiness.checks()
    )
    return {
        "host": overview.host(host),
        "hostname": host.hostname,
        "processes": overview.processes(pm2),
        "shards": overview.shards(redis.cluster),
        "lost": ", ".join(redis.cluster.lost),
        "checks": checks,
    }

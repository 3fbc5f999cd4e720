"""`/health` and `/ready`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from asgiref.sync import async_to_sync
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from pm2site.health import readiness
from pm2site.health.readiness import Check
from system.lib.wire import iso_time, to_wire
from system.lib.wire_serializers import response_schema

STARTED_AT_S = time.monotonic()


@dataclass(frozen=True, slots=True)
class Health:
    status: Annotated[str, "Always `ok`"]
    timestamp: datetime
    uptime: Annotated[float, "Seconds since the server started"]


@dataclass(frozen=True, slots=True)
class Ready:
    status: Annotated[str, ("ok", "unavailable")]
    checks: dict[str, Check]
    timestamp: datetime


def current_health() -> Health:
    return Health("ok", datetime.now(UTC), round(time.monotonic() - STARTED_AT_S, 3))


def encoded_health() -> bytes:
    """`current_health` as JSON, written by hand: monitoring reads nothing more often."""
    health = current_health()
    return b'{"status":"ok","timestamp":"%b","uptime":%b}' % (
        iso_time(health.timestamp).encode(),
        repr(health.uptime).encode(),
    )


@extend_schema(methods=["GET"], responses=response_schema(Health), auth=[], tags=["health"])
@api_view(["GET", "HEAD"])
def health(request: Request) -> Response:
    """Liveness. Needs no credential and checks no dependency."""
    return Response(to_wire(current_health()))


@extend_schema(methods=["GET"], responses={200: response_schema(Ready), 503: response_schema(Ready)}, tags=["health"])
@api_view(["GET", "HEAD"])
def ready(request: Request) -> Response:
    """State of the database, PM2, Redis, Node, the load generators and the history. 503 only without the database."""
    checks = async_to_sync(readiness.run_checks)()
    is_ready = checks["database"].ok
    body = Ready("ok" if is_ready else "unavailable", checks, datetime.now(UTC))
    return Response(to_wire(body), status=200 if is_ready else 503)

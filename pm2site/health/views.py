"""`/health` and `/ready`."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from asgiref.sync import async_to_sync
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from pm2site.health import readiness
from system.lib.wire import iso_time, to_wire

STARTED_AT_S = time.monotonic()

HealthSerializer = inline_serializer(
    "Health",
    {
        "status": serializers.CharField(help_text="Always `ok`"),
        "timestamp": serializers.DateTimeField(),
        "uptime": serializers.FloatField(help_text="Seconds since the server started"),
    },
)
CheckSerializer = inline_serializer(
    "Check",
    {
        "ok": serializers.BooleanField(),
        "message": serializers.CharField(),
        "latencyMs": serializers.FloatField(),
    },
)
ReadySerializer = inline_serializer(
    "Ready",
    {
        "status": serializers.ChoiceField(["ok", "unavailable"]),
        "checks": serializers.DictField(child=CheckSerializer),
        "timestamp": serializers.DateTimeField(),
    },
)


@extend_schema(methods=["GET"], responses=HealthSerializer, auth=[], tags=["health"])
@api_view(["GET", "HEAD"])
def health(request: Request) -> Response:
    """Liveness. Needs no credential and checks no dependency."""
    uptime = round(time.monotonic() - STARTED_AT_S, 3)
    return Response({"status": "ok", "timestamp": iso_time(datetime.now(UTC)), "uptime": uptime})


@extend_schema(methods=["GET"], responses={200: ReadySerializer, 503: ReadySerializer}, tags=["health"])
@api_view(["GET", "HEAD"])
def ready(request: Request) -> Response:
    """State of the database, PM2, Redis, Node and the load generators. 503 only without the database."""
    checks = async_to_sync(readiness.run_checks)()
    is_ready = checks["database"].ok
    body = {"status": "ok" if is_ready else "unavailable", "checks": checks, "timestamp": datetime.now(UTC)}
    return Response(to_wire(body), status=200 if is_ready else 503)

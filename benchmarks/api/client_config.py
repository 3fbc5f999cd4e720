"""`GET /api/system/config`: what a client needs for its menus and forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.api.responses import JsonObjects
from benchmarks.engine.run_limits import RUN_LIMITS, Limit
from benchmarks.generators import GENERATORS
from benchmarks.generators.scenario import DEFAULT_DURATION_S, PROFILES
from benchmarks.targets import registered
from benchmarks.targets.target import Target
from pm2.frameworks.registry import Endpoint, registry
from rediscluster.topology.plan import MIN_MASTERS
from system.lib.wire import to_wire, to_wire_object
from system.lib.wire_serializers import response_schema


@dataclass(frozen=True)
class Config:
    frameworks: JsonObjects  # of Framework, whose `enabled` (a boolean or "auto") has no type in our OpenAPI
    framework_names: list[str]
    endpoints: list[Endpoint]
    benchmarkable_endpoints: list[Endpoint]
    colors: Annotated[dict[str, str], "framework → color"]
    ports: Annotated[dict[str, int], "framework → port"]
    defaults: dict[str, Any]
    limits: Annotated[dict[str, Limit], "parameter → minimum and maximum"]
    choices: dict[str, list[str]]
    targets: Annotated[list[Target], "what can be measured: frameworks, own targets, and what listens under PM2"]
    timestamp: datetime


class ConfigView(APIView):
    @extend_schema(responses=response_schema(Config), tags=["system"], operation_id="system_config")
    def get(self, request: Request) -> Response:
        """Frameworks, endpoints, and the defaults, limits and choices of parameters."""
        frameworks, endpoints = registry().frameworks, registry().endpoints
        config = Config(
            frameworks=[to_wire_object(framework) for framework in frameworks],
            framework_names=[framework.name for framework in frameworks],
            endpoints=list(endpoints),
            benchmarkable_endpoints=[endpoint for endpoint in endpoints if endpoint.benchmarkable],
            colors={framework.name: framework.color for framework in frameworks},
            ports={framework.name: framework.port for framework in frameworks},
            defaults={
                "duration": DEFAULT_DURATION_S,
                "endpoint": "/simple",
                "method": "GET",
                "pipelining": 1,
                "basePort": settings.REDIS_BASE_PORT,
            },
            limits={**RUN_LIMITS, "nodes": Limit(MIN_MASTERS, settings.REDIS_MAX_NODES)},
            targets=registered.list_targets(registered.recent_apps()),
            choices={"profile": list(PROFILES), "generator": list(GENERATORS)},
            timestamp=timezone.now(),
        )
        return Response(to_wire(config))

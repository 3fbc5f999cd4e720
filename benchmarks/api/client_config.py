"""`GET /api/system/config`: what a client needs for its menus and forms."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.engine.run_limits import RUN_LIMITS, Limit
from benchmarks.generators import GENERATORS
from benchmarks.generators.scenario import DEFAULT_DURATION_S, PROFILES
from pm2.frameworks.registry import registry
from rediscluster.topology.plan import MIN_MASTERS
from system.lib.wire import to_wire

ConfigSerializer = inline_serializer(
    "Config",
    {
        "frameworks": serializers.ListField(child=serializers.DictField()),
        "frameworkNames": serializers.ListField(child=serializers.CharField()),
        "endpoints": serializers.ListField(child=serializers.DictField()),
        "benchmarkableEndpoints": serializers.ListField(child=serializers.DictField()),
        "colors": serializers.DictField(child=serializers.CharField(), help_text="framework → color"),
        "ports": serializers.DictField(child=serializers.IntegerField(), help_text="framework → port"),
        "defaults": serializers.DictField(),
        "limits": serializers.DictField(help_text="parameter → minimum and maximum"),
        "choices": serializers.DictField(child=serializers.ListField(child=serializers.CharField())),
        "timestamp": serializers.DateTimeField(),
    },
)


class ConfigView(APIView):
    @extend_schema(responses=ConfigSerializer, tags=["system"], operation_id="system_config")
    def get(self, request: Request) -> Response:
        """Frameworks, endpoints, and the defaults, limits and choices of parameters."""
        config = registry()
        body = {
            "frameworks": config.frameworks,
            "frameworkNames": [framework.name for framework in config.frameworks],
            "endpoints": config.endpoints,
            "benchmarkableEndpoints": [endpoint for endpoint in config.endpoints if endpoint.benchmarkable],
            "colors": {framework.name: framework.color for framework in config.frameworks},
            "ports": {framework.name: framework.port for framework in config.frameworks},
            "defaults": {"duration": DEFAULT_DURATION_S, "endpoint": "/simple", "method": "GET", "pipelining": 1},
            "limits": {**RUN_LIMITS, "nodes": Limit(MIN_MASTERS, settings.REDIS_MAX_NODES)},
            "choices": {"profile": list(PROFILES), "generator": list(GENERATORS)},
            "timestamp": timezone.now(),
        }
        return Response(to_wire(body))

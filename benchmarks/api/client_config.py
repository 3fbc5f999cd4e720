"""`GET /api/system/config`: frameworks, endpoints and defaults for a client's menus."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.generators.scenario import DEFAULT_DURATION_S
from pm2.frameworks.registry import registry
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
        "timestamp": serializers.DateTimeField(),
    },
)


class ConfigView(APIView):
    @extend_schema(responses=ConfigSerializer, tags=["system"], operation_id="system_config")
    def get(self, request: Request) -> Response:
        """Frameworks, endpoints and defaults."""
        config = registry()
        body = {
            "frameworks": config.frameworks,
            "frameworkNames": [framework.name for framework in config.frameworks],
            "endpoints": config.endpoints,
            "benchmarkableEndpoints": [endpoint for endpoint in config.endpoints if endpoint.benchmarkable],
            "colors": {framework.name: framework.color for framework in config.frameworks},
            "ports": {framework.name: framework.port for framework in config.frameworks},
            "defaults": {"duration": DEFAULT_DURATION_S, "endpoint": "/simple", "method": "GET", "pipelining": 1},
            "timestamp": timezone.now(),
        }
        return Response(to_wire(body))

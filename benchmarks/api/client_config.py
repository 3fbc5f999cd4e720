"""`GET /api/system/config`: what a client needs to build its menus."""

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
        known = registry()
        shape = {
            "frameworks": known.frameworks,
            "frameworkNames": [each.name for each in known.frameworks],
            "endpoints": known.endpoints,
            "benchmarkableEndpoints": [each for each in known.endpoints if each.benchmarkable],
            "colors": {each.name: each.color for each in known.frameworks},
            "ports": {each.name: each.port for each in known.frameworks},
            "defaults": {"duration": DEFAULT_DURATION_S, "endpoint": "/simple", "method": "GET", "pipelining": 1},
            "timestamp": timezone.now(),
        }
        return Response(to_wire(shape))

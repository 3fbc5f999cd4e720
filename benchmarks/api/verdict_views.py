"""`/api/benchmark/compare` and `/baselines`: what runs say of each other."""

from __future__ import annotations

from dataclasses import fields

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from benchmarks.api.run_serializers import RunChangedSerializer
from benchmarks.api.run_views import ONE, changed, found
from benchmarks.api.verdict_serializers import (
    BaselinesSerializer,
    CompareSerializer,
    ComparisonSerializer,
    NameBaselineSerializer,
)
from benchmarks.history import baselines, run_side
from system.lib.wire import to_wire

BASELINE = "baseline"  # stands for the id of the baseline of the other run's kind


@extend_schema(tags=["benchmark"])
class VerdictViewSet(ViewSet):
    @extend_schema(request=CompareSerializer, responses=ComparisonSerializer)
    @action(detail=False, methods=["post"])
    def compare(self, request: Request) -> Response:
        """Two runs against each other: a verdict for each figure in words, or why there is none."""
        asked = CompareSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        base, new = asked.validated_data["base"], asked.validated_data["new"]
        compared = baselines.held_against(new) if base == BASELINE else run_side.compare(base, new)
        shown = {field.name: getattr(compared, field.name) for field in fields(compared)}
        return Response(to_wire({**shown, "timestamp": timezone.now()}))

    @extend_schema(responses=BaselinesSerializer)
    @action(detail=False)
    def baselines(self, request: Request) -> Response:
        """The runs that others are held against: at most one for each framework, endpoint and method."""
        rows = baselines.named()
        return Response(to_wire({"baselines": rows, "count": len(rows), "timestamp": timezone.now()}))

    @extend_schema(request=NameBaselineSerializer, responses=RunChangedSerializer)
    @action(detail=False, methods=["post"], url_path=ONE + "/baseline")
    def baseline(self, request: Request, run_id: str) -> Response:
        """Make a valid run of profile standard or longer the baseline, in place of the one before."""
        asked = NameBaselineSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        actor = getattr(getattr(request._request, "credential", None), "actor", "")
        named = baselines.name(found(run_id), actor, asked.validated_data["reason"])
        return changed(f"Run {run_id} is the baseline of {named.framework} {named.method} {named.endpoint}.")

    @extend_schema(responses={200: RunChangedSerializer})
    @baseline.mapping.delete
    def drop_baseline(self, request: Request, run_id: str) -> Response:
        """The run is no longer the baseline; it stays in the history."""
        baselines.drop(found(run_id))
        return changed(f"Run {run_id} is no longer a baseline.")

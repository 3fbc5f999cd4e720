"""`/api/benchmark/compare` and `/baselines`: comparisons of runs."""

from __future__ import annotations

from dataclasses import fields

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from benchmarks.api import responses
from benchmarks.api.history_views import validated_query
from benchmarks.api.run_views import RUN_PATH, get_run, success_response
from benchmarks.api.verdict_serializers import CompareQuery, CompareSerializer, NameBaselineSerializer
from benchmarks.history import baselines, run_side
from system.lib.wire import to_wire
from system.lib.wire_serializers import response_schema

BASELINE = "baseline"  # in place of an id: the baseline of the other run


@extend_schema(tags=["benchmark"])
class VerdictViewSet(ViewSet):
    @extend_schema(request=CompareSerializer, responses=response_schema(responses.TimestampedComparison))
    @action(detail=False, methods=["post"])
    def compare(self, request: Request) -> Response:
        """Compare two runs: a verdict per metric, or the reasons why there is none."""
        body = CompareSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return comparison_response(**body.validated_data)

    @extend_schema(
        operation_id="benchmark_compare_retrieve", parameters=[CompareQuery],
        responses=response_schema(responses.TimestampedComparison),
    )  # fmt: skip
    @compare.mapping.get
    def read_comparison(self, request: Request) -> Response:
        """The same for a credential that may only read."""
        return comparison_response(**validated_query(CompareQuery, request))

    @extend_schema(responses=response_schema(responses.Baselines))
    @action(detail=False)
    def baselines(self, request: Request) -> Response:
        """All baselines: at most one per framework, endpoint and method."""
        rows = baselines.list_baselines()
        return Response(to_wire(responses.Baselines(rows, len(rows))))

    @extend_schema(request=NameBaselineSerializer, responses=response_schema(responses.RunChanged))
    @action(detail=False, methods=["post"], url_path=RUN_PATH + "/baseline")
    def baseline(self, request: Request, run_id: str) -> Response:
        """Make a valid run of profile standard or longer the baseline, replacing any other."""
        body = NameBaselineSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        actor = getattr(getattr(request._request, "credential", None), "actor", "")
        baseline = baselines.set_baseline(get_run(run_id), actor, body.validated_data["reason"])
        return success_response(
            f"Run {run_id} is the baseline of {baseline.framework} {baseline.method} {baseline.endpoint}."
        )

    @extend_schema(responses={200: response_schema(responses.RunChanged)})
    @baseline.mapping.delete
    def drop_baseline(self, request: Request, run_id: str) -> Response:
        """Remove the baseline; the run stays in the history."""
        baselines.remove_baseline(get_run(run_id))
        return success_response(f"Run {run_id} is no longer a baseline.")


def comparison_response(base: str, new: str) -> Response:
    """Raises RunNotFound, RunUnfinished, NoBaseline, RunUnreadable."""
    comparison = baselines.compare_with_baseline(new) if base == BASELINE else run_side.compare_runs(base, new)
    result = {field.name: getattr(comparison, field.name) for field in fields(comparison)}
    return Response(to_wire(responses.TimestampedComparison(**result)))

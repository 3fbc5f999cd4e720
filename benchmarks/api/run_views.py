"""`/api/benchmark/run` and `/runs/ID`: start, look, cancel, delete."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from benchmarks.analysis import histogram
from benchmarks.api.run_serializers import (
    HistogramQuery,
    RunAcceptedSerializer,
    RunChangedSerializer,
    RunDetailsSerializer,
    RunRequestSerializer,
    RunsSerializer,
)
from benchmarks.errors import NoHistogram, RunNotFound
from benchmarks.history import baselines
from benchmarks.history.results import result
from benchmarks.models import Run, Trial
from benchmarks.runs import progress, queue, run_request
from system.lib.wire import to_wire

ONE = r"runs/(?P<run_id>[^/]+)"


@extend_schema(tags=["benchmark"])
class RunViewSet(ViewSet):
    @extend_schema(request=RunRequestSerializer, responses={202: RunAcceptedSerializer})
    @action(detail=False, methods=["post"])
    def run(self, request: Request) -> Response:
        """Queue a benchmark; it goes on without this connection, and without this server."""
        asked = RunRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        run = async_to_sync(run_request.planned)(asked.validated_data)
        queue.enqueue(run)
        return Response(accepted(run), status=202, headers={"Location": f"/api/benchmark/runs/{run.pk}"})

    @extend_schema(operation_id="benchmark_runs_list", responses=RunsSerializer)
    @action(detail=False)
    def runs(self, request: Request) -> Response:
        """What waits and what goes on, as the stream `benchmark:progress` tells it."""
        now = progress.read()
        return Response(to_wire({"runs": now.runs, "lastResult": now.last_result, "timestamp": timezone.now()}))

    @extend_schema(responses=RunDetailsSerializer)
    @action(detail=False, url_path=ONE)
    def details(self, request: Request, run_id: str) -> Response:
        """One run with its trials, checks, samples and histograms."""
        queue.reconcile()
        return Response(details(found(run_id)))

    @extend_schema(responses={200: RunChangedSerializer})
    @details.mapping.delete
    def remove(self, request: Request, run_id: str) -> Response:
        """Delete a run that is over, with its trials."""
        queue.delete(found(run_id))
        return changed(f"Deleted run {run_id}.")

    @extend_schema(request=None, responses=RunChangedSerializer)
    @action(detail=False, methods=["post"], url_path=ONE + "/cancel")
    def cancel(self, request: Request, run_id: str) -> Response:
        """End a run that waits or goes on; what it has measured stays."""
        queue.cancel(found(run_id))
        return changed(f"Run {run_id} is being cancelled.")

    @extend_schema(parameters=[HistogramQuery], responses={(200, "text/plain"): OpenApiTypes.STR})
    @action(detail=False, url_path=ONE + r"/histogram\.hgrm")
    def hgrm(self, request: Request, run_id: str) -> HttpResponse:
        """The latencies of all trials together in HdrHistogram's percentile text, in microseconds."""
        asked = HistogramQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        return HttpResponse(percentiles(found(run_id), asked.validated_data["kind"]), content_type="text/plain")


def found(run_id: str) -> Run:
    """Raises RunNotFound, for what is no id at all too."""
    try:
        return Run.objects.get(pk=UUID(run_id))
    except (ValueError, Run.DoesNotExist):
        raise RunNotFound(run_id) from None


def changed(message: str) -> Response:
    return Response(to_wire({"success": True, "message": message, "timestamp": timezone.now()}))


def described(run: Run) -> dict[str, Any]:
    return {
        "id": run.pk, "state": run.state, "position": queue.position(run), "framework": run.framework,
        "host": run.host, "endpoint": run.endpoint, "method": run.method, "duration": run.planned_duration_s,
        "instances": run.instances, "connections": run.connections, "workers": run.workers,
        "pipelining": run.pipelining, "generator": run.generator, "trials": run.trials_planned,
        "profile": run.profile, "rate": run.rate_per_second, "label": run.label,
    }  # fmt: skip


def accepted(run: Run) -> object:
    about = described(run)
    place = f", {about['position']} before it" if about["position"] else ""
    message = f"Queued {run.method} {run.endpoint} of {run.framework} with {run.generator}{place}."
    return to_wire({"status": "accepted", "message": message, "benchmark": about})


def details(run: Run) -> object:
    trials = list(run.trials.all())
    baseline = baselines.of(run)
    return to_wire({
        **described(run),
        "message": run.message,
        "progress": {key: value for key, value in run.progress.items() if key != "children"},
        "command": run.command,
        "result": result(run) if run.req_per_sec is not None else None,
        "trialResults": [of_trial(trial) for trial in trials],
        "gates": run.gates,
        "preflight": run.preflight,
        "environment": run.environment,
        "samples": run.samples,
        "exits": run.exits,
        "histogram": histograms([trial for trial in trials if not trial.is_warmup]),
        "baseline": {
            "id": baseline.run_id, "isThis": baseline.run_id == run.pk, "setBy": baseline.set_by,
            "setAt": baseline.set_at, "reason": baseline.reason,
        } if baseline else None,
        "againstBaseline": baselines.verdict(run, baseline),
    })  # fmt: skip


def of_trial(trial: Trial) -> dict[str, Any]:
    return {
        "index": trial.index, "isWarmup": trial.is_warmup, "startedAt": trial.started_at,
        "duration": trial.duration_s, "totalReqs": trial.requests, "reqPerSec": trial.req_per_sec,
        "avgLatency": trial.avg_latency_ms, "maxLatency": trial.max_latency_ms,
        "percentiles": trial.percentiles_ms, "errors": trial.errors, "timeouts": trial.timeouts,
        "non2xx": trial.non_2xx, "bytesRead": trial.bytes_read, "facts": trial.facts,
    }  # fmt: skip


def histograms(trials: list[Trial]) -> dict[str, str]:
    """Of all trials together, HdrHistogram V2 in base64, µs; empty texts where there is none."""
    return {
        "raw": histogram.merge([trial.histogram for trial in trials]),
        "corrected": histogram.merge([trial.corrected_histogram for trial in trials]),
        "probe": histogram.merge([trial.probe_histogram for trial in trials]),
    }


def percentiles(run: Run, kind: str) -> str:
    """Raises NoHistogram."""
    merged = histograms([trial for trial in run.trials.all() if not trial.is_warmup])[kind]
    if not merged:
        raise NoHistogram(str(run.pk), kind)
    return histogram.to_hgrm(merged)

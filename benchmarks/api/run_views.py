"""`/api/benchmark/run` and `/runs/ID`: queue, inspect, cancel and delete runs."""

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
from benchmarks.history.results import to_result
from benchmarks.models import Run, Trial
from benchmarks.runs import progress, queue, run_request
from system.lib.wire import to_wire

RUN_PATH = r"runs/(?P<run_id>[^/]+)"


@extend_schema(tags=["benchmark"])
class RunViewSet(ViewSet):
    @extend_schema(request=RunRequestSerializer, responses={202: RunAcceptedSerializer})
    @action(detail=False, methods=["post"])
    def run(self, request: Request) -> Response:
        """Queue a benchmark. It continues if the connection closes or the server stops."""
        body = RunRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        run = async_to_sync(run_request.build_run)(body.validated_data)
        queue.enqueue(run)
        return Response(accepted_body(run), status=202, headers={"Location": f"/api/benchmark/runs/{run.pk}"})

    @extend_schema(operation_id="benchmark_runs_list", responses=RunsSerializer)
    @action(detail=False)
    def runs(self, request: Request) -> Response:
        """Queued and active runs, as in the stream `benchmark:progress`."""
        current = progress.fetch_progress()
        return Response(to_wire({"runs": current.runs, "lastResult": current.last_result, "timestamp": timezone.now()}))

    @extend_schema(responses=RunDetailsSerializer)
    @action(detail=False, url_path=RUN_PATH)
    def details(self, request: Request, run_id: str) -> Response:
        """One run with its trials, checks, samples and histograms."""
        # Not read-only: marks runs whose process is gone as interrupted and launches the next queued run.
        queue.interrupt_dead_runs()
        return Response(details_body(get_run(run_id)))

    @extend_schema(responses={200: RunChangedSerializer})
    @details.mapping.delete
    def remove(self, request: Request, run_id: str) -> Response:
        """Delete a finished run and its trials."""
        queue.delete(get_run(run_id))
        return success_response(f"Deleted run {run_id}.")

    @extend_schema(request=None, responses=RunChangedSerializer)
    @action(detail=False, methods=["post"], url_path=RUN_PATH + "/cancel")
    def cancel(self, request: Request, run_id: str) -> Response:
        """Cancel a queued or active run; its measurements so far are kept."""
        queue.cancel(get_run(run_id))
        return success_response(f"Run {run_id} is being cancelled.")

    @extend_schema(parameters=[HistogramQuery], responses={(200, "text/plain"): OpenApiTypes.STR})
    @action(detail=False, url_path=RUN_PATH + r"/histogram\.hgrm")
    def hgrm(self, request: Request, run_id: str) -> HttpResponse:
        """Latencies of all trials in HdrHistogram's percentile text format, in microseconds."""
        query = HistogramQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return HttpResponse(
            render_percentiles(get_run(run_id), query.validated_data["kind"]), content_type="text/plain"
        )


def get_run(run_id: str) -> Run:
    """Raises RunNotFound, also for a malformed id."""
    try:
        return Run.objects.get(pk=UUID(run_id))
    except (ValueError, Run.DoesNotExist):
        raise RunNotFound(run_id) from None


def success_response(message: str) -> Response:
    return Response(to_wire({"success": True, "message": message, "timestamp": timezone.now()}))


def run_summary(run: Run) -> dict[str, Any]:
    return {
        "id": run.pk, "state": run.state, "position": queue.position(run), "framework": run.framework,
        "host": run.host, "endpoint": run.endpoint, "method": run.method, "duration": run.planned_duration_s,
        "instances": run.instances, "connections": run.connections, "workers": run.workers,
        "pipelining": run.pipelining, "generator": run.generator, "trials": run.trials_planned,
        "profile": run.profile, "rate": run.rate_per_second, "label": run.label,
    }  # fmt: skip


def accepted_body(run: Run) -> object:
    summary = run_summary(run)
    ahead = f", {summary['position']} ahead of it" if summary["position"] else ""
    message = f"Queued {run.method} {run.endpoint} of {run.framework} with {run.generator}{ahead}."
    return to_wire({"status": "accepted", "message": message, "benchmark": summary})


def details_body(run: Run) -> object:
    trials = list(run.trials.all())
    baseline = baselines.baseline_for(run)
    return to_wire({
        **run_summary(run),
        "message": run.message,
        "progress": {key: value for key, value in run.progress.items() if key != "children"},
        "command": run.command,
        "result": to_result(run) if run.req_per_sec is not None else None,
        "trialResults": [trial_body(trial) for trial in trials],
        "gates": run.gates,
        "preflight": run.preflight,
        "environment": run.environment,
        "samples": run.samples,
        "exits": run.exits,
        "histogram": merge_histograms([trial for trial in trials if not trial.is_warmup]),
        "baseline": {
            "id": baseline.run_id, "isThis": baseline.run_id == run.pk, "setBy": baseline.set_by,
            "setAt": baseline.set_at, "reason": baseline.reason,
        } if baseline else None,
        "againstBaseline": baselines.comparison_for(run, baseline),
    })  # fmt: skip


def trial_body(trial: Trial) -> dict[str, Any]:
    return {
        "index": trial.index, "isWarmup": trial.is_warmup, "startedAt": trial.started_at,
        "duration": trial.duration_s, "totalReqs": trial.requests, "reqPerSec": trial.req_per_sec,
        "avgLatency": trial.avg_latency_ms, "maxLatency": trial.max_latency_ms,
        "percentiles": trial.percentiles_ms, "errors": trial.errors, "timeouts": trial.timeouts,
        "non2xx": trial.non_2xx, "bytesRead": trial.bytes_read, "facts": trial.facts,
    }  # fmt: skip


def merge_histograms(trials: list[Trial]) -> dict[str, str]:
    """Histograms of all trials, merged: HdrHistogram V2 in base64, µs; empty strings if there is none."""
    return {
        "raw": histogram.merge([trial.histogram for trial in trials]),
        "corrected": histogram.merge([trial.corrected_histogram for trial in trials]),
        "probe": histogram.merge([trial.probe_histogram for trial in trials]),
    }


def render_percentiles(run: Run, kind: str) -> str:
    """Raises NoHistogram."""
    merged = merge_histograms([trial for trial in run.trials.all() if not trial.is_warmup])[kind]
    if not merged:
        raise NoHistogram(str(run.pk), kind)
    return histogram.to_hgrm(merged)

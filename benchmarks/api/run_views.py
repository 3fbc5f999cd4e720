"""`/api/benchmark/run` and `/runs/ID`: queue, inspect, cancel and delete runs."""

from __future__ import annotations

from dataclasses import fields
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from benchmarks.analysis import histogram
from benchmarks.analysis.latency_curve import latency_curve
from benchmarks.analysis.measurement import merge_latencies
from benchmarks.api import responses
from benchmarks.api.run_serializers import (
    HistogramQuery,
    RunRequestSerializer,
)
from benchmarks.engine.run_figures import TrialFigures
from benchmarks.engine.run_spec import RunParameters
from benchmarks.errors import NoHistogram, NoSweep, RunNotFound
from benchmarks.history import baselines, exporter
from benchmarks.history.results import to_result
from benchmarks.history.run_side import check_details
from benchmarks.models import UNFINISHED, Baseline, Run, RunState, Trial
from benchmarks.runs import progress, queue, run_request
from benchmarks.runs.run_rows import column_values, new_run
from system.lib import audit_hook
from system.lib.wire import to_wire
from system.lib.wire_serializers import response_schema

GATE_TEXTS = ("code", "state", "message")
HISTOGRAM_COLUMNS = {"raw": "histogram", "corrected": "corrected_histogram", "probe": "probe_histogram"}
FINISHED_IS_KEPT = "private, max-age=3600"  # its latencies do not change any more
RUN_PATH = r"runs/(?P<run_id>[^/]+)"
OUTPUT_LENGTH = 8192  # characters of a trial's output in the response, of the 1 MiB that is stored


@extend_schema(tags=["benchmark"])
class RunViewSet(ViewSet):
    @extend_schema(request=RunRequestSerializer, responses={202: response_schema(responses.RunAccepted)})
    @action(detail=False, methods=["post"])
    def run(self, request: Request) -> Response:
        """Queue a benchmark. It continues if the connection closes or the server stops."""
        body = RunRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        audit_hook.name_subject(request._request, values.get("name") or values.get("target") or values["framework"])
        run = new_run(run_request.build_spec(values))
        queue.enqueue(run)
        return Response(to_wire(accepted_body(run)), status=202, headers={"Location": f"/api/benchmark/runs/{run.pk}"})

    @extend_schema(operation_id="benchmark_runs_list", responses=response_schema(responses.Runs))
    @action(detail=False)
    def runs(self, request: Request) -> Response:
        """Queued and active runs, as in the stream `benchmark:progress`."""
        current = progress.refresh_progress()
        return Response(to_wire(responses.Runs(current.runs, current.last_result)))

    @extend_schema(responses=response_schema(responses.RunDetails))
    @action(detail=False, url_path=RUN_PATH)
    def details(self, request: Request, run_id: str) -> Response:
        """One run with its trials, checks, samples and histograms."""
        # Not read-only: marks runs whose process is gone as interrupted and launches the next queued run.
        queue.recover_queue()
        return Response(to_wire(details_body(get_run(run_id))))

    @extend_schema(responses={200: response_schema(responses.RunChanged)})
    @details.mapping.delete
    def remove(self, request: Request, run_id: str) -> Response:
        """Delete a finished run and its trials."""
        queue.delete(get_run(run_id))
        return success_response(f"Deleted run {run_id}.")

    @extend_schema(request=None, responses=response_schema(responses.RunChanged))
    @action(detail=False, methods=["post"], url_path=RUN_PATH + "/cancel")
    def cancel(self, request: Request, run_id: str) -> Response:
        """Cancel a queued or active run; its measurements so far are kept. The response comes when its process has
        ended, by force after 5 s."""
        run = get_run(run_id)
        queue.cancel(run)
        return success_response(cancelled_message(run))

    @extend_schema(responses=response_schema(responses.RunLatency))
    @action(detail=False, url_path=RUN_PATH + "/latency")
    def latency(self, request: Request, run_id: str) -> Response:
        """Latency by percentile over all trials, at most 200 points a curve, up to 99.999 %."""
        run = get_run(run_id)
        kept = {} if run.state in UNFINISHED else {"Cache-Control": FINISHED_IS_KEPT}
        return Response(to_wire(responses.RunLatency("ms", latency_curves(run))), headers=kept)

    @extend_schema(parameters=[HistogramQuery], responses={(200, "text/plain"): OpenApiTypes.STR})
    @action(detail=False, url_path=RUN_PATH + r"/histogram\.hgrm")
    def hgrm(self, request: Request, run_id: str) -> HttpResponse:
        """Latencies of all trials in HdrHistogram's percentile text format, in microseconds."""
        query = HistogramQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        return HttpResponse(
            render_percentiles(get_run(run_id), query.validated_data["kind"]), content_type="text/plain"
        )

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=False, url_path=RUN_PATH + r"/sweep\.csv")
    def sweep_csv(self, request: Request, run_id: str) -> HttpResponse:
        """The steps of a sweep as CSV, in the order in which they were measured."""
        run = get_run(run_id)
        if not isinstance(run.sweep, dict):
            raise NoSweep(run_id)
        return HttpResponse(exporter.render_sweep(run.sweep), content_type="text/csv; charset=utf-8")


def get_run(run_id: str) -> Run:
    """Raises RunNotFound, also for a malformed id."""
    try:
        return Run.objects.get(pk=UUID(run_id))
    except (ValueError, Run.DoesNotExist):
        raise RunNotFound(run_id) from None


def cancelled_message(run: Run) -> str:
    """What became of a run that was to be cancelled."""
    if run.state == RunState.CANCELLED:
        return f"Run {run.pk} is cancelled."
    if run.state in UNFINISHED:
        return f"Run {run.pk} is being cancelled: its process has not ended yet."
    return f"Run {run.pk} ended as {run.state} before it could be cancelled."


def success_response(message: str) -> Response:
    return Response(to_wire(responses.RunChanged(True, message)))


def run_status_fields(run: Run) -> dict[str, Any]:
    """The fields of `responses.RunStatus`."""
    return {**column_values(run, RunParameters), "id": run.pk, "state": run.state, "position": queue.position(run)}


def accepted_body(run: Run) -> responses.RunAccepted:
    queued = responses.QueuedRun(**run_status_fields(run))
    ahead = f", {queued.position} ahead of it" if queued.position else ""
    message = f"Queued {run.method} {run.endpoint} of {run.framework} with {run.generator}{ahead}."
    return responses.RunAccepted("accepted", message, queued)


def details_body(run: Run) -> responses.RunDetails:
    """Raises RunUnreadable."""
    trials = list(run.trials.all())
    check_details(run, trials)
    baseline = baselines.baseline_for(run)
    return responses.RunDetails(
        **run_status_fields(run),
        message=run.message,
        progress={key: value for key, value in run.progress.items() if key != "children"},
        command=run.command,
        result=to_result(run) if run.req_per_sec is not None else None,
        trial_results=[stored_trial_figures(trial) for trial in trials],
        outputs=[trial_output(trial) for trial in trials if trial.output],
        gates=[gate for gate in run.gates if all(isinstance(gate.get(name), str) for name in GATE_TEXTS)],
        preflight=run.preflight,
        environment=run.environment,
        samples=run.samples,
        exits=run.exits,
        histogram=merge_histograms([trial for trial in trials if not trial.is_warmup]),
        baseline=mark_baseline(run, baseline) if baseline else None,
        against_baseline=baselines.comparison_for(run, baseline),
    )


def mark_baseline(run: Run, baseline: Baseline) -> responses.BaselineMark:
    return responses.BaselineMark(
        baseline.run_id, baseline.run_id == run.pk, baseline.set_by, baseline.set_at, baseline.reason
    )


def stored_trial_figures(trial: Trial) -> TrialFigures:
    return TrialFigures(**{field.name: getattr(trial, field.name) for field in fields(TrialFigures)})


def trial_output(trial: Trial) -> responses.TrialOutput:
    return responses.TrialOutput(trial.index, trial.output[-OUTPUT_LENGTH:], len(trial.output) > OUTPUT_LENGTH)


def merge_histograms(trials: list[Trial]) -> responses.Histograms:
    return responses.Histograms(
        raw=histogram.merge([trial.histogram for trial in trials]),
        corrected=histogram.merge([trial.corrected_histogram for trial in trials]),
        probe=histogram.merge([trial.probe_histogram for trial in trials]),
    )


def latency_curves(run: Run) -> responses.LatencyCurves:
    trials = [trial for trial in run.trials.all() if not trial.is_warmup]
    return responses.LatencyCurves(
        **{
            kind: latency_curve(merge_latencies(histogram.decode(getattr(trial, column)) for trial in trials))
            for kind, column in HISTOGRAM_COLUMNS.items()
        }
    )


def render_percentiles(run: Run, kind: str) -> str:
    """Raises NoHistogram."""
    merged = getattr(merge_histograms([trial for trial in run.trials.all() if not trial.is_warmup]), kind)
    if not merged:
        raise NoHistogram(str(run.pk), kind)
    return histogram.to_hgrm(merged)

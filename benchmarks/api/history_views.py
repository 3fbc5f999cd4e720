"""`/api/benchmark`: the history."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import ViewSet

from benchmarks.api import history_serializers as forms
from benchmarks.api import responses
from benchmarks.history import exporter, importer, queries, rankings, trends
from benchmarks.history.completed import completed_runs
from benchmarks.history.results import Result, to_result
from benchmarks.history.submission import SubmittedResultSerializer
from benchmarks.history.totals import RunTotals, fetch_totals
from system.lib import audit_hook
from system.lib.quantities import pluralize
from system.lib.wire import iso_time, to_wire
from system.lib.wire_serializers import response_schema


def validated_query(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The validated query parameters. Raises ValidationError."""
    query = serializer(data=request.query_params)
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)


def latest_results(count: int = forms.LATEST_COUNT) -> responses.Results:
    """The response of `GET /api/benchmark/latest`."""
    rows = queries.fetch_latest(count)
    return responses.Results(rows, len(rows))


@extend_schema(tags=["benchmark"])
class HistoryViewSet(ViewSet):
    @extend_schema(parameters=[forms.LatestQuery], responses=response_schema(responses.Results))
    @action(detail=False)
    def latest(self, request: Request) -> Response:
        """The newest results."""
        return Response(to_wire(latest_results(validated_query(forms.LatestQuery, request)["count"])))

    @extend_schema(parameters=[forms.AllQuery], responses=response_schema(responses.ResultPage))
    @action(detail=False)
    def all(self, request: Request) -> HttpResponseBase:
        """All results, streamed; with `limit`, one page."""
        query = validated_query(forms.AllQuery, request)
        if "limit" not in query and "cursor" not in query:
            return streaming_response(render_results(queries.iter_chunks(completed_runs(query))), "application/json")
        rows, total, next_cursor = queries.fetch_page(query, query.get("limit", 100), query.get("cursor", ""))
        return Response(to_wire(responses.ResultPage(rows, len(rows), total, next_cursor)))

    @extend_schema(responses=response_schema(responses.FrameworkResults))
    @action(detail=False, url_path=r"by-framework/(?P<framework>.+)")
    def by_framework(self, request: Request, framework: str) -> HttpResponseBase:
        """All results of a framework, streamed; an empty list for an unknown name."""
        rows = completed_runs({"framework": framework})
        pieces = render_results(queries.iter_chunks(rows), framework=framework)
        return streaming_response(pieces, "application/json")

    @extend_schema(responses=response_schema(responses.LatestByFramework))
    @action(detail=False, url_path="latest-by-framework")
    def latest_by_framework(self, request: Request) -> Response:
        """The newest result of each framework, endpoint and method."""
        return Response(to_wire(responses.LatestByFramework(queries.fetch_latest_by_framework())))

    @extend_schema(parameters=[forms.RankingQuery], responses=response_schema(responses.Ranking))
    @action(detail=False)
    def rankings(self, request: Request) -> Response:
        """Frameworks on one endpoint, ranked by the newest valid run of each; ties share a tier."""
        query = validated_query(forms.RankingQuery, request)
        ranked, unranked = rankings.rank_frameworks(query["endpoint"], query["method"])
        return Response(to_wire(responses.Ranking(**query, ranked=ranked, unranked=unranked)))

    @extend_schema(parameters=[forms.ChangePointsQuery], responses=response_schema(responses.ChangePoints))
    @action(detail=False, url_path="change-points")
    def change_points(self, request: Request) -> Response:
        """Changes in the level of a framework's rate, among its newest 500 valid runs."""
        query = validated_query(forms.ChangePointsQuery, request)
        points, count = trends.find_change_points(**query)
        return Response(to_wire(responses.ChangePoints(**query, change_points=points, count=count)))

    @extend_schema(responses=response_schema(responses.HistoryStats))
    @action(detail=False)
    def stats(self, request: Request) -> Response:
        """Counts, rates and latencies by framework."""
        return Response(to_wire(responses.HistoryStats(fetch_stats())))

    @extend_schema(
        request=SubmittedResultSerializer,
        responses={200: response_schema(responses.Added), 201: response_schema(responses.Added)},
    )
    @action(detail=False, methods=["post"])
    def add(self, request: Request) -> Response:
        """Store a result that was measured elsewhere. 201; 200 for a known id."""
        entry = SubmittedResultSerializer(data=request.data, context={"now": iso_time(timezone.now())})
        entry.is_valid(raise_exception=True)
        audit_hook.name_subject(request._request, entry.validated_data["framework"])
        run, is_new = queries.add_result(entry.validated_data, entry.initial_data)
        return Response(to_wire(responses.Added(True, to_result(run))), status=201 if is_new else 200)

    @extend_schema(request=None, responses=response_schema(responses.Reloaded))
    @action(detail=False, methods=["post"])
    def reload(self, request: Request) -> Response:
        """Import .bench-history.json again; entries already in the history are skipped."""
        return Response(to_wire(describe_import(importer.import_default_file())))

    @extend_schema(responses={200: response_schema(responses.Cleared)})
    @action(detail=False, methods=["delete"])
    def clear(self, request: Request) -> Response:
        """Write an export, then delete the exported runs. Unfinished runs are not deleted."""
        deleted, backup = exporter.clear_history()
        message = f"Deleted {pluralize(deleted, 'run')}, kept in {backup}."
        return Response(to_wire(responses.Cleared(True, message, deleted, str(backup))))

    @extend_schema(parameters=[forms.ExportQuery], responses=responses.EXPORTS)
    @action(detail=False)
    def export(self, request: Request) -> HttpResponseBase:
        """The history as a file."""
        query = validated_query(forms.ExportQuery, request)
        media, write = exporter.FORMATS[query["format"]]
        response = streaming_response(write(queries.iter_chunks(completed_runs(query))), media)
        name = f"benchmarks-{timezone.now():%Y%m%d-%H%M%S}.{query['format'].replace('benchstat', 'txt')}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def fetch_stats() -> responses.Totals:
    """Count of all results; rates and latencies of those that are not invalid."""
    totals = fetch_totals()
    by_framework = {name: _framework_stats(total) for name, total in sorted(totals.by_framework().items())}
    return responses.Totals(totals.count, by_framework)


def _framework_stats(total: RunTotals) -> responses.FrameworkStats:
    figures = (
        total.rate_sum / total.count if total.count else None, total.rate_max, total.rate_min,
        total.latency_sum / total.timed if total.timed else None,
    )  # fmt: skip
    return responses.FrameworkStats(total.count, *(None if figure is None else round(figure, 2) for figure in figures))


def describe_import(report: importer.ImportReport | None) -> responses.Reloaded:
    if report is None:
        paths = ", ".join(str(path) for path in settings.BENCH_HISTORY_FILES)
        message = f"There is no history to import. Looked for: {paths}."
        report = importer.ImportReport("", 0, 0, ())
    else:
        message = (
            f"{report.path}: {report.imported} imported, {report.skipped} already known, {len(report.bad)} rejected."
        )
    return responses.Reloaded(True, message, report.imported, report.skipped, list(report.bad))


def render_results(chunks: Iterator[list[Result]], **more: str) -> Iterator[str]:
    """`{results, count, timestamp}` and `more` in pieces; the count follows the results, when it is known."""
    count = 0
    yield '{"results":['
    for chunk in chunks:
        yield ("," if count else "") + ",".join(
            json.dumps(to_wire(result), allow_nan=False, separators=(",", ":")) for result in chunk
        )
        count += len(chunk)
    end = {"count": count, **more, "timestamp": iso_time(timezone.now())}
    yield "]," + json.dumps(end, separators=(",", ":"))[1:]


def streaming_response(pieces: Iterator[str], media: str) -> StreamingHttpResponse:
    """A response rendered while it is sent; the iterator is async, since Django would buffer a synchronous one."""

    async def content() -> AsyncIterator[str]:
        while (piece := await sync_to_async(lambda: next(pieces, None))()) is not None:
            yield piece

    return StreamingHttpResponse(content(), content_type=media)

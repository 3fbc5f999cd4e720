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
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import ViewSet

from benchmarks.api import history_serializers as schemas
from benchmarks.history import exporter, importer, queries, rankings, trends
from benchmarks.history.results import Result, to_result
from system.lib.wire import iso_time, to_wire


def validated_query(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The validated query parameters. Raises ValidationError."""
    query = serializer(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)


def results_response(rows: list[Result], **extra: object) -> Response:
    return Response(to_wire({**extra, "results": rows, "count": len(rows), "timestamp": timezone.now()}))


@extend_schema(tags=["benchmark"])
class HistoryViewSet(ViewSet):
    @extend_schema(parameters=[schemas.LatestQuery], responses=schemas.ResultsSerializer)
    @action(detail=False)
    def latest(self, request: Request) -> Response:
        """The newest results."""
        count = validated_query(schemas.LatestQuery, request)["count"]
        return results_response([to_result(run) for run in queries.completed_runs()[:count]])

    @extend_schema(parameters=[schemas.AllQuery], responses=schemas.PageSerializer)
    @action(detail=False)
    def all(self, request: Request) -> HttpResponseBase:
        """All results, streamed; with `limit`, one page."""
        query = validated_query(schemas.AllQuery, request)
        if "limit" not in query and "cursor" not in query:
            return streaming_response(
                render_results(queries.iter_chunks(queries.completed_runs(query))), "application/json"
            )
        rows, total, next_cursor = queries.fetch_page(query, query.get("limit", 100), query.get("cursor", ""))
        return results_response(rows, total=total, next=next_cursor)

    @extend_schema(responses=schemas.FrameworkResultsSerializer)
    @action(detail=False, url_path=r"by-framework/(?P<framework>.+)")
    def by_framework(self, request: Request, framework: str) -> Response:
        """All results of a framework; an empty list for an unknown name."""
        rows = [to_result(run) for run in queries.completed_runs({"framework": framework})]
        return results_response(rows, framework=framework)

    @extend_schema(responses=schemas.LatestByFrameworkSerializer)
    @action(detail=False, url_path="latest-by-framework")
    def latest_by_framework(self, request: Request) -> Response:
        """The newest result of each framework, endpoint and method."""
        return Response(to_wire({"results": queries.fetch_latest_by_framework(), "timestamp": timezone.now()}))

    @extend_schema(parameters=[schemas.RankingQuery], responses=schemas.RankingSerializer)
    @action(detail=False)
    def rankings(self, request: Request) -> Response:
        """Frameworks on one endpoint, ranked by the newest valid run of each; ties share a tier."""
        query = validated_query(schemas.RankingQuery, request)
        ranked, unranked = rankings.rank_frameworks(query["endpoint"], query["method"])
        return Response(to_wire({**query, "ranked": ranked, "unranked": unranked, "timestamp": timezone.now()}))

    @extend_schema(parameters=[schemas.ChangePointsQuery], responses=schemas.ChangePointsSerializer)
    @action(detail=False, url_path="change-points")
    def change_points(self, request: Request) -> Response:
        """Changes in the level of a framework's rate, among its newest 500 valid runs."""
        query = validated_query(schemas.ChangePointsQuery, request)
        points, count = trends.find_change_points(**query)
        return Response(to_wire({**query, "changePoints": points, "count": count, "timestamp": timezone.now()}))

    @extend_schema(responses=schemas.HistoryStatsSerializer)
    @action(detail=False)
    def stats(self, request: Request) -> Response:
        """Counts, rates and latencies by framework."""
        return Response(to_wire({"stats": queries.fetch_stats(), "timestamp": timezone.now()}))

    @extend_schema(
        request=schemas.AddSerializer, responses={200: schemas.AddedSerializer, 201: schemas.AddedSerializer}
    )
    @action(detail=False, methods=["post"])
    def add(self, request: Request) -> Response:
        """Store a result that was measured elsewhere. 201; 200 for a known id."""
        entry = schemas.AddSerializer(data=request.data, context={"now": iso_time(timezone.now())})
        entry.is_valid(raise_exception=True)
        run, is_new = queries.add_result(entry.validated_data, entry.initial_data)
        body = {"success": True, "result": to_result(run), "timestamp": timezone.now()}
        return Response(to_wire(body), status=201 if is_new else 200)

    @extend_schema(request=None, responses=schemas.ReloadSerializer)
    @action(detail=False, methods=["post"])
    def reload(self, request: Request) -> Response:
        """Import .bench-history.json again; entries already in the history are skipped."""
        return Response(to_wire(import_report_body(importer.import_default_file())))

    @extend_schema(responses={200: schemas.ClearSerializer})
    @action(detail=False, methods=["delete"])
    def clear(self, request: Request) -> Response:
        """Write an export, then delete the exported runs. Unfinished runs are not deleted."""
        deleted, backup = exporter.clear_history()
        message = f"Deleted {deleted} {'run' if deleted == 1 else 'runs'}, kept in {backup}."
        body = {"success": True, "message": message, "deleted": deleted, "backup": str(backup)}
        return Response(to_wire({**body, "timestamp": timezone.now()}))

    @extend_schema(parameters=[schemas.ExportQuery], responses={(200, "*/*"): OpenApiTypes.BINARY})
    @action(detail=False)
    def export(self, request: Request) -> HttpResponseBase:
        """The history as a file."""
        query = validated_query(schemas.ExportQuery, request)
        media, write = exporter.FORMATS[query["format"]]
        response = streaming_response(write(queries.iter_chunks(queries.completed_runs(query))), media)
        name = f"benchmarks-{timezone.now():%Y%m%d-%H%M%S}.{query['format'].replace('benchstat', 'txt')}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def import_report_body(report: importer.ImportReport | None) -> dict[str, object]:
    if report is None:
        paths = ", ".join(str(path) for path in settings.BENCH_HISTORY_FILES)
        message = f"There is no history to import. Looked for: {paths}."
        report = importer.ImportReport("", 0, 0, ())
    else:
        message = (
            f"{report.path}: {report.imported} imported, {report.skipped} already known, {len(report.bad)} rejected."
        )
    counts = {"imported": report.imported, "skipped": report.skipped, "bad": report.bad}
    return {"success": True, "message": message, **counts, "timestamp": timezone.now()}


def render_results(chunks: Iterator[list[Result]]) -> Iterator[str]:
    """`{results, count, timestamp}` in pieces; the count follows the results, when it is known."""
    count = 0
    yield '{"results":['
    for chunk in chunks:
        yield ("," if count else "") + ",".join(
            json.dumps(to_wire(result), allow_nan=False, separators=(",", ":")) for result in chunk
        )
        count += len(chunk)
    yield f'],"count":{count},"timestamp":"{iso_time(timezone.now())}"}}'


def streaming_response(pieces: Iterator[str], media: str) -> StreamingHttpResponse:
    """A response rendered while it is sent; the iterator is async, since Django would buffer a synchronous one."""

    async def content() -> AsyncIterator[str]:
        while (piece := await sync_to_async(lambda: next(pieces, None))()) is not None:
            yield piece

    return StreamingHttpResponse(content(), content_type=media)

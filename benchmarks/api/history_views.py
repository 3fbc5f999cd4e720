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

from benchmarks.api import history_serializers as shapes
from benchmarks.history import exporter, importer, queries, rankings, trends
from benchmarks.history.results import Result, result
from system.lib.wire import iso_time, to_wire


def asked(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The query, checked."""
    query = serializer(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)


def listed(rows: list[Result], **more: object) -> Response:
    return Response(to_wire({**more, "results": rows, "count": len(rows), "timestamp": timezone.now()}))


@extend_schema(tags=["benchmark"])
class HistoryViewSet(ViewSet):
    @extend_schema(parameters=[shapes.LatestQuery], responses=shapes.ResultsSerializer)
    @action(detail=False)
    def latest(self, request: Request) -> Response:
        """The newest results."""
        count = asked(shapes.LatestQuery, request)["count"]
        return listed([result(run) for run in queries.results()[:count]])

    @extend_schema(parameters=[shapes.AllQuery], responses=shapes.PageSerializer)
    @action(detail=False)
    def all(self, request: Request) -> HttpResponseBase:
        """Everything, streamed; with `limit` a page of it."""
        query = asked(shapes.AllQuery, request)
        if "limit" not in query and "cursor" not in query:
            return streamed(whole(queries.chunks(queries.results(query))), "application/json")
        rows, total, following = queries.page(query, query.get("limit", 100), query.get("cursor", ""))
        return listed(rows, total=total, next=following)

    @extend_schema(responses=shapes.FrameworkResultsSerializer)
    @action(detail=False, url_path=r"by-framework/(?P<framework>.+)")
    def by_framework(self, request: Request, framework: str) -> Response:
        """All results of a framework; none for a name that the history does not know."""
        rows = [result(run) for run in queries.results({"framework": framework})]
        return listed(rows, framework=framework)

    @extend_schema(responses=shapes.LatestByFrameworkSerializer)
    @action(detail=False, url_path="latest-by-framework")
    def latest_by_framework(self, request: Request) -> Response:
        """The newest result of each framework, endpoint and method."""
        return Response(to_wire({"results": queries.latest_by_framework(), "timestamp": timezone.now()}))

    @extend_schema(parameters=[shapes.RankingQuery], responses=shapes.RankingSerializer)
    @action(detail=False)
    def rankings(self, request: Request) -> Response:
        """The frameworks on one endpoint by the newest valid run of each; equal tiers where no difference is shown."""
        query = asked(shapes.RankingQuery, request)
        ranked, unranked = rankings.ranking(query["endpoint"], query["method"])
        return Response(to_wire({**query, "ranked": ranked, "unranked": unranked, "timestamp": timezone.now()}))

    @extend_schema(parameters=[shapes.ChangePointsQuery], responses=shapes.ChangePointsSerializer)
    @action(detail=False, url_path="change-points")
    def change_points(self, request: Request) -> Response:
        """Where the rate of a framework moved to another level, among its newest 500 valid runs."""
        query = asked(shapes.ChangePointsQuery, request)
        points, count = trends.change_points(**query)
        return Response(to_wire({**query, "changePoints": points, "count": count, "timestamp": timezone.now()}))

    @extend_schema(responses=shapes.HistoryStatsSerializer)
    @action(detail=False)
    def stats(self, request: Request) -> Response:
        """Counts, rates and latencies by framework."""
        return Response(to_wire({"stats": queries.stats(), "timestamp": timezone.now()}))

    @extend_schema(request=shapes.AddSerializer, responses={200: shapes.AddedSerializer, 201: shapes.AddedSerializer})
    @action(detail=False, methods=["post"])
    def add(self, request: Request) -> Response:
        """Keep a result that was measured elsewhere. 201; 200 for an id that is known."""
        entry = shapes.AddSerializer(data=request.data, context={"now": iso_time(timezone.now())})
        entry.is_valid(raise_exception=True)
        run, is_new = queries.add(entry.validated_data, entry.initial_data)
        shape = {"success": True, "result": result(run), "timestamp": timezone.now()}
        return Response(to_wire(shape), status=201 if is_new else 200)

    @extend_schema(request=None, responses=shapes.ReloadSerializer)
    @action(detail=False, methods=["post"])
    def reload(self, request: Request) -> Response:
        """Import .bench-history.json again; what is known already is left alone."""
        return Response(to_wire(reloaded(importer.import_found())))

    @extend_schema(responses={200: shapes.ClearSerializer})
    @action(detail=False, methods=["delete"])
    def clear(self, request: Request) -> Response:
        """Write an export, then delete what is in it. Runs that go on stay."""
        deleted, backup = exporter.clear()
        message = f"Deleted {deleted} {'run' if deleted == 1 else 'runs'}, kept in {backup}."
        shape = {"success": True, "message": message, "deleted": deleted, "backup": str(backup)}
        return Response(to_wire({**shape, "timestamp": timezone.now()}))

    @extend_schema(parameters=[shapes.ExportQuery], responses={(200, "*/*"): OpenApiTypes.BINARY})
    @action(detail=False)
    def export(self, request: Request) -> HttpResponseBase:
        """The history as a file."""
        query = asked(shapes.ExportQuery, request)
        media, write = exporter.FORMATS[query["format"]]
        response = streamed(write(queries.chunks(queries.results(query))), media)
        name = f"benchmarks-{timezone.now():%Y%m%d-%H%M%S}.{query['format'].replace('benchstat', 'txt')}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def reloaded(report: importer.Report | None) -> dict[str, object]:
    if report is None:
        looked = ", ".join(str(path) for path in settings.BENCH_HISTORY_FILES)
        message = f"There is no history to import. Looked for: {looked}."
        report = importer.Report("", 0, 0, ())
    else:
        message = f"{report.path}: {report.imported} imported, {report.skipped} known, {len(report.bad)} left out."
    counts = {"imported": report.imported, "skipped": report.skipped, "bad": report.bad}
    return {"success": True, "message": message, **counts, "timestamp": timezone.now()}


def whole(parts: Iterator[list[Result]]) -> Iterator[str]:
    """`{results, count, timestamp}` piece by piece: the count comes when it is known."""
    count = 0
    yield '{"results":['
    for part in parts:
        yield ("," if count else "") + ",".join(
            json.dumps(to_wire(each), allow_nan=False, separators=(",", ":")) for each in part
        )
        count += len(part)
    yield f'],"count":{count},"timestamp":"{iso_time(timezone.now())}"}}'


def streamed(pieces: Iterator[str], media: str) -> StreamingHttpResponse:
    """An answer that is made while it is sent: an asynchronous iterator, since Django would collect another one."""

    async def content() -> AsyncIterator[str]:
        while (piece := await sync_to_async(lambda: next(pieces, None))()) is not None:
            yield piece

    return StreamingHttpResponse(content(), content_type=media)

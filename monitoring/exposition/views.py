"""`/metrics`, `/metrics/redis` and `/metrics/targets`."""

from __future__ import annotations

import gzip
import time
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from prometheus_client import exposition
from prometheus_client.core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.errors import NothingSampled, TargetMissing
from monitoring.exposition import redis_targets
from monitoring.exposition.collector import collector, node_page
from monitoring.exposition.rendering import render_openmetrics, render_text
from monitoring.sampling import demand, taps
from monitoring.sampling.tap import Observation
from rediscluster.status.cluster_stats import RedisStats
from system.lib.wire import to_wire
from system.lib.wire_serializers import response_schema

TEXT, OPENMETRICS = "text/plain", "application/openmetrics-text"
MIN_COMPRESSED_BYTES = 1024
PAGE = {(200, TEXT): OpenApiTypes.STR, (200, OPENMETRICS): OpenApiTypes.STR}


class AnyType(BaseContentNegotiation):
    """Every `Accept` gets an answer: Prometheus chooses by what it gets, and an error is JSON for anybody."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class MetricsView(APIView):
    content_negotiation_class = AnyType

    @extend_schema(responses=PAGE, tags=["metrics"])
    def get(self, request: Request) -> HttpResponse:
        """All series in the text format of Prometheus, or OpenMetrics where `Accept` prefers it; nothing is sampled for
        it."""
        demand.renew()
        return render(request, collector.page(measure_loop_lag()))


class RedisMetricsView(APIView):
    content_negotiation_class = AnyType

    @extend_schema(
        parameters=[OpenApiParameter("target", str, required=True, description="127.0.0.1:7000, or the port alone")],
        responses=PAGE,
        tags=["metrics"],
    )
    def get(self, request: Request) -> HttpResponse:
        """One Redis node under the names of redis_exporter; 404 for a node that this server does not know."""
        demand.renew()
        target = request.query_params.get("target")
        if target is None:
            raise TargetMissing
        newest = newest_redis()
        return render(request, node_page(redis_targets.find_node(newest.value.stats, target), newest))


class TargetsView(APIView):
    content_negotiation_class = AnyType

    @extend_schema(responses=response_schema(redis_targets.TargetGroup, many=True), tags=["metrics"])
    def get(self, request: Request) -> Response:
        """The Redis nodes for Prometheus's `http_sd_configs`."""
        demand.renew()
        return Response(to_wire(redis_targets.discovery(newest_redis().value.stats)))


def newest_redis() -> Observation[RedisStats]:
    """The newest sample, however old it is. Raises NothingSampled before the first."""
    newest = taps.redis.newest
    if newest is None:
        raise NothingSampled
    return newest


def measure_loop_lag() -> float:
    """Seconds until the server's event loop takes up a call of this thread."""
    began_s = time.monotonic()
    return max(0.0, async_to_sync(_loop_time)() - began_s)


async def _loop_time() -> float:
    return time.monotonic()


def render(request: Request, metrics: list[Metric]) -> HttpResponse:
    if prefers_openmetrics(request.headers.get("Accept", "")):
        body, content_type = render_openmetrics(metrics), openmetrics.CONTENT_TYPE_LATEST
    else:
        body, content_type = render_text(metrics), exposition.CONTENT_TYPE_PLAIN_0_0_4
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"}
    if len(body) >= MIN_COMPRESSED_BYTES and exposition.gzip_accepted(request.headers.get("Accept-Encoding", "")):
        body, headers["Content-Encoding"] = gzip.compress(body, compresslevel=1), "gzip"
    return HttpResponse(body, content_type=content_type, headers=headers)


def prefers_openmetrics(accept: str) -> bool:
    """Whether OpenMetrics has a higher weight than plain text, or comes first with the same. Its version 1.0.0 is sent,
    so that one that asks for 0.0.1 alone gets text."""
    weights = {TEXT: 0.0, OPENMETRICS: 0.0}
    first = ""
    for entry in accept.split(","):
        kind, _, rest = entry.partition(";")
        kind, parameters = kind.strip().lower(), dict(part.strip().partition("=")[::2] for part in rest.split(";"))
        if kind not in weights or (kind == OPENMETRICS and parameters.get("version", "1.0.0") != "1.0.0"):
            continue
        first = first or kind
        weights[kind] = max(weights[kind], _weight(parameters.get("q", "1")))
    if weights[TEXT] == weights[OPENMETRICS]:
        return first == OPENMETRICS and weights[OPENMETRICS] > 0
    return weights[OPENMETRICS] > weights[TEXT]


def _weight(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0

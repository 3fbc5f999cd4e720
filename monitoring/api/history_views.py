"""`/api/history`: a metric over time with what happened meanwhile, and what there is."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.api import timeline
from monitoring.api.history_query import HistoryQuery
from monitoring.api.responses import HistoryMetrics, HistoryRange, MetricSubjects
from monitoring.recording import current
from monitoring.series.catalogue import CATALOGUE, SeriesKey
from monitoring.store import reader
from system.lib.wire import to_wire
from system.lib.wire_serializers import response_schema


class HistoryView(APIView):
    @extend_schema(tags=["history"], parameters=[HistoryQuery], responses=response_schema(HistoryRange))
    def get(self, request: Request) -> Response:
        """A metric over time: minimum, mean and maximum of each interval, and what happened meanwhile. The server
        chooses the length of the intervals: 10 s, 1 min or 10 min, or a multiple; 1 s of the last 15 minutes, if
        somebody watched."""
        current.check_on()
        query = HistoryQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        values = query.validated_data
        key = SeriesKey(values["metric"], values.get("subject", ""))
        from_s, to_s = values["from"].timestamp(), values["to"].timestamp()
        within = current.read_range(key, from_s, to_s, values["points"], time.time())
        happened, left_out = timeline.collect(key, from_s, to_s)
        body = HistoryRange(
            key.metric, key.subject or None, CATALOGUE[key.metric].unit, within.seconds, values["from"], values["to"],
            within.points, happened, left_out, datetime.now(UTC),
        )  # fmt: skip
        return Response(to_wire(body))


class HistoryMetricsView(APIView):
    @extend_schema(tags=["history"], responses=response_schema(HistoryMetrics))
    def get(self, request: Request) -> Response:
        """The metrics of the history, with the subjects that have one."""
        current.check_on()
        with current.reading() as path:
            contents = reader.read_contents(path)
        subjects: dict[str, list[str]] = {name: [] for name in CATALOGUE}
        for key in contents.keys:
            if key.subject and key.metric in subjects:
                subjects[key.metric].append(key.subject)
        metrics = tuple(
            MetricSubjects(metric.name, metric.unit, metric.description, tuple(subjects[metric.name]))
            for metric in CATALOGUE.values()
        )
        oldest = None if contents.oldest_s is None else datetime.fromtimestamp(contents.oldest_s, UTC)
        is_recording = current.recorder().is_recording
        return Response(to_wire(HistoryMetrics(metrics, is_recording, oldest, datetime.now(UTC))))

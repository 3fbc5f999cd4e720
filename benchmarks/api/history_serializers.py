"""Serializers of the history: queries, submitted results, responses."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from benchmarks.history.submitted_result import InvalidEntry, validate
from benchmarks.models import Source, Validity
from system.lib.fields import TextField


class ResultSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    timestamp = serializers.DateTimeField(help_text="The end of the run")
    framework = serializers.CharField()
    endpoint = serializers.CharField()
    method = serializers.CharField()
    reqPerSec = serializers.FloatField(help_text="Successful responses per second")
    avgLatency = serializers.FloatField(allow_null=True, help_text="ms")
    p50Latency = serializers.FloatField(allow_null=True, help_text="ms")
    p90Latency = serializers.FloatField(allow_null=True, help_text="ms")
    p99Latency = serializers.FloatField(allow_null=True, help_text="ms")
    totalReqs = serializers.IntegerField(allow_null=True)
    duration = serializers.FloatField(allow_null=True, help_text="Seconds measured")
    connections = serializers.IntegerField()
    workers = serializers.IntegerField()
    pipelining = serializers.IntegerField()
    errors = serializers.IntegerField(help_text="Timeouts included")  # type: ignore[assignment]
    timeouts = serializers.IntegerField()
    non2xx = serializers.IntegerField()
    instances = serializers.IntegerField(allow_null=True)
    generator = serializers.CharField()
    trials = serializers.IntegerField()
    validity = serializers.ChoiceField(Validity.choices)
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why the result is not `valid`")
    reqPerSecLow = serializers.FloatField(allow_null=True)
    reqPerSecHigh = serializers.FloatField(allow_null=True)
    p95Latency = serializers.FloatField(allow_null=True, help_text="ms")
    p999Latency = serializers.FloatField(allow_null=True, help_text="ms")
    cpuMicrosPerRequest = serializers.FloatField(allow_null=True)
    memoryBytes = serializers.IntegerField(allow_null=True, help_text="Peak memory of the target's processes")
    saturation = serializers.CharField()
    source = serializers.ChoiceField(Source.choices)  # type: ignore[assignment]
    label = serializers.CharField()  # type: ignore[assignment]


class LatestQuery(serializers.Serializer[Any]):
    count = serializers.IntegerField(min_value=1, max_value=1000, default=10)


class FilterQuery(serializers.Serializer[Any]):
    framework = TextField(required=False, max_length=100)
    endpoint = TextField(required=False, max_length=500)
    method = TextField(required=False, max_length=16)
    since = serializers.DateTimeField(required=False, help_text="ISO 8601")
    until = serializers.DateTimeField(required=False, help_text="ISO 8601, exclusive")
    validity = serializers.ChoiceField(Validity.choices, required=False)


class AllQuery(FilterQuery):
    limit = serializers.IntegerField(
        min_value=1, max_value=1000, required=False, help_text="Page size; without limit and cursor, all are streamed"
    )
    cursor = TextField(required=False, allow_blank=True, max_length=200, help_text="`next` of the previous page")


class ExportQuery(FilterQuery):
    format = serializers.ChoiceField(["json", "csv", "md", "benchstat"], default="json")


class ResultsSerializer(serializers.Serializer[Any]):
    results = ResultSerializer(many=True)
    count = serializers.IntegerField()
    timestamp = serializers.DateTimeField()


class PageSerializer(ResultsSerializer):
    total = serializers.IntegerField(required=False)
    next = serializers.CharField(required=False, allow_null=True, help_text="Cursor of the next page")


class FrameworkResultsSerializer(ResultsSerializer):
    framework = serializers.CharField()


class LatestByFrameworkSerializer(serializers.Serializer[Any]):
    results = serializers.DictField(child=ResultSerializer(), help_text="Keys like `fastify:/simple:GET`")
    timestamp = serializers.DateTimeField()


class RankingQuery(serializers.Serializer[Any]):
    endpoint = TextField(max_length=500, default="/simple")
    method = TextField(max_length=16, default="GET")


class ChangePointsQuery(RankingQuery):
    framework = TextField(max_length=100)


class ChangePointSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="The first run at the new level")
    at = serializers.DateTimeField()
    reqPerSecBefore = serializers.FloatField(help_text="Median of the previous level")
    reqPerSecAfter = serializers.FloatField()
    p = serializers.FloatField(help_text="Pettitt's test; below 0.001")
    text = serializers.CharField()


class ChangePointsSerializer(serializers.Serializer[Any]):
    framework = serializers.CharField()
    endpoint = serializers.CharField()
    method = serializers.CharField()
    changePoints = ChangePointSerializer(many=True, help_text="Oldest first")
    count = serializers.IntegerField(help_text="Runs examined: valid, under the same conditions as the newest")
    timestamp = serializers.DateTimeField()


class RankedSerializer(serializers.Serializer[Any]):
    tier = serializers.IntegerField(help_text="From 1; shared if no difference is significant")
    text = serializers.CharField(help_text="Comparison with the leader of the previous tier, or of its own")
    result = ResultSerializer()


class UnrankedSerializer(serializers.Serializer[Any]):
    reasons = serializers.ListField(
        child=serializers.CharField(), help_text="Why it cannot be compared with the others"
    )
    result = ResultSerializer()


class RankingSerializer(serializers.Serializer[Any]):
    endpoint = serializers.CharField()
    method = serializers.CharField()
    ranked = RankedSerializer(many=True, help_text="Fastest first")
    unranked = UnrankedSerializer(many=True)
    timestamp = serializers.DateTimeField()


class FrameworkStatsSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    avgReqPerSec = serializers.FloatField()
    maxReqPerSec = serializers.FloatField()
    minReqPerSec = serializers.FloatField()
    avgLatency = serializers.FloatField(allow_null=True, help_text="ms")


class TotalsSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField(help_text="Invalid results included")
    byFramework = serializers.DictField(child=FrameworkStatsSerializer())


class HistoryStatsSerializer(serializers.Serializer[Any]):
    stats = TotalsSerializer()
    timestamp = serializers.DateTimeField()


class AddSerializer(serializers.Serializer[Any]):
    """One result, with the keys of Result. `framework` and `reqPerSec` are required."""

    id = serializers.UUIDField(required=False, help_text="Posting the same id again changes nothing")
    timestamp = serializers.DateTimeField(required=False)
    framework = serializers.CharField()
    reqPerSec = serializers.FloatField()
    trialResults = serializers.ListField(child=serializers.DictField(), required=False, help_text="As in runs/ID")
    gates = serializers.ListField(child=serializers.DictField(), required=False)
    samples = serializers.ListField(child=serializers.DictField(), required=False)
    environment = serializers.DictField(required=False)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict) and data.get("reqPerSec") is None:
            raise serializers.ValidationError({"reqPerSec": ["Must be a number."]})
        try:
            with_timestamp = {"timestamp": self.context["now"], **data} if isinstance(data, dict) else data
            return validate(with_timestamp)
        except InvalidEntry as error:
            raise serializers.ValidationError({str(error).partition(" ")[0]: [f"{error}."]}) from error


class AddedSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    result = ResultSerializer()
    timestamp = serializers.DateTimeField()


class LeftOutSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Position in the list, from 0")
    reason = serializers.CharField()


class ReloadSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message = serializers.CharField()
    imported = serializers.IntegerField()
    skipped = serializers.IntegerField(help_text="Already in the history")
    bad = LeftOutSerializer(many=True)
    timestamp = serializers.DateTimeField()


class ClearSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message = serializers.CharField()
    deleted = serializers.IntegerField()
    backup = serializers.CharField(help_text="Path of the export written before the deletion")
    timestamp = serializers.DateTimeField()

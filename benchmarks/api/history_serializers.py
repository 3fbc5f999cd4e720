"""The history's requests and answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from benchmarks.history.submitted_result import BadEntry, checked
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
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why it is not `valid`")
    reqPerSecLow = serializers.FloatField(allow_null=True)
    reqPerSecHigh = serializers.FloatField(allow_null=True)
    p95Latency = serializers.FloatField(allow_null=True, help_text="ms")
    p999Latency = serializers.FloatField(allow_null=True, help_text="ms")
    cpuMicrosPerRequest = serializers.FloatField(allow_null=True)
    memoryBytes = serializers.IntegerField(allow_null=True, help_text="Most that the target's processes held")
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
    until = serializers.DateTimeField(required=False, help_text="ISO 8601, not included")
    validity = serializers.ChoiceField(Validity.choices, required=False)


class AllQuery(FilterQuery):
    limit = serializers.IntegerField(min_value=1, max_value=1000, required=False, help_text="Ask for a page")
    cursor = TextField(required=False, allow_blank=True, max_length=200, help_text="`next` of the page before")


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
    id = serializers.UUIDField(help_text="The first run of the new level")
    at = serializers.DateTimeField()
    reqPerSecBefore = serializers.FloatField(help_text="The median of the level before")
    reqPerSecAfter = serializers.FloatField()
    p = serializers.FloatField(help_text="After Pettitt; below 0.001")
    text = serializers.CharField()


class ChangePointsSerializer(serializers.Serializer[Any]):
    framework = serializers.CharField()
    endpoint = serializers.CharField()
    method = serializers.CharField()
    changePoints = ChangePointSerializer(many=True, help_text="Oldest first")
    count = serializers.IntegerField(help_text="Runs looked at: valid, and measured as the newest was")
    timestamp = serializers.DateTimeField()


class RankedSerializer(serializers.Serializer[Any]):
    tier = serializers.IntegerField(help_text="From 1; shared where no difference is shown")
    text = serializers.CharField(help_text="Against the leader of the tier before it, or of its own")
    result = ResultSerializer()


class UnrankedSerializer(serializers.Serializer[Any]):
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why it cannot be held against the others")
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
    """One result, in the words of a result. `framework` and `reqPerSec` are needed."""

    id = serializers.UUIDField(required=False, help_text="The same id twice is one row")
    timestamp = serializers.DateTimeField(required=False)
    framework = serializers.CharField()
    reqPerSec = serializers.FloatField()
    trialResults = serializers.ListField(child=serializers.DictField(), required=False, help_text="As in runs/ID")
    gates = serializers.ListField(child=serializers.DictField(), required=False)
    samples = serializers.ListField(child=serializers.DictField(), required=False)
    environment = serializers.DictField(required=False)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict) and data.get("reqPerSec") is None:
            raise serializers.ValidationError({"reqPerSec": ["A number is needed."]})
        try:
            stamped = {"timestamp": self.context["now"], **data} if isinstance(data, dict) else data
            return checked(stamped)
        except BadEntry as error:
            raise serializers.ValidationError({str(error).partition(" ")[0]: [f"{error}."]}) from error


class AddedSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    result = ResultSerializer()
    timestamp = serializers.DateTimeField()


class LeftOutSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Counted from 0")
    reason = serializers.CharField()


class ReloadSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message = serializers.CharField()
    imported = serializers.IntegerField()
    skipped = serializers.IntegerField(help_text="Known already")
    bad = LeftOutSerializer(many=True)
    timestamp = serializers.DateTimeField()


class ClearSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message = serializers.CharField()
    deleted = serializers.IntegerField()
    backup = serializers.CharField(help_text="The export that was written first")
    timestamp = serializers.DateTimeField()

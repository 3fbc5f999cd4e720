"""Serializers that validate queries of the history and submitted results."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from benchmarks.history.submitted_result import InvalidEntry, validate
from benchmarks.models import Validity
from system.lib.fields import TextField


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


class RankingQuery(serializers.Serializer[Any]):
    endpoint = TextField(max_length=500, default="/simple")
    method = TextField(max_length=16, default="GET")


class ChangePointsQuery(RankingQuery):
    framework = TextField(max_length=100)


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

"""Serializers of comparisons and baselines."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from benchmarks.analysis.comparison import Verdict
from benchmarks.api.history_serializers import ResultSerializer
from system.lib.fields import TextField


class CompareSerializer(serializers.Serializer[Any]):
    base = TextField(max_length=64, help_text="The id of a finished run, or `baseline`")
    new = TextField(max_length=64)


class ComparedSerializer(serializers.Serializer[Any]):
    metric = serializers.CharField()
    unit = serializers.CharField()
    verdict = serializers.ChoiceField([verdict.value for verdict in Verdict])
    base = serializers.FloatField(allow_null=True, help_text="Median of its trials")
    new = serializers.FloatField(allow_null=True)
    ratio = serializers.FloatField(allow_null=True, help_text="new/base, Hodges-Lehmann")
    low = serializers.FloatField(allow_null=True, help_text="95 % interval of the ratio")
    high = serializers.FloatField(allow_null=True)
    p = serializers.FloatField(allow_null=True, help_text="Exact Mann-Whitney test, Holm-adjusted")
    text = serializers.CharField()


class AgainstBaselineSerializer(serializers.Serializer[Any]):
    base = serializers.CharField()
    new = serializers.CharField()
    verdict = serializers.ChoiceField([verdict.value for verdict in Verdict])
    text = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why there is no verdict")
    warnings = serializers.ListField(child=serializers.CharField())
    metrics = ComparedSerializer(many=True)


class ComparisonSerializer(AgainstBaselineSerializer):
    timestamp = serializers.DateTimeField()


class NameBaselineSerializer(serializers.Serializer[Any]):
    reason = TextField(
        required=False, max_length=200, allow_blank=True, default="", help_text="Why this run was chosen"
    )


class BaselineMarkSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Id of the run")
    isThis = serializers.BooleanField(help_text="Whether the requested run is the baseline itself")
    setBy = serializers.CharField()
    setAt = serializers.DateTimeField()
    reason = serializers.CharField()


class BaselineSerializer(serializers.Serializer[Any]):
    result = ResultSerializer()
    setBy = serializers.CharField()
    setAt = serializers.DateTimeField()
    reason = serializers.CharField()


class BaselinesSerializer(serializers.Serializer[Any]):
    baselines = BaselineSerializer(many=True)
    count = serializers.IntegerField()
    timestamp = serializers.DateTimeField()

"""Serializers of `POST /api/benchmark/run` (strict) and of the run resources."""

from __future__ import annotations

import json
import re
from typing import Any

from rest_framework import serializers

from benchmarks.api.verdict_serializers import AgainstBaselineSerializer, BaselineMarkSerializer
from benchmarks.generators import GENERATORS
from benchmarks.generators.scenario import PROFILES
from system.lib.fields import NameField, StrictIntegerField, TextField
from system.lib.text import is_printable

MAX_HEADERS = 50
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
RESERVED_HEADERS = ("host", "content-length", "transfer-encoding", "connection")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


class HeadersField(serializers.DictField):
    """Header names with values; headers that the generator sets itself are rejected."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        headers = super().to_internal_value(data)
        if len(headers) > MAX_HEADERS:
            raise serializers.ValidationError(f"At most {MAX_HEADERS} headers.")
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in RESERVED_HEADERS:
                raise serializers.ValidationError(f"{name[:100]!r} is not a header that can be set.")
            if not isinstance(value, str) or not is_printable(value) or not value.isascii() or len(value) > 4096:
                raise serializers.ValidationError(f"The value of {name} is not printable ASCII.")
        return headers


class BodyField(serializers.JSONField):
    """A string is sent unchanged, anything else as JSON."""

    def to_internal_value(self, data: Any) -> Any:
        text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
        return TextField(allow_blank=True, trim_whitespace=False).run_validation(text)


class RunRequestSerializer(serializers.Serializer[Any]):
    framework = NameField()
    host = NameField(required=False, max_length=255, help_text="host[:port]; default: this machine")
    endpoint = NameField(required=False, max_length=500)
    method = serializers.ChoiceField(METHODS, required=False)
    duration = StrictIntegerField(required=False, min_value=1, max_value=3600, help_text="seconds of a trial")
    instances = StrictIntegerField(required=False, min_value=1, max_value=100)
    connections = StrictIntegerField(required=False, min_value=1, max_value=10_000)
    pipelining = StrictIntegerField(required=False, min_value=1, max_value=100)
    workers = StrictIntegerField(required=False, min_value=1, max_value=64)
    body = BodyField(required=False)
    headers = HeadersField(required=False)
    generator = serializers.ChoiceField(sorted(GENERATORS), required=False)
    trials = StrictIntegerField(required=False, min_value=1, max_value=50)
    profile = serializers.ChoiceField(sorted(PROFILES), required=False)
    rate = StrictIntegerField(
        required=False, min_value=1, max_value=1_000_000, help_text="requests per second; with h2load"
    )
    label = TextField(required=False, max_length=200, allow_blank=True)  # type: ignore[assignment]


class QueuedRunSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.CharField()
    position = serializers.IntegerField(help_text="number of runs ahead of it")
    framework = serializers.CharField()
    host = serializers.CharField()
    endpoint = serializers.CharField()
    method = serializers.CharField()
    duration = serializers.FloatField(help_text="seconds of a trial")
    instances = serializers.IntegerField(allow_null=True)
    connections = serializers.IntegerField()
    workers = serializers.IntegerField()
    pipelining = serializers.IntegerField()
    generator = serializers.CharField()
    trials = serializers.IntegerField()
    profile = serializers.CharField()
    rate = serializers.FloatField(allow_null=True, help_text="requested requests per second")
    label = serializers.CharField()  # type: ignore[assignment]


class RunAcceptedSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()
    message = serializers.CharField()
    benchmark = QueuedRunSerializer()


class RunProgressSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.CharField()
    position = serializers.IntegerField(help_text="number of runs ahead of it")
    framework = serializers.CharField()
    endpoint = serializers.CharField()
    method = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    generator = serializers.CharField()
    connections = serializers.IntegerField()
    phase = serializers.CharField()
    trial = serializers.IntegerField()
    trials = serializers.IntegerField()
    elapsedSeconds = serializers.FloatField()
    remainingSeconds = serializers.FloatField()
    reqPerSec = serializers.FloatField(allow_null=True, help_text="live")


class LastResultSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()


class RunsSerializer(serializers.Serializer[Any]):
    runs = RunProgressSerializer(many=True)
    lastResult = LastResultSerializer(allow_null=True)
    timestamp = serializers.DateTimeField()


class GateSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    state = serializers.ChoiceField(["pass", "warn", "fail", "unknown"])
    message = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    trial = serializers.IntegerField(allow_null=True)


class HistogramsSerializer(serializers.Serializer[Any]):
    """HdrHistogram V2 in base64, microseconds, merged over all trials; empty if there is none."""

    raw = serializers.CharField()
    corrected = serializers.CharField(help_text="Corrected by the generator for coordinated omission")
    probe = serializers.CharField(help_text="The latency probe, from the time each request was due")


class HistogramQuery(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["raw", "corrected", "probe"], default="raw")


class RunDetailsSerializer(QueuedRunSerializer):
    message = serializers.CharField()
    progress = serializers.DictField()
    command = serializers.ListField(child=serializers.CharField())
    result = serializers.DictField(
        allow_null=True, help_text="as in the history; null until the first trial is finished"
    )
    trialResults = serializers.ListField(child=serializers.DictField())
    gates = GateSerializer(many=True)
    preflight = serializers.DictField()
    environment = serializers.DictField()
    samples = serializers.ListField(child=serializers.DictField())
    exits = serializers.ListField(child=serializers.DictField(), help_text="Of the target's processes, oldest first")
    histogram = HistogramsSerializer()
    baseline = BaselineMarkSerializer(allow_null=True, help_text="Of the framework, endpoint and method")
    againstBaseline = AgainstBaselineSerializer(
        allow_null=True, help_text="null without a baseline, for the baseline itself, and for a run without a result"
    )


class RunChangedSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message = serializers.CharField()
    timestamp = serializers.DateTimeField()

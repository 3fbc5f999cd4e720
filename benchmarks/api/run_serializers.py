"""Serializers of `POST /api/benchmark/run` (strict) and of the run resources."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from benchmarks.engine.run_limits import RUN_LIMITS
from benchmarks.engine.run_spec import PROTOCOLS
from benchmarks.generators import GENERATORS
from benchmarks.generators.scenario import METHODS, PROFILES
from benchmarks.targets.request_fields import (
    Base64Field,
    BodyField,
    ConnectField,
    ExpectationsField,
    HeadersField,
    KnownFieldsSerializer,
    PathField,
    UrlField,
)
from benchmarks.targets.target_serializer import TargetNameField
from system.lib.fields import FlagField, NameField, QuerySerializer, StrictIntegerField, TextField


def _limited_integer(name: str, help_text: str | None = None) -> StrictIntegerField:
    limit = RUN_LIMITS[name]
    return StrictIntegerField(required=False, min_value=limit.minimum, max_value=limit.maximum, help_text=help_text)


class RunRequestSerializer(KnownFieldsSerializer):
    framework = NameField(required=False, help_text="a shipped framework; or an own target, as `target`")
    target = NameField(required=False, help_text="what is to be measured: one of GET targets")
    url = UrlField(required=False, max_length=800, help_text="measured under `name`; http or https, with its path")
    name = TargetNameField(required=False, help_text="the name of what `url` leads to, in the history")
    connect = ConnectField(required=False, max_length=300, help_text="host[:port] to connect to instead of the URL's")
    insecure = FlagField(required=False, help_text="whether the certificate is not to be verified")
    protocol = serializers.ChoiceField(PROTOCOLS, required=False)
    host = NameField(required=False, max_length=255, help_text="host[:port] of a framework; default: this machine")
    endpoint = PathField(required=False)
    method = serializers.ChoiceField(METHODS, required=False)
    duration = _limited_integer("duration", help_text="seconds of a trial")
    instances = _limited_integer("instances")
    connections = _limited_integer("connections")
    pipelining = _limited_integer("pipelining")
    workers = _limited_integer("workers")
    body = BodyField(required=False)
    bodyBase64 = Base64Field(required=False, help_text="a body that is not text")
    headers = HeadersField(
        required=False,
        help_text="names as in RFC 9110, except Host and those that frame the body; "
        "credentials need wrk or autocannon and are not kept",
    )
    generator = serializers.ChoiceField(sorted(GENERATORS), required=False)
    trials = _limited_integer("trials")
    profile = serializers.ChoiceField(sorted(PROFILES), required=False)
    rate = _limited_integer("rate", help_text="requests per second; with h2load")
    label = TextField(required=False, max_length=200, allow_blank=True)  # type: ignore[assignment]
    expect = ExpectationsField(required=False, help_text="the budget: METRIC OP NUMBER UNIT, like p99<50ms")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        subjects = [name for name in ("framework", "target", "url") if name in attrs]
        if len(subjects) != 1:
            message = "Give one of framework, target, and url with name." if subjects else "This field is required."
            raise serializers.ValidationError({subjects[0] if subjects else "framework": [message]})
        if ("url" in attrs) != ("name" in attrs):
            raise serializers.ValidationError({"name": ["url and name belong together."]})
        return attrs


class HistogramQuery(QuerySerializer):
    kind = serializers.ChoiceField(["raw", "corrected", "probe"], default="raw")

"""Serializers of `POST /api/benchmark/run` (strict) and of the run resources."""

from __future__ import annotations

import json
import re
from typing import Any

from rest_framework import serializers

from benchmarks.engine.run_limits import RUN_LIMITS
from benchmarks.generators import GENERATORS
from benchmarks.generators.scenario import METHODS, PROFILES
from benchmarks.generators.secret_headers import MASK, is_secret
from system.lib.fields import NameField, QuerySerializer, StrictIntegerField, TextField
from system.lib.text import is_printable

MAX_HEADERS, MAX_HEADER_VALUE = 50, 4096
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
            if (
                not isinstance(value, str)
                or not is_printable(value)
                or not value.isascii()
                or len(value) > MAX_HEADER_VALUE
            ):
                raise serializers.ValidationError(f"The value of {name} is not printable ASCII.")
            if value == MASK and is_secret(name):
                raise serializers.ValidationError(f"The value of {name} was not kept: send it again.")
        return headers


class BodyField(serializers.JSONField):
    """A string is sent unchanged, anything else as JSON."""

    def to_internal_value(self, data: Any) -> Any:
        text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
        return TextField(allow_blank=True, trim_whitespace=False).run_validation(text)


def _limited_integer(name: str, help_text: str | None = None) -> StrictIntegerField:
    limit = RUN_LIMITS[name]
    return StrictIntegerField(required=False, min_value=limit.minimum, max_value=limit.maximum, help_text=help_text)


class RunRequestSerializer(serializers.Serializer[Any]):
    framework = NameField()
    host = NameField(required=False, max_length=255, help_text="host[:port]; default: this machine")
    endpoint = NameField(required=False, max_length=500)
    method = serializers.ChoiceField(METHODS, required=False)
    duration = _limited_integer("duration", help_text="seconds of a trial")
    instances = _limited_integer("instances")
    connections = _limited_integer("connections")
    pipelining = _limited_integer("pipelining")
    workers = _limited_integer("workers")
    body = BodyField(required=False)
    headers = HeadersField(
        required=False,
        help_text="names as in RFC 9110, except Host and those that frame the body; "
        "credentials need wrk and are not kept",
    )
    generator = serializers.ChoiceField(sorted(GENERATORS), required=False)
    trials = _limited_integer("trials")
    profile = serializers.ChoiceField(sorted(PROFILES), required=False)
    rate = _limited_integer("rate", help_text="requests per second; with h2load")
    label = TextField(required=False, max_length=200, allow_blank=True)  # type: ignore[assignment]


class HistogramQuery(QuerySerializer):
    kind = serializers.ChoiceField(["raw", "corrected", "probe"], default="raw")

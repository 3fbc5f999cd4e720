"""Describes for OpenAPI the rules of our serializers and fields that drf-spectacular cannot see in their code."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension

from benchmarks.generators.header_rules import MAX_HEADER_VALUE, MAX_HEADERS
from benchmarks.history.submission import MAX_SAMPLE_VALUES

Schema = dict[str, Any]


class _Described(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> Schema:
        return self.describe(auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True))

    def describe(self, schema: Schema) -> Schema:
        raise NotImplementedError


class TextDescription(_Described):  # type: ignore[no-untyped-call]
    target_class = "system.lib.fields.TextField"

    def describe(self, schema: Schema) -> Schema:
        kind = getattr(self.target, "format", None)
        return schema | ({"format": kind, "minLength": 1} if kind else {"pattern": self.target.pattern})


class WholeNumberDescription(_Described):  # type: ignore[no-untyped-call]
    target_class = "system.lib.fields.WholeNumberField"

    def describe(self, schema: Schema) -> Schema:
        return {key: value for key, value in schema.items() if key != "format"} | {"type": "integer"}


class SampleDescription(_Described):  # type: ignore[no-untyped-call]
    target_class = "benchmarks.history.submission.SampleField"

    def describe(self, schema: Schema) -> Schema:
        return schema | {"maxProperties": MAX_SAMPLE_VALUES}


class HeadersDescription(_Described):  # type: ignore[no-untyped-call]
    target_class = "benchmarks.targets.request_fields.HeadersField"

    def describe(self, schema: Schema) -> Schema:
        value: Schema = {"type": "string", "pattern": "^[ -~]*$", "maxLength": MAX_HEADER_VALUE}
        if self.target.keeps_secrets:
            kept = {"type": "object", "properties": {"secret": {"enum": [True]}}, "required": ["secret"]}
            value = {"anyOf": [value, kept]}
        return schema | {"additionalProperties": value, "maxProperties": MAX_HEADERS}


class BodyDescription(_Described):  # type: ignore[no-untyped-call]
    """Any JSON except null, which would be the same as no body."""

    target_class = "benchmarks.targets.request_fields.BodyField"

    def describe(self, schema: Schema) -> Schema:
        text = {"type": "string", "pattern": r"^[^\u0000]*$"}
        others = [{"type": kind} for kind in ("object", "number", "boolean")]
        return {"anyOf": [text, *others, {"type": "array", "items": {}}]}


class TargetDescription(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Exactly one selector."""

    target_class = "pm2.api.serializers.TargetSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> Schema:
        schema: Schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return schema | {"oneOf": [{"required": [name]} for name in self.target.exactly_one_of]}

"""Checks a target from the API, the admin or a file."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from benchmarks.engine import address
from benchmarks.engine.run_spec import PROTOCOLS
from benchmarks.generators.scenario import METHODS
from benchmarks.targets.request_fields import (
    MAX_BODY,
    Base64Field,
    BodyField,
    ConnectField,
    ExpectationsField,
    HeadersField,
    KnownFieldsSerializer,
    PathField,
    StatusField,
    UrlField,
)
from benchmarks.targets.target import NAME
from pm2.frameworks.registry import registry
from system.lib.fields import FlagField, NameField, StrictIntegerField, TextField

MAX_ENDPOINTS, MAX_PORTS = 100, 20


class TargetNameField(TextField):
    """The name of an own target."""

    pattern = f"^{NAME.pattern}$"

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if not NAME.fullmatch(name) or not name.strip("."):
            raise serializers.ValidationError("Must be 1 to 64 of the characters A-Z a-z 0-9 . _ -")
        if name in {framework.name for framework in registry().frameworks}:
            raise serializers.ValidationError(f"{name} is a shipped framework.")
        return name


@extend_schema_serializer(component_name="TargetEndpoint")
class EndpointSerializer(KnownFieldsSerializer):
    path = PathField()
    method = serializers.ChoiceField(METHODS, default="GET")
    headers = HeadersField(default=dict, keeps_secrets=True)
    body = BodyField(default=lambda: "")  # type: ignore[arg-type,return-value] # a string is sent unchanged
    bodyBase64 = Base64Field(default="", allow_blank=True, source="body_base64")
    contentType = TextField(default="", allow_blank=True, max_length=100, source="content_type")
    expectStatus = StatusField(default=list, source="expect_status")
    description = TextField(default="", allow_blank=True, max_length=500)
    expect = ExpectationsField(default=list, help_text="the default budget")

    def validate_contentType(self, text: str) -> str:
        if not text.isascii() or not text.isprintable():
            raise serializers.ValidationError("Must be printable ASCII.")
        return text

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["body"] and attrs["body_base64"]:
            raise serializers.ValidationError("Give body or bodyBase64, not both.")
        if len(attrs["body"].encode()) > MAX_BODY:
            raise serializers.ValidationError({"body": "Must not be larger than 1 MiB."})
        return attrs


@extend_schema_serializer(component_name="OwnTarget")
class TargetSerializer(KnownFieldsSerializer):
    ignored = ("source", "running")  # of an answer, which may be sent back
    name = TargetNameField()
    pm2 = NameField(required=False, allow_null=True, help_text="name of the processes under PM2")
    url = UrlField(
        required=False, allow_null=True, max_length=300,
        help_text="scheme://host[:port]; with pm2, where its processes answer if it is not http on the port seen",
    )  # fmt: skip
    connect = ConnectField(
        required=False, allow_null=True, max_length=300, help_text="host[:port] to connect to instead of the URL's"
    )
    ports = serializers.ListField(
        child=StrictIntegerField(min_value=1, max_value=65535), default=list, max_length=MAX_PORTS
    )
    insecure = FlagField(default=False)
    protocol = serializers.ChoiceField(PROTOCOLS, default="http1")
    endpoints = EndpointSerializer(many=True, default=list)

    def validate_endpoints(self, endpoints: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(endpoints) > MAX_ENDPOINTS:
            raise serializers.ValidationError(f"At most {MAX_ENDPOINTS} endpoints.")
        if len({(endpoint["method"], endpoint["path"]) for endpoint in endpoints}) < len(endpoints):
            raise serializers.ValidationError("Two endpoints have the same method and path.")
        return endpoints

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        pm2, url = attrs.get("pm2") or "", attrs.get("url") or ""
        if not pm2 and not url:
            raise serializers.ValidationError('Give "pm2", a name under PM2, or "url", or both.')
        if url:
            parsed = address.parse_url(url)
            url = f"{parsed.scheme}://{parsed.authority}"
            if parsed.path != "/" and not attrs["endpoints"]:
                attrs["endpoints"] = EndpointSerializer(many=True).run_validation([{"path": parsed.path}])
            elif parsed.path != "/":
                raise serializers.ValidationError({"url": "A path belongs to an endpoint."})
            if attrs["ports"]:
                raise serializers.ValidationError({"ports": "The port belongs to the URL."})
        elif attrs.get("connect"):
            raise serializers.ValidationError({"connect": "Only a URL can be connected to elsewhere."})
        return {**attrs, "pm2": pm2, "url": url, "connect": attrs.get("connect") or ""}


@extend_schema_serializer(component_name="ReplacedTarget")
class ReplacedTargetSerializer(TargetSerializer):
    """A target whose name is in the path of the request."""

    name = TargetNameField(required=False, help_text="that of the path, if it is given")

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from unittest.mock import ANY

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.views import APIView

from system.lib.wire import STAYS_INSIDE, to_wire
from system.lib.wire_serializers import name_components, response_schema


@dataclass(frozen=True, slots=True)
class Inner:
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Outer:
    at: Annotated[datetime, "Time of the sample"]
    load_average: tuple[float, float, float]
    stream: Literal["out", "err"]
    inner_values: tuple[Inner, ...] = ()


def components(value: type) -> dict[str, Any]:
    """The OpenAPI components of a dataclass."""
    schema = AutoSchema()
    schema.view = APIView(request=None)
    schema.registry = ComponentRegistry()
    schema.resolve_serializer(response_schema(value), "response")
    return dict(schema.registry.build({})["schemas"])


def test_a_dataclass_is_described_as_it_is_sent() -> None:
    name_components({Outer: "Sample"})

    assert components(Outer) == {
        "Sample": {
            "type": "object",
            "properties": {
                "at": {"type": "string", "format": "date-time", "description": "Time of the sample"},
                "loadAverage": {
                    "type": "array", "items": {"type": "number", "format": "double"}, "minItems": 3, "maxItems": 3,
                },
                "stream": {
                    "enum": ["out", "err"], "type": "string", "description": "* `out` - out\n* `err` - err",
                    "x-spec-enum-id": ANY,
                },
                "innerValues": {"type": "array", "items": {"$ref": "#/components/schemas/Inner"}},
            },
            "required": ["at", "innerValues", "loadAverage", "stream"],
        },
        "Inner": {
            "type": "object", "properties": {"exitCode": {"type": "integer", "nullable": True}}, "required": ["exitCode"],
        },
    }  # fmt: skip


def test_the_keys_are_those_of_the_wire() -> None:
    sent = to_wire(Outer(datetime(2026, 11, 25, tzinfo=UTC), (0.1, 0.2, 0.3), "out", (Inner(1),)))

    assert isinstance(sent, dict)
    assert list(sent) == list(response_schema(Outer).fields)


@dataclass(frozen=True, slots=True)
class WithSecret:
    port: int
    sockets: tuple[Inner, ...] = field(default=(), metadata=STAYS_INSIDE)


def test_a_field_that_stays_inside_is_neither_sent_nor_described() -> None:
    described = components(WithSecret)

    assert to_wire(WithSecret(1, (Inner(2),))) == {"port": 1}
    assert [list(component["properties"]) for component in described.values()] == [["port"]]

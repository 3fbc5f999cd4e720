"""Derives the OpenAPI description of a response from the dataclass that `to_wire` sends."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from django.core.validators import MaxLengthValidator, MinLengthValidator
from drf_spectacular.drainage import set_override
from rest_framework.fields import Field
from rest_framework.serializers import ListField
from rest_framework_dataclasses.serializers import DataclassSerializer

from system.lib.wire import camel_case


# A dataclass as `to_wire` sends it: camelCase keys, none omitted, None as null. A string in a field's
# `Annotated[type, "help text"]` describes it. (A docstring here would become the description of every component.)
class WireSerializer(DataclassSerializer[Any]):
    @property
    def serializer_dataclass_field(self) -> type[WireSerializer]:
        return WireSerializer

    def get_fields(self) -> dict[str, Field[Any, Any, Any, Any]]:
        hints = get_type_hints(self.dataclass_definition.dataclass_type, include_extras=True)
        fields: dict[str, Field[Any, Any, Any, Any]] = {}
        for name, field in super().get_fields().items():
            kind, *notes = get_args(hints[name]) if hasattr(hints[name], "__metadata__") else (hints[name],)
            field.required = True
            field.help_text = next((note for note in notes if isinstance(note, str)), None)
            if isinstance(field, ListField) and get_origin(kind) is tuple and Ellipsis not in get_args(kind):
                length = len(get_args(kind))
                field.validators += [MaxLengthValidator(length), MinLengthValidator(length)]
            key = camel_case(name)
            field.source = None if key == name else name
            fields[key] = field
        return fields


def response_schema(value: type, component: str = "") -> WireSerializer:
    """The description of a dataclass; `component`: its name in OpenAPI if it is not the name of the class."""
    assert is_dataclass(value), value  # noqa: S101 - only dataclasses are sent
    if component:
        set_override(value, "component_name", component)
    return WireSerializer(dataclass=value)

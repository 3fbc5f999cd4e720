"""Derives the OpenAPI description of a response from the dataclass that `to_wire` sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from django.core.validators import MaxLengthValidator, MinLengthValidator
from drf_spectacular.drainage import set_override
from rest_framework.fields import ChoiceField, Field, ListField
from rest_framework_dataclasses.fields import EnumField
from rest_framework_dataclasses.serializers import DataclassSerializer

from system.lib.wire import wire_keys

WireField = Field[Any, Any, Any, Any]
OPTIONAL = object()  # in `Annotated`: the key is absent in some responses


# A dataclass as `to_wire` sends it: camelCase keys, none omitted, None as null. What a field's `Annotated` type adds: a
# string is the help text, a tuple or list the choices, a type the one to describe instead of the field's own.
# (A docstring here would become the description of every component.)
class WireSerializer(DataclassSerializer[Any]):
    @property
    def serializer_dataclass_field(self) -> type[WireSerializer]:
        return WireSerializer

    def get_fields(self) -> dict[str, WireField]:
        value: type = self.dataclass_definition.dataclass_type
        hints, keys, described = get_type_hints(value, include_extras=True), wire_keys(value), super().get_fields()
        return {
            key: _describe(described[name], hints[name], None if key == name else name) for name, key in keys.items()
        }


def _describe(field: WireField, hint: Any, source: str | None) -> WireField:
    kind, *notes = get_args(hint) if hasattr(hint, "__metadata__") else (hint,)
    if isinstance(field, EnumField):
        notes.insert(0, [member.value for member in field.enum_class])
    for note in notes:
        if isinstance(note, (tuple, list)):
            field = ChoiceField(choices=note, allow_null=field.allow_null)
        elif isinstance(note, type):
            field = WireSerializer.serializer_field_mapping[note](allow_null=field.allow_null)
    field.required = OPTIONAL not in notes
    field.help_text = next((note for note in notes if isinstance(note, str)), None)
    if isinstance(field, ListField) and get_origin(kind) is tuple and Ellipsis not in get_args(kind):
        length = len(get_args(kind))
        field.validators += [MaxLengthValidator(length), MinLengthValidator(length)]
    field.source = source
    return field


def response_schema(value: type, *, many: bool = False) -> WireSerializer:
    """The description of a dataclass, or of a list of them, as the body of a response."""
    assert is_dataclass(value), value  # noqa: S101 - only dataclasses are sent
    return WireSerializer(dataclass=value, many=many)


def name_components(names: Mapping[type, str]) -> None:
    """Set the names in OpenAPI of dataclasses that are not to appear under their own."""
    for value, name in names.items():
        set_override(value, "component_name", name)

"""Serializer fields without coercion: only a JSON number is a number, and a name is printable."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from system.lib.text import is_encodable, is_printable

NAME_LENGTH = 200


class StrictIntegerField(serializers.IntegerField):
    """A JSON integer: not `"6"`, `6.0` or `true`."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError("Must be an integer.")
        return data


class TextField(serializers.CharField):
    """A JSON string that UTF-8 can encode, without NUL."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("Must be a string.")
        if not is_encodable(data):
            raise serializers.ValidationError("Must not contain lone surrogates, which UTF-8 cannot encode.")
        return str(super().to_internal_value(data))


class NameField(TextField):
    """A name: 1 to 200 printable characters, without a leading `-`, which a program might parse as a flag."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", NAME_LENGTH)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if not is_printable(name):
            raise serializers.ValidationError("Must not contain control characters.")
        if name.startswith("-"):
            raise serializers.ValidationError("Must not begin with '-'.")
        return name

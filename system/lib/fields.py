"""Request fields that take no guess: a number is a number, a name is printable."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from system.lib.text import is_encodable, is_printable

NAME_LENGTH = 200


class StrictIntegerField(serializers.IntegerField):
    """A JSON whole number: neither `"6"` nor `6.0` nor `true`."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError("A whole number is needed.")
        return data


class TextField(serializers.CharField):
    """A JSON string that UTF-8 can carry, without NUL."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("A text is needed.")
        if not is_encodable(data):
            raise serializers.ValidationError("The text holds a lone surrogate, which UTF-8 cannot carry.")
        return str(super().to_internal_value(data))


class NameField(TextField):
    """A name: 1 to 200 printable characters, no leading `-`, which a program might take for a flag."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", NAME_LENGTH)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if not is_printable(name):
            raise serializers.ValidationError("A name has no control characters.")
        if name.startswith("-"):
            raise serializers.ValidationError("A name does not begin with '-'.")
        return name

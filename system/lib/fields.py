"""Serializer fields without coercion: only a JSON number is a number, and a name is printable; and their messages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import QueryDict
from rest_framework import serializers

from system.lib.storable_json import storable_json
from system.lib.text import UNPRINTABLE, is_encodable, is_printable

NAME_LENGTH = 200
MAX_NUMBER = 2**53  # larger integers are not exact in JSON
_INTEGER = re.compile("-?[0-9]+")


class StrictIntegerField(serializers.IntegerField):
    """A JSON integer: not `"6"`, `6.0` or `true`."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError("Must be an integer.")
        return data


class FlagField(serializers.BooleanField):
    """A JSON boolean: not `"yes"` or 1."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("Must be true or false.")
        return data


class QuerySerializer(serializers.Serializer[Any]):
    """The parameters of a query. One without a value is an empty string, not a missing one, as REST framework takes it;
    of several with one name, the last counts."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        return dict(super().to_internal_value(data.dict() if isinstance(data, QueryDict) else data))


class QueryIntegerField(serializers.IntegerField):
    """An integer in a query, in ASCII digits: not `1.0`, `1_000`, ` 5` or `٣`."""

    def to_internal_value(self, data: Any) -> int:
        if not _INTEGER.fullmatch(str(data)):
            raise serializers.ValidationError("Must be an integer.")
        return super().to_internal_value(data)


class QueryFlagField(serializers.BooleanField):
    """`true` or `false` in a query: not `yes` or 1."""

    def to_internal_value(self, data: Any) -> bool:
        if data not in ("true", "false"):
            raise serializers.ValidationError("Must be true or false.")
        return bool(data == "true")


class TextField(serializers.CharField):
    """A JSON string that UTF-8 can encode, without NUL."""

    @property
    def pattern(self) -> str:
        """What the field accepts besides an empty text, for OpenAPI."""
        needs_content = self.trim_whitespace and not self.allow_blank
        return r"^[^\u0000]*[^\s\u0000][^\u0000]*$" if needs_content else r"^[^\u0000]+$"

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

    @property
    def pattern(self) -> str:
        return rf"^ *[^-\s{UNPRINTABLE}][^{UNPRINTABLE}]*$"

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if not is_printable(data):  # before the spaces around it are removed, of which a line end is one
            raise serializers.ValidationError("Must not contain control characters.")
        if name.startswith("-"):
            raise serializers.ValidationError("Must not begin with '-'.")
        return name


class NumberField(serializers.FloatField):
    """A finite JSON number, exact in JSON: not `"6"`, `true` or NaN."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": -MAX_NUMBER, "max_value": MAX_NUMBER, **options})

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, (int, float)):
            raise serializers.ValidationError(f"{data!r:.50} is not a number.")
        if not -MAX_NUMBER <= data <= MAX_NUMBER:  # false for NaN, too
            raise serializers.ValidationError(f"{data!r:.50} is out of range.")
        return data


class WholeNumberField(NumberField):
    """A JSON number without a fraction: `6`, and `6.0`, which some programs write."""

    def to_internal_value(self, data: Any) -> int:
        number = super().to_internal_value(data)
        if number != int(number):
            raise serializers.ValidationError(f"{data!r:.50} is not an integer.")
        return int(number)


class TimeField(serializers.DateTimeField):
    """An ISO 8601 string between 1990 and 2200, as aware UTC. Without a time zone it is UTC, or refused."""

    def __init__(self, *, needs_zone: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.needs_zone = needs_zone

    def to_internal_value(self, data: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(data)
            if moment.tzinfo is None and self.needs_zone:
                raise serializers.ValidationError(f"{data!r:.50} has no time zone.")
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            raise serializers.ValidationError(f"{data!r:.50} is not an ISO 8601 time.") from None
        if not 1990 < moment.year < 2200:
            raise serializers.ValidationError(f"{data!r:.50} is out of range.")
        return moment


class JsonUUIDField(serializers.UUIDField):
    """A UUID as a string: REST framework also takes an integer, and `true` as 1."""

    def to_internal_value(self, data: Any) -> UUID:
        return super().to_internal_value(data if isinstance(data, str) else "")


class JsonObjectField(serializers.DictField):
    """A JSON object that the database can store: without NaN, NUL and lone surrogates. `child` checks its values."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError("Must be an object.")
        if storable_json(data) != data:
            raise serializers.ValidationError("Must not contain NaN, NUL or lone surrogates.")
        return dict(super().to_internal_value(data))


def error_sentences(detail: Any, name: str = "") -> list[str]:
    """The messages of a validation error's `detail`, each after the name of its field."""
    if isinstance(detail, dict):
        return [line for key, item in detail.items() for line in error_sentences(item, _join(name, key))]
    if isinstance(detail, list):
        return [line for item in detail for line in error_sentences(item, name)]
    sentence = f"{name}: {detail}" if name else str(detail)
    return [sentence.encode(errors="backslashreplace").decode()]  # it may repeat a lone surrogate that it refuses


def _join(name: str, key: object) -> str:
    return name if key == "non_field_errors" else f"{name}.{key}" if name else str(key)

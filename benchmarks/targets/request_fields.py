"""Serializer fields for what a target is sent, and for what is expected of it: statuses and budgets."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from benchmarks.budgets.expectation import MAX_EXPECTATIONS, parse_expectation
from benchmarks.engine import address
from benchmarks.errors import InvalidRunRequest, InvalidTargetAddress
from benchmarks.generators import header_rules
from benchmarks.generators.secret_headers import is_secret
from benchmarks.targets.target import PATH
from system.lib.fields import StrictIntegerField, TextField

MAX_BODY = 2**20
MAX_STATUSES = 20


class KnownFieldsSerializer(serializers.Serializer[Any]):
    """Refuses other fields than its own and `ignored`: a budget under a misspelt name would be none, and every run
    would pass."""

    ignored: tuple[str, ...] = ()

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        known = (*self.fields, *self.ignored)
        if isinstance(data, Mapping) and (unknown := [name for name in data if name not in known]):
            sentence = f"There is no such field. The fields are {', '.join(self.fields)}."
            raise serializers.ValidationError({str(name)[:100]: [sentence] for name in unknown})
        return dict(super().to_internal_value(data))


class ExpectationField(TextField):
    """An expectation, in the grammar of budgets."""

    format = "expectation"  # for OpenAPI

    def to_internal_value(self, data: Any) -> str:
        try:
            return parse_expectation(super().to_internal_value(data)).text
        except InvalidRunRequest as error:
            raise serializers.ValidationError(error.sentence) from error


class ExpectationsField(serializers.ListField):
    """A budget; repetitions are left out."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=ExpectationField(), max_length=MAX_EXPECTATIONS, **options)

    def to_internal_value(self, data: Any) -> list[str]:
        return list(dict.fromkeys(super().to_internal_value(data)))


class PathField(TextField):
    """Path and query of a request."""

    pattern = f"^{PATH.pattern}$"

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=500, **options)

    def to_internal_value(self, data: Any) -> str:
        path = super().to_internal_value(data)
        if not PATH.fullmatch(path):
            raise serializers.ValidationError(
                "Must begin with / and consist of the characters of a URL; others are percent-encoded, a space as %20."
            )
        return path


class HeadersField(serializers.DictField):
    """Header names with values; headers that the generator sets itself are rejected. `keeps_secrets`: a value may be
    `{"secret": true}`, which stands for the one that is kept."""

    def __init__(self, *, keeps_secrets: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.keeps_secrets = keeps_secrets

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        headers = super().to_internal_value(data)
        problem = header_rules.names_problem(list(headers))
        for name, value in headers.items():
            problem = problem or header_rules.name_problem(name) or self._value_problem(name, value)
        if problem:
            raise serializers.ValidationError(problem)
        return headers

    def _value_problem(self, name: str, value: object) -> str | None:
        if self.keeps_secrets and isinstance(value, dict) and value.get("secret") is True:
            return None if is_secret(name) else f"{name} is no name of a credential, so its value is not secret."
        return header_rules.value_problem(name, value)


class BodyField(serializers.JSONField):
    """A string is sent unchanged, anything else as JSON."""

    def to_internal_value(self, data: Any) -> Any:
        text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
        return TextField(allow_blank=True, trim_whitespace=False).run_validation(text)


class Base64Field(TextField):
    """A body that is not text."""

    pattern = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_BODY * 4 // 3 + 4, **options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            base64.b64decode(text, validate=True)
        except ValueError:
            raise serializers.ValidationError("Is not base64.") from None
        return text


class StatusField(serializers.ListField):
    """Status codes that a response may have. The generators count by class, so all are of one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=StrictIntegerField(min_value=200, max_value=599), max_length=MAX_STATUSES, **options)

    def to_internal_value(self, data: Any) -> list[int]:
        codes = super().to_internal_value(data)
        if len({code // 100 for code in codes}) > 1:
            raise serializers.ValidationError("Codes of one class only: load generators count 2xx, 3xx, 4xx and 5xx.")
        return list(codes)


class UrlField(TextField):
    """An http or https URL without user, password and fragment."""

    pattern = f"^[Hh][Tt][Tt][Pp][Ss]?://({address.HOST})(:({address.PORT}))?([/?][{address.PATH_CHARACTERS}]*)?$"

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            address.parse_url(text)
        except InvalidTargetAddress as error:
            raise serializers.ValidationError(error.reason) from error
        return text


class ConnectField(TextField):
    """`host` or `host:port`."""

    pattern = f"^({address.HOST})(:({address.PORT}))?$"

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text:
            try:
                address.parse_host_port(text, 80)
            except InvalidTargetAddress as error:
                raise serializers.ValidationError(error.reason) from error
        return text

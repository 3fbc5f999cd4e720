"""Serializers that validate the requests of `/api/access`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from pm2site.access.api.responses import ROLES
from pm2site.access.users import MAX_USERNAME, username_problems
from system.lib.fields import StrictIntegerField, TextField

MAX_DAYS = 3650


class TokenNameField(TextField):
    """A name as `manage.py token` accepts it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_USERNAME, trim_whitespace=False, **options)

    @property
    def pattern(self) -> str:
        return r"^[\w.@+-]+$"

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        problems = username_problems(name)
        if problems:
            raise serializers.ValidationError(problems)
        return name


class NewTokenSerializer(serializers.Serializer[Any]):
    name = TokenNameField(help_text="Who uses it, e.g. ci: letters, digits and @ . + - _")
    role = serializers.ChoiceField(ROLES, default="read")
    days = StrictIntegerField(
        min_value=1, max_value=MAX_DAYS, required=False, help_text="Until it expires; without it never"
    )

    @property
    def lifetime(self) -> timedelta | None:
        days = self.validated_data.get("days")
        return timedelta(days=days) if days else None

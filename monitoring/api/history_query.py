"""Parameters of `GET /api/history`: a metric, a subject, and a range of time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from monitoring.series.catalogue import CATALOGUE, SubjectKind
from system.lib.fields import NAME_LENGTH, QueryIntegerField, QuerySerializer, TextField, TimeField

MAX_POINTS, DEFAULT_POINTS = 2000, 300
MAX_SPAN = timedelta(days=3660)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_BACK = re.compile(r"-([0-9]{1,8})([smhdw])")
NO_TIME = "Must be an ISO 8601 time, or a duration back from now such as -1h, in s, m, h, d or w."


@extend_schema_field(
    {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "string", "pattern": f"^{_BACK.pattern}$"}]}
)
class MomentField(TimeField):
    """An ISO 8601 time, or a duration back from now: `-15m`, `-14d`."""

    def to_internal_value(self, data: Any) -> datetime:
        back = _BACK.fullmatch(str(data))
        if back is None:
            try:
                return super().to_internal_value(data)
            except serializers.ValidationError as error:
                raise serializers.ValidationError(NO_TIME) from error
        seconds = int(back[1]) * SECONDS[back[2]]
        if seconds > MAX_SPAN.total_seconds():
            raise serializers.ValidationError(f"Must not be longer ago than {MAX_SPAN.days} days.")
        return datetime.now(UTC) - timedelta(seconds=seconds)


class HistoryQuery(QuerySerializer):
    metric = serializers.ChoiceField(
        list(CATALOGUE), error_messages={"invalid_choice": f"Must be one of {', '.join(CATALOGUE)}."}
    )
    subject = TextField(
        required=False, max_length=NAME_LENGTH + 320, trim_whitespace=False,
        help_text="a name under PM2, NAME:ID, or the port of a Redis node; none for host and self",
    )  # fmt: skip
    points = QueryIntegerField(min_value=1, max_value=MAX_POINTS, default=DEFAULT_POINTS)

    def get_fields(self) -> dict[str, Any]:
        # `from` is no name for an attribute.
        help_text = "ISO 8601, or a duration back from now, such as -14d"
        fields = {
            "from": MomentField(required=False, help_text=f"{help_text}; default: an hour before `to`"),
            "to": MomentField(required=False, help_text=f"{help_text}; default: now"),
        }
        return {**super().get_fields(), **fields}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        metric = CATALOGUE[attrs["metric"]]
        has_subject = "subject" in attrs
        if metric.subject is SubjectKind.NONE and has_subject:
            raise serializers.ValidationError({"subject": f"{metric.name} has no subjects."})
        if metric.subject is not SubjectKind.NONE and not has_subject:
            wording = {
                SubjectKind.APP: "a name under PM2",
                SubjectKind.INSTANCE: "NAME:ID",
                SubjectKind.NODE: "a port",
            }
            raise serializers.ValidationError({"subject": f"{metric.name} needs a subject: {wording[metric.subject]}."})
        to = attrs.get("to") or datetime.now(UTC)
        begin = attrs.get("from") or to - timedelta(hours=1)
        if begin >= to:
            raise serializers.ValidationError({"from": "Must be before `to`."})
        if to - begin > MAX_SPAN:
            raise serializers.ValidationError({"from": f"Must not be more than {MAX_SPAN.days} days before `to`."})
        return {**attrs, "from": begin, "to": to}

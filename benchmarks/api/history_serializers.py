"""Serializers of queries of the history. Submitted results: `history.submission`, which the import shares."""

from __future__ import annotations

from rest_framework import serializers

from benchmarks.history.completed import SEARCHED_RUNS
from benchmarks.models import Validity
from system.lib.fields import QueryIntegerField, QuerySerializer, TextField

LATEST_COUNT = 10


class LatestQuery(QuerySerializer):
    count = QueryIntegerField(min_value=1, max_value=1000, default=LATEST_COUNT)


class FilterQuery(QuerySerializer):
    framework = TextField(required=False, max_length=100)
    endpoint = TextField(required=False, max_length=500)
    method = TextField(required=False, max_length=16)
    since = serializers.DateTimeField(required=False, help_text="ISO 8601")
    until = serializers.DateTimeField(required=False, help_text="ISO 8601, exclusive")
    validity = serializers.ChoiceField(Validity.choices, required=False)
    search = TextField(
        required=False, max_length=200,
        help_text=f"Words in framework, method, endpoint or label, in any case; of the newest {SEARCHED_RUNS:,}",
    )  # fmt: skip


class CursorField(TextField):
    """The position after a page."""

    format = "cursor"  # for OpenAPI


class AllQuery(FilterQuery):
    limit = QueryIntegerField(
        min_value=1, max_value=1000, required=False, help_text="Page size; without limit and cursor, all are streamed"
    )
    cursor = CursorField(required=False, allow_blank=True, max_length=200, help_text="`next` of the previous page")


class ExportQuery(FilterQuery):
    format = serializers.ChoiceField(["json", "csv", "md", "benchstat"], default="json")


class RankingQuery(QuerySerializer):
    endpoint = TextField(max_length=500, default="/simple")
    method = TextField(max_length=16, default="GET")


class ChangePointsQuery(RankingQuery):
    framework = TextField(max_length=100)

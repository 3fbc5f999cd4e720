"""Fields of requests for budgets: what is expected of a run, and the judgement of one that was measured elsewhere."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from benchmarks.budgets.expectation import MAX_EXPECTATIONS, parse_expectation
from benchmarks.budgets.judgement import JUDGEMENTS
from benchmarks.errors import InvalidExpectation
from system.lib.fields import NumberField, TextField

MAX_MESSAGE = 2000


class ExpectationField(TextField):
    """An expectation, in the grammar of budgets."""

    format = "expectation"  # for OpenAPI

    def to_internal_value(self, data: Any) -> str:
        try:
            return parse_expectation(super().to_internal_value(data)).text
        except InvalidExpectation as error:
            raise serializers.ValidationError(error.reason) from error


class ExpectationsField(serializers.ListField):
    """A budget; repetitions are left out."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=ExpectationField(), max_length=MAX_EXPECTATIONS, **options)

    def to_internal_value(self, data: Any) -> list[str]:
        return list(dict.fromkeys(super().to_internal_value(data)))


class BudgetItemSerializer(serializers.Serializer[Any]):
    text = ExpectationField()
    met = serializers.ChoiceField(JUDGEMENTS)
    value = NumberField(min_value=0, allow_null=True, default=None)
    low = NumberField(min_value=0, allow_null=True, default=None)
    high = NumberField(min_value=0, allow_null=True, default=None)
    message = TextField(max_length=MAX_MESSAGE, allow_blank=True, trim_whitespace=False, default="")


class BudgetSerializer(serializers.Serializer[Any]):
    """`met` of the whole follows from the items."""

    met = serializers.ChoiceField(JUDGEMENTS, required=False)
    items = serializers.ListField(child=BudgetItemSerializer(), min_length=1, max_length=MAX_EXPECTATIONS)

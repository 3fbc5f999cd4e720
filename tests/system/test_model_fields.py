"""Text and JSON in the database: written by any door, read from rows that an earlier version wrote."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, models

from benchmarks.models import Run
from system.model_fields import StorableCharField, StorableJSONField, StorableTextField

pytestmark = pytest.mark.django_db


def test_what_no_database_stores_is_replaced_in_every_column() -> None:
    run = Run.objects.create(
        framework="a\0b", endpoint="/", label="\ud83d", message="\ud83d\0", reasons=["\ud83d"], environment={"\0": "😀"}
    )
    Run.objects.filter(pk=run.pk).update(host="h\0", gates=[{"code": "\udc00", "value": float("inf")}])

    stored = Run.objects.get(framework="a\0b")  # searched for as it is stored
    assert (stored.framework, stored.label, stored.message, stored.host) == ("a�b", "�", "��", "h�")
    assert (stored.reasons, stored.environment) == (["�"], {"�": "😀"})
    assert stored.gates == [{"code": "�", "value": "Infinity"}]


@pytest.mark.parametrize(
    ("column", "stored", "read"),
    [
        ("reasons", r'["cut \ud83d", "\ud83d\ude00"]', ["cut �", "😀"]), ("reasons", "null", []), ("reasons", "5", []),
        ("reasons", '"text"', []), ("progress", "[]", {}), ("progress", '{"a": 1}', {"a": 1}), ("original", "5", 5),
        ("original", r'"\u0000"', "�"), ("original", "null", None),
    ],
)  # fmt: skip
def test_what_an_earlier_version_stored_is_read(column: str, stored: str, read: Any) -> None:
    run = Run.objects.create(framework="x", endpoint="/")
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE benchmarks_run SET {column} = %s", [stored])  # noqa: S608 - a column of ours

    assert getattr(Run.objects.get(), column) == read
    assert Run.objects.values_list(column, flat=True).get(pk=run.pk) == read


def test_a_part_of_a_column_is_read_unchanged() -> None:
    Run.objects.create(framework="x", endpoint="/", progress={"trial": 3}, environment={"key": "a"})

    assert Run.objects.values_list("progress__trial", "environment__key").get() == (3, "a")


@pytest.mark.parametrize(
    ("field", "own"),
    [
        (StorableCharField(max_length=5), models.CharField), (StorableTextField(), models.TextField),
        (StorableJSONField(default=list), models.JSONField),
    ],
)  # fmt: skip
def test_migrations_see_the_field_of_django(field: Any, own: type) -> None:
    assert field.deconstruct()[1] == f"django.db.models.{own.__name__}"

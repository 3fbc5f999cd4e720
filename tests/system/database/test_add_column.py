"""A column that is added to a table with rows."""

from __future__ import annotations

import pytest
from django.db import connection, models
from django.db.migrations.state import ModelState, ProjectState
from django.test.utils import CaptureQueriesContext

from system.database.add_column import AddColumn

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite copies the table")
FIELDS: dict[str, models.Field] = {  # type: ignore[type-arg]
    "text": models.CharField(max_length=8, default="it's"),
    "flag": models.BooleanField(default=True),
    "codes": models.JSONField(default=list),
    "blank": models.TextField(blank=True),
    "optional": models.JSONField(null=True),
}


@pytest.mark.django_db(transaction=True)
def test_columns_are_added_with_their_defaults_and_without_a_copy_of_the_table() -> None:
    state = ProjectState()
    state.add_model(ModelState("system", "Thing", [("id", models.AutoField(primary_key=True))]))
    table = state.apps.get_model("system", "Thing")
    with connection.schema_editor() as editor:
        editor.create_model(table)
    table.objects.create()

    try:
        with connection.schema_editor() as editor, CaptureQueriesContext(connection) as executed:
            for name, field in FIELDS.items():
                before, state = state, state.clone()
                operation = AddColumn("thing", name, field)
                operation.state_forwards("system", state)
                operation.database_forwards("system", editor, before, state)
        row = state.apps.get_model("system", "Thing").objects.get()
        values = [getattr(row, name) for name in FIELDS]
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(table)

    assert values == ["it's", True, [], "", None]
    assert [query["sql"] for query in executed if "CREATE TABLE" in query["sql"]] == []

"""Adds a column to a large table without copying the table. [io: database]"""

from __future__ import annotations

from typing import Any

from django.db.migrations import AddField


class AddColumn(AddField):
    """Like AddField. On SQLite, Django copies the whole table for a column that may not be NULL, once for each: minutes
    for a million rows. A constant default makes that unnecessary (SQLite's ALTER TABLE ADD COLUMN)."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        connection = schema_editor.connection
        field = model._meta.get_field(self.name)
        default = schema_editor.effective_default(field)
        if connection.vendor != "sqlite" or default is None or not self.allow_migrate_model(connection.alias, model):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        table, column = schema_editor.quote_name(model._meta.db_table), schema_editor.quote_name(field.column)
        value = schema_editor.quote_value(int(default) if isinstance(default, bool) else default)
        schema_editor.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} {field.db_type(connection)} DEFAULT {value} NOT NULL"
        )

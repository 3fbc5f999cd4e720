"""Model fields for text from outside: every database accepts what they store, and UTF-8 can encode it.

A serializer refuses NUL and lone surrogates with a message (`system/lib/fields.py`). These fields replace them in all
that is stored without one. In migrations they are Django's own fields, since the columns are the same.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.expressions import BaseExpression
from django.db.models.fields.json import KeyTransform

from system.lib.storable_json import may_be_unstorable, storable_json, storable_text


class _StorableField(models.Field):  # type: ignore[type-arg]
    """NUL and lone surrogates become U+FFFD, in stored values and in those that are searched for."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return storable_text(prepared) if isinstance(prepared, str) else prepared

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _, args, kwargs = super().deconstruct()
        return name, f"django.db.models.{self.get_internal_type()}", args, kwargs


class StorableCharField(_StorableField, models.CharField):  # type: ignore[type-arg]
    pass


class StorableTextField(_StorableField, models.TextField):  # type: ignore[type-arg]
    pass


class StorableJSONField(_StorableField, models.JSONField):
    """Applies `storable_json` to what is written, and to what is read: earlier versions stored lone surrogates.

    A value of another type than the field's default, list or dict, is read as the default, and so is JSON that Python
    cannot read. Of a list, elements that are no `items` are left out. In migrations there are no `items`.
    """

    def __init__(self, *args: Any, items: type = object, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items = items

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if not isinstance(value, BaseExpression):
            value = storable_json(value)
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        try:
            loaded = super().from_db_value(value, expression, connection)
        except (RecursionError, ValueError):  # nested deeper than the parser's limit; a number of 5000 digits
            loaded = None
        if isinstance(value, str) and may_be_unstorable(value):
            loaded = storable_json(loaded)
        is_part = isinstance(expression, KeyTransform)
        if self.default in (list, dict) and not is_part and not isinstance(loaded, self.default):
            return self.default()
        if isinstance(loaded, list) and not is_part and not all(isinstance(item, self.items) for item in loaded):
            return [item for item in loaded if isinstance(item, self.items)]
        return loaded

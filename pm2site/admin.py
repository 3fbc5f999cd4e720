"""The audit trail in Django's admin, read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import FieldError
from django.db.models import Field, Lookup
from django.http import HttpRequest

from pm2site.models import Activity

admin.site.site_header = "pm2site"
admin.site.site_title = "pm2site"
admin.site.index_title = "History, tokens and users"


@admin.register(Activity)
class ActivityAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("at", "actor", "address", "action", "target", "outcome", "message")
    list_filter = ("outcome", "action", "at")
    search_fields = ("actor", "target", "message", "action")
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class _RefusedPattern(Lookup):
    """The admin accepts any lookup in a URL, and SQLite runs `__regex` by Python's `re`, which backtracks without a
    limit while it holds the interpreter's lock."""

    def __init__(self, lhs: Any, rhs: Any) -> None:
        raise FieldError("Regular expressions are not supported.")


for _name in ("regex", "iregex"):
    Field.register_lookup(_RefusedPattern, _name)

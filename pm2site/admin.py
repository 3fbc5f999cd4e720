"""The audit trail and tokens in Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import FieldError
from django.db.models import Field, Lookup
from django.http import HttpRequest

from pm2site.access import tokens
from pm2site.models import AccessToken, Activity, Role
from system.admin_lists import DatedChangeList


@admin.register(Activity)
class ActivityAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("at", "actor", "address", "action", "target", "outcome", "message")
    list_filter = ("outcome", "action", "at")
    search_fields = ("actor", "target", "message", "action")
    date_hierarchy = "at"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DatedChangeList]:
        return DatedChangeList

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


@admin.register(AccessToken)
class AccessTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A new token is shown once, in a message. Deleting a token revokes it."""

    list_display = ("name", "prefix", "role", "created", "last_used", "expires_at")
    list_filter = ("role",)
    search_fields = ("name", "prefix")
    fields = ("name", "role", "expires_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: AccessToken, form: Any, change: bool) -> None:
        secret = tokens.create(obj.name, may_act=obj.role == Role.ACT, expires_at=obj.expires_at)
        obj.pk = AccessToken.objects.get(digest=tokens.digest(secret)).pk
        self.message_user(request, f"The token of {obj.name} is {secret}. It is not shown again.")

"""The audit trail and tokens in Django's admin, and what the admin answers to parameters that it cannot follow."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup, DisallowedModelAdminToField
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import FieldError, SuspiciousOperation
from django.db import DataError, ProgrammingError
from django.db.models import Field, Lookup
from django.http import HttpRequest, HttpResponseRedirect

from pm2site.access import tokens
from pm2site.http import error_responses
from pm2site.models import AccessToken, Activity, Role
from system.admin_lists import DatedChangeList

admin.site.site_header = "pm2site"
admin.site.site_title = "pm2site"
admin.site.index_title = "History, tokens and users"

View = Callable[..., Any]
log = structlog.get_logger("pm2site.admin")
# What the admin and the database raise for parameters of a list, such as `?id__range=5`. Django itself redirects only
# for those that fail where it makes the query of them.
UNUSABLE = (
    SuspiciousOperation, FieldError, ValueError, TypeError, LookupError, OverflowError, DataError, ProgrammingError,
)  # fmt: skip


def _answers_to_anything(view: View) -> View:
    """A view of the admin: a list with parameters that it cannot follow is shown without them, as Django does with most
    of them; any other page is refused."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return view(request, *args, **kwargs)
        except UNUSABLE as error:
            has_parameters = request.method == "GET" and not request.GET.keys() <= {ERROR_FLAG}
            if has_parameters and getattr(view, "__name__", "") == "changelist_view":
                log.info("a list of the admin ignores its parameters", path=request.path, error=str(error))
                return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
            if isinstance(error, (DisallowedModelAdminLookup, DisallowedModelAdminToField)):
                return error_responses.error_response(request, 400, "bad_request", str(error))
            raise

    return answer


_site: Any = admin.site  # of every model, also of Django's own
_protect = _site.admin_view
_site.admin_view = lambda view, cacheable=False: _protect(_answers_to_anything(view), cacheable)


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

"""Django's admin with our answers to parameters that it cannot follow, and the log-in's limit on its passwords."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

import structlog
from django.contrib.admin import AdminSite
from django.contrib.admin.exceptions import DisallowedModelAdminLookup, DisallowedModelAdminToField
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import FieldError, SuspiciousOperation
from django.db import DataError, ProgrammingError
from django.http import HttpRequest, HttpResponseRedirect

from pm2site.access.throttle import attempts
from pm2site.http import error_responses

View = Callable[..., Any]
log = structlog.get_logger("pm2site.admin")
# What the admin and the database raise for parameters of a list, such as `?id__range=5`. Django itself redirects only
# for those that fail where it makes the query of them.
UNUSABLE = (SuspiciousOperation, FieldError, DataError, ProgrammingError)
UNUSABLE_OR_DEFECT = (ValueError, TypeError, LookupError, OverflowError)  # logged with their traceback


def _answers_to_anything(view: View) -> View:
    """A view of the admin: a list with parameters that it cannot follow is shown without them, as Django does with most
    of them; any other page is refused."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return view(request, *args, **kwargs)
        except (*UNUSABLE, *UNUSABLE_OR_DEFECT) as error:
            has_parameters = request.method == "GET" and not request.GET.keys() <= {ERROR_FLAG}
            if has_parameters and getattr(view, "__name__", "") == "changelist_view":
                trace = isinstance(error, UNUSABLE_OR_DEFECT)
                log.info(
                    "a list of the admin ignores its parameters", path=request.path, error=str(error), exc_info=trace
                )
                return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
            if isinstance(error, (DisallowedModelAdminLookup, DisallowedModelAdminToField)):
                return error_responses.error_response(request, 400, "bad_request", str(error))
            raise

    return answer


class Site(AdminSite):
    """The site of every model, also of Django's own."""

    site_header = site_title = "pm2site"
    index_title = "History, tokens and users"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return super().admin_view(_answers_to_anything(view), cacheable)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Under the limit of the log-in, since it verifies the old password. Raises TooManyAttempts."""
        if request.method != "POST":
            return super().password_change(request, extra_context)
        address = str(request.META.get("REMOTE_ADDR") or "")
        attempts.count(address)
        response = super().password_change(request, extra_context)
        if response.status_code == HTTPStatus.FOUND:
            attempts.withdraw(address)
        return response

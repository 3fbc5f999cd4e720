"""Denies every request by default, unless its credential allows it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from pm2site.access import auth
from pm2site.errors import CredentialMissing, InvalidCredential, TooManyAttempts
from pm2site.http import error_responses
from pm2site.http.middleware import GetResponse

LOGIN_PATHS = ("/login", "/logout", "/admin/login/")
EXEMPT_PATHS = ("/admin/", *LOGIN_PATHS)  # Django's admin checks each action itself


class ReadOnly(PermissionDenied):
    """The credential may only read."""

    def __init__(self, actor: str) -> None:
        super().__init__(f"{actor} has read-only access.")


class AccessMiddleware:
    """Sets `request.credential` and refuses unauthorized requests before any view is resolved."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        address = str(request.META.get("REMOTE_ADDR") or "")
        headers = {name.lower(): value for name, value in request.headers.items()}
        request.is_loopback = auth.is_local(address, headers)  # type: ignore[attr-defined]
        request.credential = None  # type: ignore[attr-defined]
        path = request.path_info
        if path == "/health" and request.method in ("GET", "HEAD"):
            return self.get_response(request)
        try:
            request.credential = auth.identify_request(request)  # type: ignore[attr-defined]
        except (InvalidCredential, TooManyAttempts) as error:
            return error_responses.response_for(request, error)
        if path not in LOGIN_PATHS:
            refusal = self._refusal(request, path)
            if refusal is not None:
                return refusal
        return self.get_response(request)

    def _refusal(self, request: HttpRequest, path: str) -> HttpResponseBase | None:
        credential = request.credential  # type: ignore[attr-defined]
        if credential is None:
            if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
                return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': request.path})}")
            return error_responses.response_for(request, CredentialMissing())
        if request.method not in SAFE_METHODS and not credential.may_act and not path.startswith(EXEMPT_PATHS):
            return error_responses.response_for(request, ReadOnly(credential.actor))
        return None


class MayAct(BasePermission):
    """The same rule in REST framework, in case a view is ever reached without the middleware."""

    def has_permission(self, request: Request, view: object) -> bool:
        if request._request.path_info == "/health":
            return True
        credential = getattr(request._request, "credential", None)
        return credential is not None and (request.method in SAFE_METHODS or credential.may_act)

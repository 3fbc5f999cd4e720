"""Denies every request by default, unless its credential allows it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from pm2site.access.auth import Credential
from pm2site.errors import CredentialMissing

LOGIN_PATHS = ("/login", "/logout", "/admin/login")
OPEN_PREFIXES = ("/static/",)
EXEMPT_PATHS = ("/admin/", *LOGIN_PATHS)  # Django's admin checks each action itself


class ReadOnly(PermissionDenied):
    """The credential may only read."""

    def __init__(self, actor: str) -> None:
        super().__init__(f"{actor} has read-only access.")


def is_open(method: str, path: str) -> bool:
    """Whether a request needs no credential: liveness, login pages and static files. `path`: without trailing slash."""
    if method in ("GET", "HEAD") and (path == "/health" or path.startswith(OPEN_PREFIXES)):
        return True
    return path in LOGIN_PATHS


def check_access(credential: Credential | None, method: str, path: str) -> None:
    """Raises CredentialMissing, or ReadOnly for an unsafe request of a credential that may only read."""
    if is_open(method, path):
        return
    if credential is None:
        raise CredentialMissing
    if method not in SAFE_METHODS and not credential.may_act and not path.startswith(EXEMPT_PATHS):
        raise ReadOnly(credential.actor)


class MayManageTokens(BasePermission):
    """Who may list, create and revoke tokens: a credential that may act, and that says whose it is."""

    def has_permission(self, request: Request, view: Any) -> bool:
        credential = getattr(request._request, "credential", None)
        if credential is None:
            raise CredentialMissing
        if not credential.may_act:
            raise PermissionDenied(f"{credential.actor} has read-only access. Tokens are for those who may act.")
        if credential.kind == "open":  # a token would be valid longer than the setting
            raise PermissionDenied(
                "With API_OPEN anyone may act, so tokens need more: log in, or run manage.py token on the server."
            )
        return True


class MayAct(BasePermission):
    """The same rule in REST framework, in case a view is ever reached without it."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request._request.path_info == "/health":
            return True
        credential = getattr(request._request, "credential", None)
        return credential is not None and (request.method in SAFE_METHODS or credential.may_act)

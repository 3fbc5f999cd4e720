"""CSRF protection of forms and sessions, with our own rule for Origin instead of Django's."""

from __future__ import annotations

from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware
from rest_framework.authentication import CSRFCheck

from pm2site.access.origins import is_allowed_origin


class _OwnOriginRule:
    """Django compares the scheme too, which it cannot know behind a proxy that ends TLS and is not trusted."""

    def _origin_verified(self, request: HttpRequest) -> bool:
        return is_allowed_origin(request.META["HTTP_ORIGIN"], request.get_host())


class CsrfMiddleware(_OwnOriginRule, CsrfViewMiddleware):
    pass


class SessionCsrfCheck(_OwnOriginRule, CSRFCheck):
    """For REST framework, whose views are exempt from the middleware: only sessions need a token."""

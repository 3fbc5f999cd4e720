"""First middlewares of Django: what the ASGI layer decided about the request, headers of responses, migration check."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from pm2site.access.request_head import head_of_request
from pm2site.errors import CredentialMissing
from pm2site.http import error_responses
from pm2site.http.visit import SCOPE_KEY, Visit, new_visit
from system.lib import installation

GetResponse = Callable[[HttpRequest], HttpResponseBase]
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
# Of Django's admin and of the API's documents, whose pages have styles in their markup and images in their styles.
OF_OTHERS = ("/admin/", "/api/")
POLICY_OF_OTHERS = CONTENT_SECURITY_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "img-src 'self'", "img-src 'self' data:; font-src 'self'"
)


class VisitMiddleware:
    """Sets `request.visit`, serves `/path/` as `/path`, forbids caching, and restricts what pages may load."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        decided: Visit | None = getattr(request, "scope", {}).get(SCOPE_KEY)
        visit = decided or new_visit(head_of_request(request))
        request.visit = visit  # type: ignore[attr-defined]
        request.path_info = visit.path
        with structlog.contextvars.bound_contextvars(request_id=visit.request_id):
            response = self.get_response(request)
        response.headers["X-Request-ID"] = visit.request_id
        if visit.head.scheme == "https":
            for cookie in response.cookies.values():
                cookie["secure"] = True
        if not request.path_info.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        if response.headers.get("Content-Type", "").startswith("text/html"):
            is_own = not f"{request.path_info}/".startswith(OF_OTHERS)
            policy = CONTENT_SECURITY_POLICY if is_own else POLICY_OF_OTHERS
            response.headers.setdefault("Content-Security-Policy", policy)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Handles errors outside REST framework's views."""
        return error_responses.response_for(request, error)


class AccessMiddleware:
    """Sets `request.credential`, and `request.user` to nobody unless a session is the request's identity.

    The ASGI layer has identified the client and checked its access. Where Django is reached in another way, such as by
    its test client, the same is done here.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        visit: Visit = request.visit  # type: ignore[attr-defined]
        if SCOPE_KEY not in getattr(request, "scope", {}):
            try:
                visit = visit if visit.path == "/health" else visit.identified()
                visit.check_access()
            except CredentialMissing as error:
                if visit.is_page_view:
                    return HttpResponseRedirect(visit.login_url)
                return error_responses.response_for(request, error)
            except Exception as error:  # noqa: BLE001 - becomes a response like every error
                return error_responses.response_for(request, error)
        request.visit, request.credential = visit, visit.credential  # type: ignore[attr-defined]
        if visit.credential is None or visit.credential.kind != "session":
            request.user = AnonymousUser()
        return self.get_response(request)


_is_migrated = False


def is_migrated() -> bool:
    """Whether every migration has been applied to the database; queried until it is true, then cached."""
    global _is_migrated
    if not _is_migrated:
        executor = MigrationExecutor(connection)
        _is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _is_migrated


def remember_migrated() -> None:
    """For a server that has just migrated: what happens to the database or to the code below it is found by the views
    that use the database, and the others go on."""
    global _is_migrated
    _is_migrated = True


class MigrationMiddleware:
    """503 `database_not_migrated` until the database has the tables of this version."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not _is_migrated and request.path_info not in ("/health", "/ready"):
            refusal = self._refusal(request)
            if refusal is not None:
                return refusal
        return self.get_response(request)

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        try:
            if is_migrated():
                return None
        except error_responses.DATABASE_ERRORS:
            return None  # of the views, those that use the database fail by themselves
        return error_responses.error_response(
            request,
            503,
            "database_not_migrated",
            f"The database has unapplied migrations. Run: {installation.MANAGE} migrate, "
            "or start the server with serve.",
        )

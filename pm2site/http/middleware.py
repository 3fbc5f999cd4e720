"""First middlewares of every request: request id, log line, path without trailing slash, migration check."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from pm2site.http import error_responses
from system.lib import installation

log = structlog.get_logger("pm2site.http")

GetResponse = Callable[[HttpRequest], HttpResponseBase]
UNLOGGED_PATHS = ("/static/", "/health")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(header: str) -> str:
    """The client's own `X-Request-ID` if it is safe to echo, else a new one."""
    return header if _REQUEST_ID.fullmatch(header) else uuid.uuid4().hex[:16]


class RequestMiddleware:
    """Sets `request.request_id`, serves `/path/` as `/path`, forbids caching, and logs one line per request."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started_s = time.monotonic()
        request.request_id = request_id(request.headers.get("X-Request-ID", ""))  # type: ignore[attr-defined]
        if len(request.path_info) > 1 and not request.path_info.startswith(("/admin/", "/static/")):
            request.path_info = request.path_info.rstrip("/") or "/"
        structlog.contextvars.bind_contextvars(request_id=request.request_id)  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
        finally:
            structlog.contextvars.unbind_contextvars("request_id")
        response.headers["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        if not request.path_info.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        self._log(request, response, 1000 * (time.monotonic() - started_s))
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Handles errors outside REST framework's views. With DJANGO_DEBUG loopback clients get Django's debug page."""
        if settings.DEBUG and getattr(request, "is_loopback", False):
            return None
        return error_responses.response_for(request, error)

    def _log(self, request: HttpRequest, response: HttpResponseBase, elapsed_ms: float) -> None:
        if request.path_info.startswith(UNLOGGED_PATHS) and response.status_code < 400:
            return
        credential = getattr(request, "credential", None)
        log.info(
            "request",
            method=request.method,
            path=request.path,  # without the query, which could contain a secret
            status=response.status_code,
            ms=round(elapsed_ms, 1),
            actor=getattr(credential, "actor", None),
            address=request.META.get("REMOTE_ADDR"),
            request_id=request.request_id,  # type: ignore[attr-defined]
        )


_is_migrated = False


def is_migrated() -> bool:
    """Whether every migration has been applied to the database; queried until it is true, then cached."""
    global _is_migrated
    if not _is_migrated:
        executor = MigrationExecutor(connection)
        _is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _is_migrated


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
        except error_responses.DATABASE_ERRORS as error:
            return error_responses.response_for(request, error)
        return error_responses.error_response(
            request,
            503,
            "database_not_migrated",
            f"The database has unapplied migrations. Run: {installation.MANAGE} migrate, "
            "or start the server with serve.",
        )

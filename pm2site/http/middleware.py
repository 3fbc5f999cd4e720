"""What every request gets first: an id, a log line, one spelling of its path, a migrated database."""

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

from pm2site.http import problems

log = structlog.get_logger("pm2site.http")

Responder = Callable[[HttpRequest], HttpResponseBase]
QUIET = ("/static/", "/health")
_OWN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(offered: str) -> str:
    """The caller's own `X-Request-ID` where it is safe to repeat, else a new one."""
    return offered if _OWN_ID.fullmatch(offered) else uuid.uuid4().hex[:16]


class RequestMiddleware:
    """Gives `request.request_id`, answers `/path/` as `/path`, keeps answers out of caches, logs one line."""

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        begun = time.monotonic()
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
        self._log(request, response, 1000 * (time.monotonic() - begun))
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """An error of a page outside REST framework; with DJANGO_DEBUG Django's own page shows it to this machine."""
        if settings.DEBUG and getattr(request, "is_loopback", False):
            return None
        return problems.response(request, error)

    def _log(self, request: HttpRequest, response: HttpResponseBase, took_ms: float) -> None:
        if request.path_info.startswith(QUIET) and response.status_code < 400:
            return
        credential = getattr(request, "credential", None)
        log.info(
            "request",
            method=request.method,
            path=request.path,  # never the query: a stray secret there stays out of the logs
            status=response.status_code,
            ms=round(took_ms, 1),
            actor=getattr(credential, "actor", None),
            address=request.META.get("REMOTE_ADDR"),
            request_id=request.request_id,  # type: ignore[attr-defined]
        )


_migrated = False


def is_migrated() -> bool:
    """Whether every migration that the code knows has been applied to the database; asked until it is so."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


class MigrationMiddleware:
    """503 `database_not_migrated` until the database has the tables of this version."""

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not _migrated and request.path_info not in ("/health", "/ready"):
            refusal = self._refusal(request)
            if refusal is not None:
                return refusal
        return self.get_response(request)

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        try:
            if is_migrated():
                return None
        except problems.DATABASE_ERRORS as error:
            return problems.response(request, error)
        return problems.problem(
            request,
            503,
            "database_not_migrated",
            "The database lacks tables of this version. Run: python manage.py migrate, or start with serve.",
        )

"""Turns exceptions into HTTP status, error code and JSON body."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response

from pm2site.errors import error_body
from pm2site.http.visit import Visit
from system.database import contention
from system.database.existing_file import DatabaseGone, DatabaseMissing
from system.lib.errors import ReportedError
from system.lib.fields import error_sentences
from system.lib.files import NO_SPACE_ERRNOS

log = structlog.get_logger("pm2site.http.error_responses")


DATABASE_ERRORS = (DatabaseError, InterfaceError)
TABLE: dict[type[Exception], tuple[int, str]] = {
    exceptions.ParseError: (400, "bad_json"),
    exceptions.ValidationError: (400, "bad_request"),
    exceptions.NotAuthenticated: (401, "not_authenticated"),
    exceptions.AuthenticationFailed: (401, "not_authenticated"),
    exceptions.PermissionDenied: (403, "forbidden"),
    PermissionDenied: (403, "forbidden"),
    exceptions.NotFound: (404, "not_found"),
    Http404: (404, "not_found"),
    exceptions.MethodNotAllowed: (405, "method_not_allowed"),
    exceptions.NotAcceptable: (406, "not_acceptable"),
    exceptions.UnsupportedMediaType: (415, "unsupported_media_type"),
    RequestDataTooBig: (413, "body_too_large"),
    exceptions.Throttled: (429, "too_many_requests"),
    DatabaseGone: (503, "database_gone"),
    DatabaseMissing: (503, "database_not_migrated"),
    RecursionError: (400, "bad_json"),  # JSON nested deeper than the parser's limit
}
_DATABASE_TEXTS = (
    ("no such table", (503, "database_not_migrated")),
    ("database or disk is full", (507, "disk_full")),
    ("disk i/o error", (507, "disk_full")),
    ("database is locked", (503, "database_busy")),
)
RETRY_AFTER_S = {"database_busy": 1}


def status_and_code(error: Exception) -> tuple[int, str]:
    """A ReportedError's own, else the row of the class or its nearest ancestor, else 500 `internal_error`."""
    if isinstance(error, ReportedError):
        return error.status, error.code
    for kind in type(error).__mro__:
        row = TABLE.get(kind)
        if row:
            return row
    if isinstance(error, OSError) and error.errno in NO_SPACE_ERRNOS:
        return 507, "disk_full"
    if isinstance(error, DATABASE_ERRORS):
        text = str(error).lower()
        return next((row for part, row in _DATABASE_TEXTS if part in text), (503, "database_error"))
    return 500, "internal_error"


def error_response(
    request: HttpRequest, status: int, code: str, message: str, fields: Mapping[str, Any] | None = None
) -> JsonResponse:
    """An error response without an exception, for code outside REST framework's views."""
    visit: Visit | None = getattr(request, "visit", None)
    request_id = visit.request_id if visit else ""
    return _compact_response(error_body(status, code, message, request_id, fields), status)


@csrf_exempt  # changes nothing, and an error about a missing CSRF token would hide that the URL is wrong
def not_found(request: HttpRequest) -> JsonResponse:
    """Responds to every URL without a route."""
    return error_response(request, 404, "not_found", f"There is nothing at {request.path}. See /api/docs.")


def _compact_response(body: Mapping[str, Any], status: int, headers: Mapping[str, str] | None = None) -> JsonResponse:
    return JsonResponse(body, status=status, headers=headers, json_dumps_params={"separators": (",", ":")})


def error_message(error: Exception, status: int) -> str:
    """The message for the user: the error's own sentence, unless it would reveal internals."""
    if status == 500:
        return "Internal server error. The server's log has the details under this requestId."
    if isinstance(error, Http404):
        return "There is nothing at this address."
    if isinstance(error, RecursionError):
        return "The JSON is nested too deeply."
    if isinstance(error, RequestDataTooBig):
        return f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024} KiB."
    if status == 507 and isinstance(error, (OSError, *DATABASE_ERRORS)):
        return f"No space left on disk: {_unwritten_path(error)} could not be written. Free some and try again."
    if isinstance(error, DATABASE_ERRORS):
        if isinstance(error, (DatabaseGone, DatabaseMissing)):
            return str(error)
        if status_and_code(error)[1] == "database_busy":
            return contention.explain_lock(Path(str(settings.DATABASES["default"]["NAME"])))
        return f"The database is unavailable: {error}."
    if isinstance(error, exceptions.ValidationError):
        return "The request is not valid: " + " ".join(error_sentences(error.detail))
    if isinstance(error, exceptions.APIException):
        return str(error.detail)
    return str(error) or type(error).__name__


def _unwritten_path(error: Exception) -> str:
    """The file that an error is about; of one that names none, the folder of our files."""
    if isinstance(error, OSError):
        return str(error.filename or settings.DATA_DIR)
    return str(settings.DATABASES["default"]["NAME"])


def error_fields(error: Exception) -> Mapping[str, Any] | None:
    """The messages of a validation error by field, or the `fields` of a domain error."""
    if isinstance(error, exceptions.ValidationError) and isinstance(error.detail, dict):
        return {str(key): error_sentences(item) for key, item in error.detail.items()}
    return getattr(error, "fields", None)


def describe(visit: Visit | None, path: str, error: Exception) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers for `error`; an error without a row is logged with its traceback."""
    status, code = status_and_code(error)
    request_id = visit.request_id if visit else ""
    body = error_body(status, code, error_message(error, status), request_id, error_fields(error))
    if status == 500:
        log.error("unexpected error", path=path, exc_info=error)
        if settings.DETAILED_ERRORS and visit and visit.is_loopback:
            trace = "".join(traceback.format_exception(error))
            body["detail"] = {"type": type(error).__name__, "message": str(error), "trace": trace}
    headers = {}
    wait_s = getattr(error, "retry_after_s", None) or getattr(error, "wait", None) or RETRY_AFTER_S.get(code)
    if wait_s:
        headers["Retry-After"] = str(max(1, round(wait_s)))
    challenge = getattr(error, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    return status, body, headers


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's EXCEPTION_HANDLER."""
    request = context["request"]._request
    status, body, headers = describe(getattr(request, "visit", None), request.path, error)
    return Response(body, status=status, headers=headers)


def response_for(request: HttpRequest, error: Exception) -> JsonResponse:
    """The same response, for code outside REST framework's views."""
    status, body, headers = describe(getattr(request, "visit", None), request.path, error)
    return _compact_response(body, status, headers)


def server_error(request: HttpRequest) -> JsonResponse:
    """Django's `handler500`: the response to an error that no middleware has turned into one."""
    error = sys.exc_info()[1]
    return response_for(request, error if isinstance(error, Exception) else RuntimeError("unknown error"))

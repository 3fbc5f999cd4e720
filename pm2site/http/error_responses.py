"""Maps exceptions to HTTP status, error code and JSON body, in one table."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from benchmarks import errors as benchmark_errors
from pm2 import errors as pm2_errors
from pm2site.errors import CredentialMissing, InvalidCredential, TooManyAttempts
from rediscluster import errors as redis_errors
from system.errors import BinaryMissing, ChildFailed, ChildTimeout

log = structlog.get_logger("pm2site.http.error_responses")

# Domain error → (status, code). The response has the error's own message and `fields`.
# A subclass without its own row inherits its parent's.
TABLE: dict[type[Exception], tuple[int, str]] = {
    benchmark_errors.InvalidScenario: (400, "bad_request"),
    benchmark_errors.InvalidTargetAddress: (400, "bad_request"),
    benchmark_errors.InvalidDetails: (400, "bad_request"),
    benchmark_errors.BadUsage: (400, "bad_request"),
    benchmark_errors.TargetNotAllowed: (400, "target_not_allowed"),
    benchmark_errors.NotDelivered: (502, "not_delivered"),
    benchmark_errors.TargetNotRunning: (409, "target_not_running"),
    benchmark_errors.GeneratorMissing: (503, "generator_missing"),
    benchmark_errors.QueueFull: (429, "queue_full"),
    benchmark_errors.RunNotFound: (404, "run_not_found"),
    benchmark_errors.NoHistogram: (404, "no_histogram"),
    benchmark_errors.RunUnfinished: (409, "run_unfinished"),
    benchmark_errors.UnfitBaseline: (409, "unfit_baseline"),
    benchmark_errors.NoBaseline: (404, "no_baseline"),
    benchmark_errors.RunFinished: (409, "run_finished"),
    benchmark_errors.HistoryUnreadable: (422, "history_unreadable"),
    benchmark_errors.BackupFailed: (503, "backup_failed"),
    benchmark_errors.InvalidCursor: (400, "bad_request"),
    InvalidCredential: (401, "invalid_credential"),
    CredentialMissing: (401, "not_authenticated"),
    TooManyAttempts: (429, "too_many_attempts"),
    BinaryMissing: (503, "binary_missing"),
    ChildFailed: (503, "child_failed"),
    ChildTimeout: (504, "child_timeout"),
    pm2_errors.DaemonNotRunning: (503, "daemon_down"),
    pm2_errors.DaemonHangs: (503, "daemon_hangs"),
    pm2_errors.DaemonNotStarted: (503, "daemon_not_started"),
    pm2_errors.CallTimeout: (504, "pm2_timeout"),
    pm2_errors.CallFailed: (502, "pm2_refused"),
    pm2_errors.ProtocolError: (502, "pm2_unreadable"),
    pm2_errors.InvalidHome: (503, "pm2_home_too_long"),
    pm2_errors.ProcessNotFound: (404, "process_not_found"),
    pm2_errors.UnknownFramework: (404, "unknown_framework"),
    pm2_errors.NotInstalled: (503, "not_installed"),
    pm2_errors.AlreadyRunning: (409, "already_running"),
    pm2_errors.OperationInProgress: (409, "operation_in_progress"),
    pm2_errors.PortTaken: (409, "port_taken"),
    pm2_errors.StartFailed: (502, "start_failed"),
    pm2_errors.RollingRestartFailed: (502, "rolling_restart_failed"),
    pm2_errors.CannotReload: (409, "cannot_reload"),
    pm2_errors.CannotScale: (409, "cannot_scale"),
    pm2_errors.PatternTooSlow: (400, "bad_pattern"),
    pm2_errors.InvalidRegistry: (500, "invalid_registry"),
    redis_errors.InvalidPlan: (400, "invalid_plan"),
    redis_errors.TooFewMasters: (400, "too_few_masters"),
    redis_errors.ClusterAbsent: (409, "cluster_absent"),
    redis_errors.ClusterExists: (409, "cluster_exists"),
    redis_errors.ClusterStopped: (409, "cluster_stopped"),
    redis_errors.OperationInProgress: (409, "operation_in_progress"),
    redis_errors.PortTaken: (409, "port_taken"),
    redis_errors.NotOurs: (409, "not_ours"),
    redis_errors.KeysExist: (409, "keys_exist"),
    redis_errors.UnknownNode: (404, "node_not_found"),
    redis_errors.NodeUnreachable: (503, "node_unreachable"),
    redis_errors.NodeTimeout: (504, "redis_timeout"),
    redis_errors.CommandRefused: (502, "redis_refused"),
    redis_errors.FailoverRefused: (409, "failover_refused"),
    redis_errors.ServerTooOld: (503, "redis_too_old"),
    redis_errors.NodeFailed: (502, "node_failed"),
    redis_errors.NodesConfUnreadable: (422, "nodes_conf_unreadable"),
    redis_errors.DiskFull: (507, "disk_full"),
    redis_errors.SaveFailed: (507, "save_failed"),
    redis_errors.NotReady: (504, "cluster_not_ready"),
    redis_errors.ProbeFailed: (502, "probe_failed"),
    redis_errors.ManifestUnreadable: (422, "manifest_unreadable"),
}

DATABASE_ERRORS = (DatabaseError, InterfaceError)
_DJANGO_TABLE: dict[type[Exception], tuple[int, str]] = {
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
    RecursionError: (400, "bad_json"),  # JSON nested deeper than the parser's limit
}
_DATABASE_TEXTS = (
    ("no such table", (503, "database_not_migrated")),
    ("database or disk is full", (507, "disk_full")),
    ("disk i/o error", (507, "disk_full")),
    ("database is locked", (503, "database_busy")),
)


def status_and_code(error: Exception) -> tuple[int, str]:
    """The row of the error's class or of its nearest ancestor with one; 500 `internal_error` if there is none."""
    for kind in type(error).__mro__:
        row = TABLE.get(kind) or _DJANGO_TABLE.get(kind)
        if row:
            return row
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return 507, "disk_full"
    if isinstance(error, DATABASE_ERRORS):
        text = str(error).lower()
        return next((row for part, row in _DATABASE_TEXTS if part in text), (503, "database_error"))
    return 500, "internal_error"


def error_body(
    status: int, code: str, message: str, request_id: str, fields: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The JSON body of every error response."""
    body = {"error": HTTPStatus(status).phrase, "message": message, "code": code, "requestId": request_id}
    return {**body, "fields": fields} if fields else body


def error_response(
    request: HttpRequest, status: int, code: str, message: str, fields: Mapping[str, Any] | None = None
) -> JsonResponse:
    """An error response without an exception, for code outside REST framework's views."""
    return _compact_response(error_body(status, code, message, getattr(request, "request_id", ""), fields), status)


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
    if isinstance(error, DATABASE_ERRORS):
        return f"The database is unavailable: {error}."
    if isinstance(error, exceptions.ValidationError):
        return "The request is not valid: " + "; ".join(_sentences(error.detail))
    if isinstance(error, exceptions.APIException):
        return str(error.detail)
    return str(error) or type(error).__name__


def _sentences(detail: Any, name: str = "") -> list[str]:
    if isinstance(detail, dict):
        return [line for key, item in detail.items() for line in _sentences(item, str(key))]
    if isinstance(detail, list):
        return [line for item in detail for line in _sentences(item, name)]
    return [f"{name}: {detail}" if name and name != "non_field_errors" else str(detail)]


def error_fields(error: Exception) -> Mapping[str, Any] | None:
    """The messages of a validation error by field, or the `fields` of a domain error."""
    if isinstance(error, exceptions.ValidationError) and isinstance(error.detail, dict):
        return {str(key): _sentences(item) for key, item in error.detail.items()}
    return getattr(error, "fields", None)


def describe(request: HttpRequest, error: Exception) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers for `error`; an error without a row is logged with its traceback."""
    status, code = status_and_code(error)
    body = error_body(
        status, code, error_message(error, status), getattr(request, "request_id", ""), error_fields(error)
    )
    if status == 500:
        log.error("unexpected error", path=request.path, exc_info=error)
        if settings.DETAILED_ERRORS and getattr(request, "is_loopback", False):
            trace = "".join(traceback.format_exception(error))
            body["detail"] = {"type": type(error).__name__, "message": str(error), "trace": trace}
    headers = {}
    wait_s = getattr(error, "retry_after_s", None) or getattr(error, "wait", None)
    if wait_s:
        headers["Retry-After"] = str(max(1, round(wait_s)))
    challenge = getattr(error, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    return status, body, headers


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's EXCEPTION_HANDLER."""
    status, body, headers = describe(context["request"]._request, error)
    return Response(body, status=status, headers=headers)


def response_for(request: HttpRequest, error: Exception) -> JsonResponse:
    """The same response, for code outside REST framework's views."""
    status, body, headers = describe(request, error)
    return _compact_response(body, status, headers)

"""The audit trail: every change requested through the API or the shell, with its actor and outcome.

On the wire and in the database the trail is called "activity": `/api/activity`, the stream `activity`, the table. The
subject of an entry, what the change was about, is called `target` there.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, fields
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pm2site.audit.bounds import anonymous_budget, retention, unrecorded
from pm2site.errors import ServerStopping
from pm2site.http import error_responses
from pm2site.http.middleware import GetResponse
from pm2site.models import Activity, Outcome
from system.database.deferred_writes import deferred_writes
from system.lib import audit_hook
from system.lib.feed import Feed
from system.lib.fields import QueryIntegerField, QuerySerializer, TextField
from system.lib.text import is_encodable
from system.lib.wire import to_wire
from system.lib.wire_serializers import response_schema
from system.stored_times import NO_TIME

log = structlog.get_logger("pm2site.audit.trail")

MAX_ENTRIES = 1000
READ_WAIT_S = 0.5  # so that a client sees the entry of its last request
feed: Feed[dict[str, object]] = Feed("entries", max_items=MAX_ENTRIES, max_bytes=MAX_ENTRIES)

RECORDED_PATHS = ("/api/", "/login", "/logout", "/admin/")
# Endpoint and method → action, where a command of `manage.py` does the same and has named it first.
NAMED_BY_COMMANDS = {("access.tokens", "POST"): "token.create", ("access.tokens", "DELETE"): "token.revoke"}


@dataclass(frozen=True)
class Entry:
    """An entry of the audit trail; the fields are columns of `Activity`."""

    at: datetime
    actor: str
    address: str
    action: str
    target: str
    outcome: Annotated[str, Outcome.choices]
    message: str


@dataclass(frozen=True)
class ActivityAnswer:
    entries: list[Entry]
    timestamp: datetime


FIELDS = tuple(field.name for field in fields(Entry))


def record(*, actor: str, address: str, action: str, subject: str = "", status: int = 200, message: str = "") -> None:
    """Writes an entry. The request neither waits for the database nor fails with it."""
    log.info("activity", actor=actor, action=action, target=subject, status=status)
    _store(actor, address, action, subject, status, message)


def record_command(action: str, subject: str, message: str, error: Exception | None = None) -> None:
    """Writes an entry for a `manage.py` command, failed if there is an `error`. Unlike `record`, it logs nothing."""
    status = error_responses.status_and_code(error)[0] if error else 200
    _store(audit_hook.shell_actor(), "", action, subject, status, message)


def record_own(action: str, subject: str, message: str, error: Exception | None = None) -> None:
    """Writes an entry for what this server did by itself, failed if there is an `error`; logs nothing.

    With an address, since entries without one are those of other processes (`follow`).
    """
    status = error_responses.status_and_code(error)[0] if error else 200
    _store("this server", "127.0.0.1", action, subject, status, message)


def _store(actor: str, address: str, action: str, subject: str, status: int, message: str) -> None:
    outcome = Outcome.OK if status < 400 else Outcome.FAILED if status >= 500 else Outcome.REFUSED
    row = Activity(
        actor=actor[:200], address=address[:64], action=action[:100], target=subject[:200], outcome=outcome,
        status=status, message=message[:500],
    )  # fmt: skip
    feed.append([{field: getattr(row, field) for field in FIELDS}])
    left_out = unrecorded.take()
    if left_out:
        row.message = f"{row.message[:440]} ({left_out} entries before it were not recorded)".strip()
    try:
        is_accepted = deferred_writes.add(partial(_save, row))
    except error_responses.DATABASE_ERRORS as error:  # of a command, which writes at once
        # Without tables no server has run here yet, so there is no trail to write to.
        if error_responses.status_and_code(error)[1] != "database_not_migrated":
            log.warning("entry of the audit trail was not stored", error=str(error), action=action)
    else:
        if not is_accepted:
            unrecorded.add(left_out + 1)


def _save(row: Activity) -> None:
    row.save()
    retention.count_row()


def action_of(request: HttpRequest) -> str:
    """`/api/pm2/start` → `pm2.start`; ids in a path belong to the subject."""
    parts = [part for part in request.path_info.split("/") if part and part != "api"]
    if len(parts) >= 3 and parts[1] == "runs":
        verbs = [*parts[3:4], *([] if request.method == "POST" else [(request.method or "").lower()])]
        return ".".join([parts[0], *verbs])
    endpoint = ".".join(parts[:2])
    return NAMED_BY_COMMANDS.get((endpoint, request.method or ""), endpoint)


def subject_of(request: HttpRequest) -> str:
    """What the view says that it acted upon, else the id in the path."""
    match = request.resolver_match
    ids = [str(value) for value in match.kwargs.values()] if match else []
    return _storable(audit_hook.subject_of(request) or (ids[0] if ids else ""))


def _storable(text: str) -> str:
    """Databases accept neither lone surrogates nor NUL."""
    return (text if is_encodable(text) else ascii(text)).replace("\0", "�")


def message_of(response: HttpResponseBase) -> str:
    """The `message` of a JSON response; empty if it has none."""
    data: Any = getattr(response, "data", None)
    if data is None and response.get("Content-Type", "").startswith("application/json"):
        data = json.loads(getattr(response, "content", b"") or b"{}")
    message = str(data.get("message", "")) if isinstance(data, dict) else ""
    return _storable(message)


class AuditMiddleware:
    """Records every unsafe request that passes access control, after its response."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in SAFE_METHODS or not request.path_info.startswith(RECORDED_PATHS):
            return self.get_response(request)
        try:
            response = self.get_response(request)
        except asyncio.CancelledError:  # the server stops: what was requested may be half done
            response = error_responses.response_for(request, ServerStopping())
        credential = getattr(request, "credential", None)
        skipped = 0 if credential else anonymous_budget.take()
        if skipped is None:
            return response
        message = message_of(response)
        record(
            actor=credential.actor if credential else "nobody",
            address=str(request.META.get("REMOTE_ADDR") or ""),
            action=f"{action_of(request)}.preview" if audit_hook.is_preview(request) else action_of(request),
            subject=subject_of(request),
            status=response.status_code,
            message=f"{message} ({skipped} more were not recorded)".strip() if skipped else message,
        )
        return response


class ActivityQuery(QuerySerializer):
    since = serializers.DateTimeField(required=False, help_text="ISO 8601")
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100)
    action = TextField(required=False, max_length=100, help_text="e.g. `pm2.start`")
    actor = TextField(required=False, max_length=200)


class ActivityView(APIView):
    @extend_schema(parameters=[ActivityQuery], responses=response_schema(ActivityAnswer), tags=["activity"])
    def get(self, request: Request) -> Response:
        """Entries of the audit trail, newest first."""
        query = ActivityQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        return Response(to_wire(read_entries(**query.validated_data)))


def read_entries(limit: int, since: Any = None, action: str = "", actor: str = "") -> ActivityAnswer:
    """The newest `limit` entries that match, newest first, as `GET /api/activity` responds with them."""
    deferred_writes.wait_until_done(READ_WAIT_S)
    rows = Activity.objects.all()
    filters = {"at__gte": since, "action": action, "actor": actor}
    rows = rows.filter(**{name: value for name, value in filters.items() if value})
    return ActivityAnswer([Entry(**stored_entry(row)) for row in rows.values(*FIELDS)[:limit]], timezone.now())


def stored_entry(row: dict[str, Any]) -> dict[str, Any]:
    """The fields of an entry, of a row with these columns, which may hold anything."""
    return {field: row[field] for field in FIELDS} | {"at": row["at"] or NO_TIME}

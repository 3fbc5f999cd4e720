from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.http import Http404
from django.test import Client, RequestFactory, override_settings
from pytest_django import Settings
from rest_framework import exceptions

from pm2site.access.request_head import head_of_request
from pm2site.http import error_responses
from pm2site.http.visit import new_visit


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Http404(), (404, "not_found")),
        (exceptions.MethodNotAllowed("PUT"), (405, "method_not_allowed")),
        (exceptions.ValidationError("no"), (400, "bad_request")),
        (OperationalError("no such table: benchmarks_run"), (503, "database_not_migrated")),
        (OperationalError("database is locked"), (503, "database_busy")),
        (OperationalError("database or disk is full"), (507, "disk_full")),
        (OSError(errno.ENOSPC, "No space left on device"), (507, "disk_full")),
        (OSError(errno.EFBIG, "File too large"), (507, "disk_full")),
        (RecursionError(), (400, "bad_json")),
        (OSError(errno.EPERM, "no"), (500, "internal_error")),
        (KeyError("x"), (500, "internal_error")),
    ],
)
def test_status_and_code(error: Exception, expected: tuple[int, str]) -> None:
    assert error_responses.status_and_code(error) == expected


def error_response(error: Exception, *, is_loopback: bool = False) -> Any:
    request = RequestFactory().get("/api/pm2/stats")
    visit = replace(new_visit(head_of_request(request)), request_id="r1", is_loopback=is_loopback)
    request.visit = visit  # type: ignore[attr-defined]
    return json.loads(error_responses.response_for(request, error).content)


def test_the_body_of_an_error() -> None:
    assert error_response(exceptions.ValidationError({"count": ["Too large."], "since": ["Not a time."]})) == {
        "error": "Bad Request",
        "message": "The request is not valid: count: Too large. since: Not a time.",
        "code": "bad_request",
        "requestId": "r1",
        "fields": {"count": ["Too large."], "since": ["Not a time."]},
    }


@pytest.mark.parametrize(
    ("error", "path"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/data/backups/history.json"), "/data/backups/history.json"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "/data"),
        (OperationalError("database or disk is full"), None),
        (OperationalError("disk I/O error"), None),
    ],
)
def test_a_full_disk_names_the_path(settings: Settings, error: Exception, path: str | None) -> None:
    settings.DATA_DIR = Path("/data")
    path = path or settings.DATABASES["default"]["NAME"]

    assert error_response(error) == {
        "error": "Insufficient Storage",
        "message": f"No space left on disk: {path} could not be written. Free some and try again.",
        "code": "disk_full",
        "requestId": "r1",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/benchmark/run", {"target": "x", "protocol": "\ud800"}, "protocol"),
        ("/api/pm2/signal", {"name": "x", "signal": "\ud800"}, "signal"),
        ("/api/redis/setup", {"nodeCount": 6, "persistence": "\ud800"}, "persistence"),
    ],
)
def test_a_lone_surrogate_is_refused_in_a_sentence_that_can_be_sent(
    path: str, body: dict[str, Any], field: str, client: Client
) -> None:
    response = client.post(path, json.dumps(body), content_type="application/json", headers={"Host": "localhost"})

    assert (response.status_code, response.json()["fields"]) == (400, {field: ['"\\ud800" is not a valid choice.']})


def test_an_unexpected_error_reveals_no_internals() -> None:
    assert error_response(KeyError("secret"), is_loopback=True) == {
        "error": "Internal Server Error",
        "message": "Internal server error. The server's log has the details under this requestId.",
        "code": "internal_error",
        "requestId": "r1",
    }


@override_settings(DETAILED_ERRORS=True)
@pytest.mark.parametrize(("is_loopback", "expected"), [(True, "KeyError"), (False, None)])
def test_only_loopback_clients_get_error_details(is_loopback: bool, expected: str | None) -> None:
    assert error_response(KeyError("x"), is_loopback=is_loopback).get("detail", {}).get("type") == expected

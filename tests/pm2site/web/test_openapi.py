"""The OpenAPI document says what the server accepts, and the server accepts nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client, override_settings
from drf_spectacular.generators import SchemaGenerator

from system.lib.text import UNPRINTABLE, is_printable


def describe() -> dict[str, Any]:
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return document


def test_every_operation_names_its_errors() -> None:
    document = describe()
    answers = [operation["responses"] for path in document["paths"].values() for operation in path.values()]

    assert [answer for answer in answers if not {"4XX", "5XX"} <= answer.keys()] == []
    assert sorted(document["paths"]["/api/benchmark/export"]["get"]["responses"]["200"]["content"]) == [
        "application/json", "text/csv", "text/markdown", "text/plain",
    ]  # fmt: skip


def test_a_body_with_one_of_several_selectors_is_required() -> None:
    document = describe()
    body = document["paths"]["/api/pm2/stop"]["post"]["requestBody"]

    assert body["required"] is True
    assert document["components"]["schemas"]["TargetRequest"]["oneOf"] == [
        {"required": [name]} for name in ("framework", "name", "pmId", "namespace", "process")
    ]


def test_only_a_submitted_result_takes_null() -> None:
    schemas = describe()["components"]["schemas"]
    bodies = {name: json.dumps(schema) for name, schema in schemas.items() if name.endswith("Request")}
    with_null = {name for name, text in bodies.items() if '"null"' in text or "nullable" in text}

    assert len(bodies) > 10
    assert with_null == {
        "AddRequest", "BudgetItemRequest", "BudgetRequest", "GateRequest", "HistogramsRequest", "OwnTargetRequest",
        "ReplacedTargetRequest", "SweepRequest", "SweepStepRequest", "TrialRequest",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "parameter", "pattern"),
    [
        ("/api/benchmark/by-framework/{framework}", "framework", r"^[^\u0000-\u001f\u007f-\u009f]+$"),
        ("/api/benchmark/runs/{run_id}", "run_id", r"^[^/\u0000-\u001f\u007f-\u009f]+$"),
        ("/api/pm2/processes/{pm_id}", "pm_id", "^[0-9]{1,9}$"),
        ("/api/redis/nodes/{port}/info", "port", "^[0-9]{1,5}$"),
    ],
)
def test_a_path_has_no_control_characters(path: str, parameter: str, pattern: str) -> None:
    [described] = [one for one in describe()["paths"][path]["get"]["parameters"] if one["name"] == parameter]

    assert described["schema"] == {"type": "string", "pattern": pattern}


def test_the_pattern_of_a_name_excludes_what_is_refused() -> None:
    excluded = re.compile(f"[{UNPRINTABLE}]")
    both = [chr(code) for code in range(0xD800) if excluded.match(chr(code)) and is_printable(chr(code))]

    assert both == []
    assert all(excluded.match(character) for character in "\0\x1b\x7f\x9b\u200b\u2028\u202e\u2066\ufeff")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "body", "refusal"),
    [
        ("get", "/api/activity?since=", None, "since"),
        ("get", "/api/pm2/exits?since=", None, "since"),
        ("get", "/api/pm2/stats?process=", None, "process"),
        ("get", "/api/pm2/logs?stream=", None, "stream"),
        ("get", "/api/pm2/logs?regex=1", None, "regex"),
        ("get", "/api/pm2/logs?lines=%D9%A3", None, "lines"),
        ("get", "/api/pm2/logs?lines=1_0", None, "lines"),
        ("get", "/api/benchmark/latest?count=1.0", None, "count"),
        ("get", "/api/benchmark/rankings?endpoint=", None, "endpoint"),
        ("post", "/api/pm2/logs", {"regex": "true"}, "regex"),
        ("post", "/api/redis/clean", {"confirm": 0}, "confirm"),
        ("post", "/api/redis/stop", {"discard": "yes"}, "discard"),
        ("post", "/api/redis/setup", {"nodeCount": 3, "allowNoFailover": 1}, "allowNoFailover"),
        ("post", "/api/pm2/stop", {"name": "api\n"}, "name"),
    ],
)
def test_a_value_of_another_type_is_refused(method: str, path: str, body: object, refusal: str) -> None:
    with override_settings(API_OPEN=True):
        response = Client(headers={"host": "127.0.0.1"}).generic(
            method.upper(), path, "" if body is None else json.dumps(body), "application/json"
        )

    assert (response.status_code, list(response.json()["fields"])) == (400, [refusal])


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/pm2/processes/%D9%A3", "/api/redis/nodes/%D9%A3/info"])
def test_a_number_in_a_path_has_ascii_digits(path: str) -> None:
    with override_settings(API_OPEN=True):
        response = Client(headers={"host": "127.0.0.1"}).get(path)

    assert (response.status_code, response.json()["code"]) == (404, "not_found")

"""Every installed framework gives the same responses, with a single Redis and with a cluster."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from operator import methodcaller
from typing import Any

import pytest

from pm2.frameworks.registry import registry
from tests.fixtures.redis import Nodes
from tests.pm2.frameworks.targets import NAMES, Target, target

pytestmark = pytest.mark.real

CODE = re.compile(r"[A-Za-z0-9_-]{500}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
BAD_JSON = {"error": "the body has to be JSON of at most 256 KiB"}
LIMIT = 256 * 1024
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module", params=["redis_standalone", "redis_cluster"])
def nodes(request: pytest.FixtureRequest) -> Nodes:
    redis_nodes: Nodes = request.getfixturevalue(request.param)
    return redis_nodes


@pytest.fixture(scope="module", params=NAMES)
def running(request: pytest.FixtureRequest, nodes: Nodes) -> Iterator[Target]:
    with target(registry().framework(request.param), nodes.addresses) as server:
        yield server


@pytest.fixture(autouse=True)
def empty(nodes: Nodes) -> None:
    nodes.flush()


def as_text(entry: dict[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in entry.items()}


def test_simple_is_the_same_bytes(running: Target) -> None:
    answer = running.ask("GET", "/simple")
    headers = {key: answer.headers.get(key) for key in ("content-type", "content-length", "etag")}
    assert (answer.status, answer.body, headers) == (
        200,
        b'{"message":"hi"}',
        {"content-type": "application/json; charset=utf-8", "content-length": "16", "etag": None},
    )


def test_a_code_is_stored_under_the_agreed_keys(running: Target, nodes: Nodes) -> None:
    answers = [running.create() for _ in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 201]
    created = [json.loads(answer.body)["created_code"] for answer in answers]
    assert [list(entry) for entry in created] == [["id", "code", "created_at"]] * 3
    assert [entry["id"] for entry in created] == [1, 2, 3]
    assert all(CODE.fullmatch(entry["code"]) and TIME.fullmatch(entry["created_at"]) for entry in created)
    assert nodes.find(lambda node: node.get("codes:seq")) == ["3"]
    assert nodes.find(lambda node: node.smembers("codes:unique")) == [{entry["code"] for entry in created}]
    assert nodes.find(lambda node: node.lrange("codes:sync_queue", 0, -1)) == [["1", "2", "3"]]
    for entry in created:
        assert nodes.find(methodcaller("hgetall", f"codes:{entry['id']}")) == [as_text(entry)]


def test_a_stored_code_is_read_back(running: Target) -> None:
    created = [json.loads(running.create().body)["created_code"] for _ in range(3)]
    read = [running.ask("GET", "/code-fast") for _ in range(20)]
    assert {answer.status for answer in read} == {200}
    entries = [json.loads(answer.body) for answer in read]
    assert [entry for entry in entries if entry["data"] not in created or list(entry) != ["data"]] == []


def test_no_codes_are_404(running: Target, nodes: Nodes) -> None:
    answer = running.ask("GET", "/code-fast")
    assert (answer.status, answer.json) == (404, {"error": "no codes are stored"})
    assert [key for keys in nodes.find(lambda node: node.keys()) for key in keys] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b'{"name":"benchmark"}', 201, id="object"),
        pytest.param(b'[1, "two", null]', 201, id="array"),
        pytest.param(b"1", 201, id="number"),
        pytest.param(b"", 201, id="nothing"),
        pytest.param(b'"' + b"a" * (LIMIT - 2) + b'"', 201, id="256 KiB"),
        pytest.param(b'"' + b"a" * (LIMIT - 1) + b'"', 400, id="one more"),
        pytest.param(b'"' + b"a" * 4 * LIMIT + b'"', 400, id="1 MiB"),
        pytest.param(b'{"name":', 400, id="cut"),
        pytest.param(b"name=benchmark", 400, id="form"),
        pytest.param(b"NaN", 400, id="NaN"),
    ],
)
@pytest.mark.parametrize("headers", [JSON, {"Content-Type": "text/plain"}, {}], ids=["json", "text", "untyped"])
def test_a_body_is_any_json(running: Target, body: bytes, status: int, headers: dict[str, str]) -> None:
    answer = running.ask("POST", "/code", body, **headers)
    assert answer.status == status
    if status == 400:
        assert answer.json == BAD_JSON
    assert running.ask("GET", "/simple").status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nowhere"), ("GET", "/simple/"), ("GET", "/SIMPLE"), ("POST", "/simple"), ("GET", "/code")],
)
def test_other_paths_and_methods_are_404(running: Target, method: str, path: str) -> None:
    answer = running.ask(method, path)
    assert (answer.status, answer.json, answer.headers["content-type"]) == (
        404,
        {"error": "not found"},
        "application/json; charset=utf-8",
    )


def test_a_query_changes_nothing(running: Target) -> None:
    assert running.ask("GET", "/simple?a=1").body == b'{"message":"hi"}'

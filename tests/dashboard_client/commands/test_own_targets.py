"""`run bench` of one's own servers: what it asks the server for."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.dashboard_client.fakes import http_server, reply
from tests.fixtures.client import run_client

CONFIG = {
    "frameworks": [{"name": "fastify"}],
    "endpoints": [{"path": "/simple", "method": "GET", "shortName": "simple"}],
    "targets": [
        {"name": "fastify", "source": "framework", "endpoints": [{"path": "/simple"}]},
        {"name": "api", "source": "pm2", "pm2": "api-server", "endpoints": [{"path": "/orders", "method": "POST"}]},
        {"name": "next", "source": "discovered"},
    ],
}


def bench(*words: str) -> tuple[int, str, list[Any]]:
    """Exit code, stderr, and the bodies of the runs that were requested; the server refuses them."""
    bodies: list[Any] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/api/system/config":
            return reply(handler, json.dumps(CONFIG).encode())
        bodies.append(json.loads(handler.rfile.read(int(handler.headers["Content-Length"]))))
        return reply(handler, b'{"success": false, "error": "Refused.", "code": "refused"}', 400)

    with http_server(answer) as server:
        completed = run_client(server, "run", "bench", *words)
    return completed.returncode, completed.stderr, bodies


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["api"], {"target": "api", "endpoint": "/orders", "method": "POST"}),
        (["api", "orders"], {"target": "api", "endpoint": "/orders", "method": "POST"}),
        (["api", "/x?y=1"], {"target": "api", "endpoint": "/x?y=1", "method": "GET"}),
        (["api-server"], {"target": "api", "endpoint": "/orders", "method": "POST"}),
        (["next"], {"target": "next", "endpoint": "/", "method": "GET"}),
        (["fastify"], {"framework": "fastify", "endpoint": "/simple", "method": "GET"}),
        (["unknown"], {"framework": "unknown", "endpoint": "/simple", "method": "GET"}),
    ],
)
def test_a_name_is_a_target_or_a_framework(words: list[str], expected: dict[str, str]) -> None:
    code, _, bodies = bench(*words)

    assert code == 1
    assert [{key: value for key, value in body.items() if value is not None} for body in bodies] == [expected]


def test_an_unknown_endpoint_of_a_target_is_wrong_usage() -> None:
    assert bench("api", "simple") == (
        2, "[ERROR] Unknown endpoint 'simple'. Use /orders, or a path that begins with /.\n", [],
    )  # fmt: skip

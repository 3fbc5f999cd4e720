"""`run bench` of one's own servers: what it asks the server for."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.dashboard_client.fakes import http_server, reply
from tests.fixtures.client import run_client

CONFIG: dict[str, Any] = {
    "frameworks": [{"name": "fastify"}],
    "endpoints": [{"path": "/simple", "method": "GET", "shortName": "simple"}],
    "targets": [
        {"name": "fastify", "source": "framework", "endpoints": [{"path": "/simple"}]},
        {"name": "api", "source": "pm2", "pm2": "api-server", "endpoints": [{"path": "/orders", "method": "POST"}]},
        {"name": "next", "source": "discovered"},
    ],
}
SEVERAL = [  # of the same processes
    {"name": "jobs-old", "source": "pm2", "pm2": "jobs"},
    {"name": "jobs", "source": "pm2", "pm2": "jobs"},
    {"name": "mail-in", "source": "pm2", "pm2": "mail"},
    {"name": "mail-out", "source": "pm2", "pm2": "mail"},
]


TARGET: dict[str, Any] = {
    "name": "api", "source": "pm2", "pm2": "api-server", "ports": [], "insecure": False, "protocol": "h2",
    "running": True, "endpoints": [{"path": "/orders", "method": "POST", "headers": {"X-Key": {"secret": True}}}],
}  # fmt: skip


def bench(*words: str) -> tuple[int, str, list[Any]]:
    """Exit code, stderr, and the bodies of the runs that were requested; the server refuses them."""
    bodies: list[Any] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/api/system/config":
            config = {**CONFIG, "targets": [*CONFIG["targets"], *SEVERAL]}
            return reply(handler, json.dumps(config).encode())
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
        (["jobs", "/x"], {"target": "jobs", "endpoint": "/x", "method": "GET"}),
        (["next"], {"target": "next", "endpoint": "/", "method": "GET"}),
        (["fastify"], {"framework": "fastify", "endpoint": "/simple", "method": "GET"}),
        (["unknown"], {"framework": "unknown", "endpoint": "/simple", "method": "GET"}),
        (
            ["api", "--expect", "p99<50ms", "--expect", "errors<=0", "--insecure", "--protocol", "h2"],
            {
                "target": "api",
                "endpoint": "/orders",
                "method": "POST",
                "expect": ["p99<50ms", "errors<=0"],
                "insecure": True,
                "protocol": "h2",
            },
        ),
        (["--url", "http://10.0.0.5/x", "--name", "x"], {"url": "http://10.0.0.5/x", "name": "x"}),
        (["run", "--name", "x", "--url", "http://h", "-d", "3"], {"url": "http://h", "name": "x", "duration": 3}),
    ],
)
def test_a_name_is_a_target_or_a_framework(words: list[str], expected: dict[str, str]) -> None:
    code, _, bodies = bench(*words)

    assert code == 1
    assert [{key: value for key, value in body.items() if value is not None} for body in bodies] == [expected]


def test_the_name_of_processes_with_several_targets_is_wrong_usage() -> None:
    assert bench("mail", "/x") == (
        2, "[ERROR] mail has several targets: mail-in, mail-out. Name one of them.\n", [],
    )  # fmt: skip


def test_an_unknown_endpoint_of_a_target_is_wrong_usage() -> None:
    assert bench("api", "simple") == (
        2, "[ERROR] Unknown endpoint 'simple'. Use /orders, or a path that begins with /.\n", [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run"], "Give a framework or a target (run bench targets lists them), or --url with --name."),
        (["run", "--url", "http://h"], "--url and --name belong together: the history needs a name for the URL."),
        (["run", "--name", "x"], "--url and --name belong together: the history needs a name for the URL."),
        (["api", "--url", "http://h", "--name", "x"],
         "Give 'api', or --url with --name. The path is part of the URL."),
    ],
)  # fmt: skip
def test_the_subject_of_a_run_is_given_once(words: list[str], message: str) -> None:
    assert bench(*words) == (2, f"[ERROR] {message}\n", [])


def targets(*words: str, known: object = TARGET) -> tuple[CompletedProcess[str], list[Any]]:
    """What `run bench …` prints, and the requests that change something. `known`: each target of the server."""
    changes: list[Any] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "GET" and handler.path.endswith("targets"):
            return reply(handler, json.dumps({"targets": [TARGET, *CONFIG["targets"][::2]], "count": 3}).encode())
        if handler.command == "GET":
            missing = {"success": False, "message": "No target.", "code": "unknown_target"}
            return reply(handler, json.dumps(known or missing).encode(), 200 if known else 404)
        body = handler.rfile.read(int(handler.headers["Content-Length"] or 0))
        changes.append((handler.command, handler.path, json.loads(body or b"null")))
        return reply(handler, b'{"success": true, "message": "Done."}')

    with http_server(answer) as server:
        return run_client(server, "run", "bench", *words), changes


def test_the_targets_are_a_table() -> None:
    printed, _ = targets("targets")

    assert printed.stdout.splitlines() == [
        "name     source      where  running  endpoints",
        "api      pm2         –      yes      POST /orders",
        "fastify  framework   –      –        GET /simple",
        "next     discovered  –      –        GET /",
    ]


KEPT = {key: TARGET[key] for key in ("insecure", "protocol", "endpoints")}


@pytest.mark.parametrize(
    ("words", "known", "body"),
    [
        (["--pm2", "x", "--port", "3000"], None, {"pm2": "x", "ports": [3000]}),
        (["--url", "http://h/orders"], None, {"url": "http://h/orders"}),
        (["--pm2", "x", "--port", "1", "--port", "2"], TARGET, {"pm2": "x", "ports": [1, 2], **KEPT}),
        (["--url", "http://h/orders"], TARGET, {"url": "http://h", **KEPT}),
        (["--pm2", "x"], {**TARGET, "source": "discovered"}, {"pm2": "x"}),
    ],
)
def test_a_target_is_saved_with_the_endpoints_that_it_has(words: list[str], known: Any, body: dict[str, Any]) -> None:
    printed, changes = targets("target", "save", "api", *words, known=known)

    assert (printed.returncode, printed.stdout, changes) == (
        0, "Done.\n", [("PUT", "/api/benchmark/targets/api", body)],
    )  # fmt: skip


def test_a_target_is_deleted() -> None:
    printed, changes = targets("target", "delete", "my api")

    assert (printed.returncode, printed.stdout) == (0, "Done.\n")
    assert changes == [("DELETE", "/api/benchmark/targets/my%20api", None)]


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("failed", "The benchmark failed: GET / got no response."),
        ("cancelled", "The benchmark was cancelled: GET / got no response."),
    ],
)
def test_a_run_without_a_result_says_in_a_sentence_how_it_ended(state: str, sentence: str) -> None:
    run = {"id": "r1", "state": state, "message": "GET / got no response."}

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/api/system/config":
            return reply(handler, json.dumps(CONFIG).encode())
        if handler.path == "/api/benchmark/run":
            return reply(
                handler, b'{"message": "Queued GET / of next.", "benchmark": {"id": "r1", "state": "queued"}}', 202
            )
        return reply(handler, json.dumps(run).encode())

    with http_server(answer) as server:
        completed = run_client(server, "run", "bench", "next")

    assert (completed.returncode, completed.stderr) == (1, f"Queued GET / of next.\n[ERROR] {sentence}\n")

"""`python -m dashboard_client` without the screen: data on stdout, progress on stderr, exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import requests

from dashboard_client.commands import arguments
from dashboard_client.network.pm2_verbs import PM2_VERBS, Pm2Verb
from pm2.api.views import PM2ViewSet
from tests.dashboard_client.fakes import http_server, reply
from tests.fixtures.client import run_client
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, new_server

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    server = new_server()
    try:
        yield server.start()
    finally:
        server.clean()


def program(server: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """Runs to completion without a terminal, as a process. One command of each kind; the others by `run_client`."""
    return subprocess.run(
        [sys.executable, "-m", "dashboard_client", *argv], cwd=ROOT, env={**os.environ, "API_SERVER": server},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def test_a_process_from_start_to_delete(own_server: Server) -> None:
    started = program(own_server.url, "run", "pm2", "start", "node", "-i", "2")
    assert (started.stdout, started.stderr, started.returncode) == ("Started node: 2 instances\n", "", 0)

    again = run_client(own_server.url, "run", "pm2", "start", "node")
    assert (again.stdout, again.returncode) == ("", 1)
    assert again.stderr.startswith("[ERROR] node is already running")

    status = run_client(own_server.url, "run", "pm2", "status", "node", "--json")
    assert [process["status"] for process in json.loads(status.stdout)["processes"]] == ["online", "online"]

    restarted = program(own_server.url, "run", "pm2", "restart", "1")
    assert (restarted.stdout, restarted.returncode) == ("Restarted node: 1 process\n", 0)

    rolled = run_client(own_server.url, "run", "pm2", "rolling-restart", "node")
    scaled = run_client(own_server.url, "run", "pm2", "scale", "node", "-i", "1")
    assert (rolled.stderr, rolled.returncode, scaled.stderr, scaled.returncode) == ("", 0, "", 0)
    assert rolled.stdout + scaled.stdout == "Restarted node one by one: 2 instances\nScaled node from 2 to 1 instance\n"
    assert run_client(own_server.url, "run", "pm2", "scale", "node", "-i", "2").returncode == 0

    measured = run_client(own_server.url, "run", "bench", "node", "-d", "1")
    assert measured.returncode in (0, 4), measured.stderr
    assert measured.stdout.startswith("node GET /simple: ")

    [run] = json.loads(program(own_server.url, "run", "history", "export").stdout)["results"]
    page = json.loads(run_client(own_server.url, "run", "bench", "list", "node", "-n", "5", "--json").stdout)
    assert (page["results"], page["count"], page["total"], page["next"]) == ([run], 1, 1, None)
    listed = run_client(own_server.url, "run", "bench", "list")
    assert [line.split()[2:5] for line in listed.stdout.splitlines()[1:]] == [["node", "GET", "/simple"]]

    compared = run_client(own_server.url, "run", "bench", "compare", run["id"], run["id"])
    reason = "node has 1 trial; at least 4 are needed (profile standard)."
    assert (compared.stdout.partition(": ")[0], compared.returncode) == ("No verdict", 1)
    assert compared.stdout.endswith(f"{reason} {reason}\n")  # after "node is invalid." on a machine under load

    once = program(own_server.url, "--once")
    assert (once.stderr, once.returncode) == ("", 0)
    for words in (
        own_server.url,
        "CPU ",
        "2 of 2 online",
        "cluster  online",
        "Redis Cluster: absent",
        "GET /simple",
        "pm2.start",
    ):
        assert words in once.stdout

    refused = program(own_server.url, "run", "pm2", "delete")
    assert (refused.stdout, refused.returncode) == ("", 2)
    assert "--yes" in refused.stderr

    deleted = run_client(own_server.url, "run", "pm2", "delete", "--yes")
    assert (deleted.stdout, deleted.returncode) == ("Deleted node: 2 processes\n", 0)


def test_json_report_has_one_section_per_endpoint(shared_server: Server) -> None:
    result = run_client(shared_server.url, "--json")

    payload = json.loads(result.stdout)
    assert result.returncode == 0
    assert list(payload) == ["server", "health", "system", "pm2", "redis", "benchmarks", "activity"]
    assert (payload["server"], payload["pm2"]["counts"]) == (shared_server.url, {"online": 0, "total": 0})


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        ("pm2 status", ["/api/pm2/stats"]),
        ("pm2 list", ["/api/pm2/stats"]),
        ("pm2 logs", ["/api/pm2/logs?lines=200"]),
        ("redis status", ["/api/redis/status", "/api/redis/stats"]),
        ("bench list", ["/api/benchmark/latest?count=10"]),
        ("bench list node -n 3", ["/api/benchmark/all?limit=3&framework=node"]),
        ("history export", ["/api/benchmark/export?format=json"]),
    ],
)
def test_json_is_the_body_of_the_server(shared_server: Server, words: str, paths: list[str]) -> None:
    result = run_client(shared_server.url, "run", *words.split(), "--json")

    bodies = [requests.get(shared_server.url + path, timeout=60).json() for path in paths]
    expected = bodies[0] if len(bodies) == 1 else dict(zip(("status", "stats"), bodies, strict=True))
    printed = json.loads(result.stdout)
    assert (without_times(printed), result.stderr) == (without_times(expected), "")
    assert result.returncode == (1 if "stats" in paths[-1] else 0)  # neither a daemon nor a cluster


def without_times(body: Any) -> Any:
    """The body without what differs between two requests."""
    if not isinstance(body, dict):
        return body
    times = ("timestamp", "exportedAt", "ageSeconds")
    return {name: without_times(value) for name, value in body.items() if name not in times}


def test_redis_status_is_1_without_a_cluster(shared_server: Server) -> None:
    result = run_client(shared_server.url, "run", "redis", "status")

    assert (result.stdout, result.returncode) == ("Redis Cluster: absent\n", 1)


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["run", "pm2", "start"], 2, "usage: python -m dashboard_client run pm2 start"),
        (["run", "pm2", "rolling-restart"], 2, "usage: python -m dashboard_client run pm2 rolling-r"),
        (["run", "pm2", "scale", "node"], 2, "usage: python -m dashboard_client run pm2 scale"),
        (["run", "pm2", "scale", "koa", "-i", "2"], 1, "[ERROR] PM2's daemon for "),
        (["run", "redis", "failover"], 2, "usage: "),
        (["run", "redis", "failover", "7001"], 1, "[ERROR] "),
        (["run", "bench", "compare", "baseline"], 2, "usage: "),
        (["run", "bench", "compare", "baseline", "1-x"], 1, "[ERROR] "),
        (["run", "history", "export", "--since", "yesterday"], 1, "[ERROR] "),
        (["run", "history", "export", "-o", "/missing/x"], 2, "[ERROR] Cannot write /missing/x: /missing does not"),
        (["run", "pm2", "start", "koa"], 1, "[ERROR] Neither a process in PM2's list nor a framework is named 'koa'"),
        (["run", "pm2", "status", "koa"], 1, "[ERROR] No PM2 process is named 'koa', or in such a namespace."),
        (["run", "bench", "node", "nonsense"], 2, "[ERROR] Unknown endpoint 'nonsense'. Use simple, code, read"),
        (["run", "bench", "node"], 1, "[ERROR] "),
        (["run", "cleanup"], 2, "[ERROR] Delete all PM2 processes and the Redis Cluster"),
        (["run", "redis", "clean"], 2, "[ERROR] Delete the Redis Cluster on "),
        (["run"], 2, "usage: "),
        (["run", "pm2", "start", "node", "-i", "0"], 2, "usage: "),
        (["--server", "ftp://x", "--once"], 2, "[ERROR] --server is 'ftp://x'"),
    ],
)
def test_errors_are_printed_on_stderr(shared_server: Server, argv: list[str], code: int, message: str) -> None:
    result = run_client(shared_server.url, *argv)

    assert (result.stdout, result.returncode) == ("", code)
    assert result.stderr.startswith(message)


def test_an_unreachable_server_is_reported_in_one_line() -> None:
    unused_url = f"http://127.0.0.1:{free_port()}"

    for argv in (["--once"], ["--json"], ["run", "pm2", "status"], ["run", "quickstart"]):
        result = run_client(unused_url, *argv)
        assert (result.stdout, result.returncode) == ("", 1)
        assert result.stderr == f"[ERROR] Cannot connect to API server {unused_url}: connection refused\n"


@pytest.mark.parametrize(
    "argv",
    [
        ["--once"],
        ["--json"],
        ["run", "pm2", "status", "--json"],
        ["run", "bench", "list", "--json"],
        ["run", "pm2", "logs", "--json"],
        ["run", "pm2", "stop", "x", "--json"],
        ["run", "redis", "status", "--json"],
        ["run", "redis", "setup", "--json"],
        ["run", "quickstart"],
        ["run", "bench", "node", "--json"],
        ["run", "bench", "compare", "a", "b", "--json"],
        ["run", "history", "export", "--format", "csv"],
    ],
)
def test_an_unreadable_response_is_exit_code_1(argv: list[str]) -> None:
    with http_server(lambda handler: reply(handler, b'{"a":1}', Content_Type="application/json")) as url:
        result = run_client(url, *argv)

    assert result.returncode == 1
    assert result.stderr.startswith("[ERROR] ")
    assert "Traceback" not in result.stderr


def test_a_report_has_one_deadline_for_all_its_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TIMEOUT", "2")

    def answer_late(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(1)
        reply(handler, b'{"status":"ok"}')

    with http_server(answer_late) as url:
        result = run_client(url, "--once")

    assert (result.stdout, result.returncode) == ("", 1)
    assert result.stderr == f"[ERROR] API server {url} did not answer within 2 s (API_TIMEOUT)\n"


@pytest.mark.parametrize("argv", [["--help"], ["run", "--help"], ["run", "pm2", "--help"], ["run", "redis", "--help"]])
def test_help_is_printed_on_stdout(argv: list[str]) -> None:
    result = run_client("", *argv)

    assert (result.stderr, result.returncode) == ("", 0)
    assert "usage: python -m dashboard_client" in result.stdout
    if argv == ["--help"]:
        assert program("", *argv).stdout == result.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["fastify", "read", "-d", "3", "--json"],
        ["fastify", "-d", "3", "read", "--json"],
        ["-d", "3", "fastify", "--json", "read"],
        ["--json", "-d", "3", "fastify", "read"],
    ],
)
def test_options_may_stand_anywhere_behind_the_verb(words: list[str]) -> None:
    options = arguments.parse(["run", "bench", *words])

    assert (options.name, options.endpoint, options.duration, options.json) == ("fastify", "read", 3, True)


def test_bench_without_a_verb_measures() -> None:
    short, long = (arguments.parse(["run", "bench", *words, "node", "read"]) for words in ([], ["run"]))

    assert (short.verb, short.name, short.endpoint) == ("run", "node", "read")
    assert short == long


@pytest.mark.parametrize("option", [[], ["--json"], ["--format", "csv"]])
def test_an_export_to_a_file_is_the_one_on_stdout(shared_server: Server, tmp_path: Path, option: list[str]) -> None:
    file = tmp_path / "runs"
    file.write_text("old")

    written = run_client(shared_server.url, "run", "history", "export", *option, "-o", str(file))
    printed = run_client(shared_server.url, "run", "history", "export", *option)

    assert (written.stdout, written.returncode, printed.stderr, printed.returncode) == ("", 0, "", 0)
    assert written.stderr == f"Wrote {file.stat().st_size:,} bytes to {file}\n"
    assert without_time(file.read_bytes().decode()) == without_time(printed.stdout)
    assert list(tmp_path.iterdir()) == [file]


def without_time(export: str) -> str:
    return re.sub(r'"exportedAt":"[^"]+"', "", export.replace("\r\n", "\n"))


def test_a_failed_export_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "runs"
    file.write_text("old")

    result = run_client(f"http://127.0.0.1:{free_port()}", "run", "history", "export", "-o", str(file))

    assert (result.returncode, file.read_text(), list(tmp_path.iterdir())) == (1, "old", [file])


@pytest.mark.parametrize("verb", PM2_VERBS.values(), ids=lambda verb: verb.name)
def test_the_endpoints_of_pm2s_verbs_exist(verb: Pm2Verb) -> None:
    views = {action.url_path for action in PM2ViewSet.get_extra_actions()}  # type: ignore[attr-defined]

    assert {verb.name, *filter(None, [verb.path_for_all])} <= views


@pytest.mark.parametrize(
    ("met", "validity", "code"),
    [("met", "valid", 0), ("missed", "valid", 6), ("not_shown", "caution", 5), ("not_shown", "invalid", 4)],
)
def test_the_exit_code_of_a_benchmark_is_that_of_its_budget(met: str, validity: str, code: int) -> None:
    requested: list[Any] = []
    run = {"id": "r", "state": "done", "framework": "node", "endpoint": "/simple", "method": "GET"}
    item = {"text": "p99<50ms", "met": met, "message": "p99 2.1 ms."}
    result = {
        "framework": "node", "endpoint": "/simple", "method": "GET", "reqPerSec": 5, "validity": validity,
        "budget": {"met": met, "items": [item]},
    }  # fmt: skip

    def handle(request: BaseHTTPRequestHandler) -> None:
        if request.command == "POST":
            requested.append(json.loads(request.rfile.read(int(request.headers["Content-Length"]))))
            reply(
                request, json.dumps({"benchmark": run, "message": "Queued."}).encode(), Content_Type="application/json"
            )
        elif request.path == "/api/system/config":
            reply(request, b'{"frameworks": []}', Content_Type="application/json")
        else:
            reply(request, json.dumps({**run, "result": result}).encode(), Content_Type="application/json")

    with http_server(handle) as url:
        done = run_client(url, "run", "bench", "node", "/simple", "--expect", "p99<50ms", "--expect", "max<1s")

    word = met.replace("_", " ")
    assert (done.returncode, requested[0]["expect"]) == (code, ["p99<50ms", "max<1s"]), done.stderr
    assert done.stdout.endswith(f"budget {word}\n  {word}: p99<50ms: p99 2.1 ms.\n")

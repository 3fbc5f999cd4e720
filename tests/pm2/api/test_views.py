"""/api/pm2 on the real server: logs, exits, reload, scale, and what outlives the server."""

from __future__ import annotations

import getpass
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from system.host.ports import is_listening
from tests.fixtures.ports import FASTIFY
from tests.fixtures.server import Server, StartServer

DEADLINE_S = 40


def get(server: Server, path: str, **query: object) -> Any:
    answer = requests.get(server.url + path, params=query, timeout=DEADLINE_S)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(server: Server, path: str, **body: object) -> tuple[int, Any]:
    answer = requests.post(server.url + path, json=body, timeout=DEADLINE_S)
    return answer.status_code, answer.json()


def until(ask: Callable[[], Any], holds: Callable[[Any], object]) -> Any:
    ends = time.monotonic() + DEADLINE_S
    while not holds(value := ask()):
        assert time.monotonic() < ends, value
        time.sleep(0.05)
    return value


def test_an_end_that_the_shell_asked_for_names_who_typed(server: Server) -> None:
    assert post(server, "/api/pm2/start", framework="node", instances=1)[0] == 200
    server.manage("pm2", "restart", "node")

    (end,) = until(lambda: get(server, "/api/pm2/exits"), lambda page: page["exits"])["exits"]
    who = f"{getpass.getuser()} (command line)"
    assert (end["cause"], end["by"], end["text"]) == ("manual", who, f"restarted by {who}")


def test_what_nobody_waited_for_is_done_and_recorded(server: Server) -> None:
    with pytest.raises(requests.ReadTimeout):
        requests.post(server.url + "/api/pm2/start", json={"framework": "node", "instances": 1}, timeout=0.2)

    (entry,) = until(lambda: get(server, "/api/activity", action="pm2.start"), lambda page: page["entries"])["entries"]
    assert (entry["target"], entry["outcome"], entry["message"]) == ("node", "ok", "Started node: 1 instance")
    assert get(server, "/api/pm2/stats")["counts"] == {"online": 1, "total": 1}


def test_an_end_is_explained_and_outlives_the_server(start_server: StartServer) -> None:
    server = start_server()
    assert post(server, "/api/pm2/start", framework="fastify", instances=1)[0] == 200
    status, result = post(server, "/api/pm2/reload", framework="fastify")
    assert (status, result["message"]) == (200, "Reloaded fastify: 1 instance")
    [process] = get(server, "/api/pm2/stats")["processes"]
    os.kill(process["pid"], signal.SIGKILL)
    killed, reloaded = until(lambda: get(server, "/api/pm2/exits")["exits"], lambda exits: len(exits) == 2)

    assert {key: killed[key] for key in ("name", "pmId", "exitCode", "signal", "cause", "text", "by")} == {
        "name": "fastify", "pmId": 0, "exitCode": None, "signal": "SIGKILL", "cause": "killed",
        "text": "killed by SIGKILL from outside", "by": None,
    }  # fmt: skip
    assert (reloaded["cause"], reloaded["text"], reloaded["by"]) == (
        "manual",
        "reloaded by this machine",
        "this machine",
    )
    page = get(server, "/api/pm2/processes/0")
    assert [each["text"] for each in page["exits"]] == [killed["text"], reloaded["text"]]

    assert server.stop() == 0
    assert is_listening(FASTIFY)
    server.start()
    assert [each["instance"] for each in get(server, "/api/pm2/exits")["exits"]] == [killed["instance"]] * 2
    [same] = until(lambda: get(server, "/api/pm2/stats")["processes"], len)
    os.kill(same["pid"], signal.SIGTERM)
    latest = until(lambda: get(server, "/api/pm2/exits", limit=1)["exits"], lambda exits: exits[0] != killed)
    assert latest[0]["instance"] == killed["instance"]
    admin = server.manage("shell", "-c", "from pm2.models import Exit; print(Exit.objects.count())")
    assert admin.strip().endswith("3")


def test_logs_by_query_and_by_body(start_server: StartServer) -> None:
    server = start_server()
    assert post(server, "/api/pm2/start", framework="fastify", instances=2)[0] == 200
    by_query = get(server, "/api/pm2/logs", framework="fastify", lines=5, stream="err")
    status, by_body = post(server, "/api/pm2/logs", framework="fastify", lines=5, stream="err")

    assert status == 200
    assert by_query["sources"] == by_body["sources"]
    assert [(each["name"], each["stream"]) for each in by_query["sources"]] == [("fastify", "err")]
    for body, code in (
        ({"lines": 0}, "bad_request"), ({"stream": "x"}, "bad_request"), ({"search": "(", "regex": True}, "bad_pattern"),
        ({"framework": "-x"}, "bad_request"), ({"framework": "a\nb"}, "bad_request"), ({"since": "soon"}, "bad_request"),
    ):  # fmt: skip
        assert post(server, "/api/pm2/logs", **body)[1]["code"] == code
    assert post(server, "/api/pm2/logs", framework="koa")[0] == 404

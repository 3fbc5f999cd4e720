"""/api/pm2 on the real server: logs, exits, reload, scale, and state that outlives the server."""

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
    response = requests.get(server.url + path, params=query, timeout=DEADLINE_S)  # type: ignore[arg-type]
    assert response.status_code == 200, response.text
    return response.json()


def post(server: Server, path: str, **body: object) -> tuple[int, Any]:
    response = requests.post(server.url + path, json=body, timeout=DEADLINE_S)
    return response.status_code, response.json()


def until(poll: Callable[[], Any], is_done: Callable[[Any], object]) -> Any:
    deadline_s = time.monotonic() + DEADLINE_S
    while not is_done(value := poll()):
        assert time.monotonic() < deadline_s, value
        time.sleep(0.05)
    return value


def test_an_exit_requested_from_the_shell_names_the_user(server: Server) -> None:
    assert post(server, "/api/pm2/start", framework="node", instances=1)[0] == 200
    server.manage("pm2", "restart", "node")

    (ended,) = until(lambda: get(server, "/api/pm2/exits"), lambda page: page["exits"])["exits"]
    actor = f"{getpass.getuser()} (command line)"
    assert (ended["cause"], ended["by"], ended["text"]) == ("manual", actor, f"restarted by {actor}")


def test_an_action_whose_client_left_is_completed_and_recorded(server: Server) -> None:
    with pytest.raises(requests.ReadTimeout):
        requests.post(server.url + "/api/pm2/start", json={"framework": "node", "instances": 1}, timeout=0.2)

    (entry,) = until(lambda: get(server, "/api/activity", action="pm2.start"), lambda page: page["entries"])["entries"]
    assert (entry["target"], entry["outcome"], entry["message"]) == ("node", "ok", "Started node: 1 instance")
    assert get(server, "/api/pm2/stats")["counts"] == {"online": 1, "total": 1}


def test_an_exit_is_classified_and_outlives_the_server(start_server: StartServer) -> None:
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
    assert get(server, f"/api/pm2/exits/{killed['id']}") == killed
    missing = requests.get(f"{server.url}/api/pm2/exits/999999", timeout=DEADLINE_S)
    assert (missing.status_code, missing.json()["code"]) == (404, "exit_not_found")
    page = get(server, "/api/pm2/processes/0")
    assert [ended["text"] for ended in page["exits"]] == [killed["text"], reloaded["text"]]

    assert server.stop() == 0
    assert is_listening(FASTIFY)
    server.start()
    assert [ended["instance"] for ended in get(server, "/api/pm2/exits")["exits"]] == [killed["instance"]] * 2
    [same] = until(lambda: get(server, "/api/pm2/stats")["processes"], len)
    os.kill(same["pid"], signal.SIGTERM)
    latest = until(lambda: get(server, "/api/pm2/exits", limit=1)["exits"], lambda exits: exits[0] != killed)
    assert latest[0]["instance"] == killed["instance"]
    output = server.manage("shell", "-c", "from pm2.models import Exit; print(Exit.objects.count())")
    assert output.strip().endswith("3")


def test_logs_by_query_and_by_body(start_server: StartServer) -> None:
    server = start_server()
    assert post(server, "/api/pm2/start", framework="fastify", instances=2)[0] == 200
    by_query = get(server, "/api/pm2/logs", framework="fastify", lines=5, stream="err")
    status, by_body = post(server, "/api/pm2/logs", framework="fastify", lines=5, stream="err")

    assert status == 200
    assert by_query["sources"] == by_body["sources"]
    assert [(source["name"], source["stream"]) for source in by_query["sources"]] == [("fastify", "err")]
    for body, code in (
        ({"lines": 0}, "bad_request"), ({"stream": "x"}, "bad_request"), ({"search": "(", "regex": True}, "bad_pattern"),
        ({"search": "(((a{99}){99}){99}){99}", "regex": True}, "bad_pattern"), ({"framework": "-x"}, "bad_request"),
        ({"framework": "a\nb"}, "bad_request"), ({"since": "soon"}, "bad_request"),
    ):  # fmt: skip
        assert post(server, "/api/pm2/logs", **body)[1]["code"] == code
    assert post(server, "/api/pm2/logs", framework="koa")[0] == 404

"""Ecosystem files, the saved list, signals and logs over REST, on a real server: answers, access and audit trail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fixtures.server import Server, StartServer
from tests.pm2.api.test_views import DEADLINE_S, get, post, until
from tests.pm2.ecosystem.ecosystem_files import EcosystemFile, js, write

KEY, READ_KEY = "k" * 20, "r" * 20
FILE = EcosystemFile(
    "ecosystem.config.js",
    js(
        "{name: 'api', script: 'serves.js', instances: 2, env: {TOKEN: 'in-the-file'}, env_production: {A: 1}},"
        " {name: 'web', script: 'app.js'}"
    ),
)


@pytest.fixture
def ecosystem(tmp_path: Path) -> Path:
    return write(tmp_path, FILE)


@pytest.fixture
def allowing(start_server: StartServer, ecosystem: Path) -> Server:
    return start_server(ECOSYSTEM_DIRS=f"/nowhere:{ecosystem.parent}")


def outcomes(result: Any) -> list[tuple[str, str]]:
    return sorted((one["name"], one["outcome"]) for one in result["results"])


def test_the_life_of_an_ecosystem_file(allowing: Server, ecosystem: Path) -> None:
    path = str(ecosystem)
    status, preview = post(allowing, "/api/pm2/start", ecosystem=path, only=["api"], env="production", preview=True)
    assert (status, preview["processes"]) == (200, [])
    [app] = preview["apps"]
    assert {key: app[key] for key in app if key != "user"} == {
        "name": "api", "namespace": "default", "instances": 2, "execMode": "cluster_mode",
        "script": str(ecosystem.parent / "serves.js"), "arguments": [], "cwd": str(ecosystem.parent),
        "interpreter": "node", "restarts": False,
    }  # fmt: skip
    assert get(allowing, "/api/pm2/stats")["counts"]["total"] == 0

    status, started = post(allowing, "/api/pm2/start", ecosystem=path, only=["api"], env="production")
    assert (status, started["message"]) == (200, "Started api: 2 processes")
    assert outcomes(started) == [("api", "done")] * 2
    assert "in-the-file" not in str(started)
    dump = until(lambda: get(allowing, "/api/pm2/stats")["dump"], lambda dump: dump and dump["missing"])
    assert {key: dump[key] for key in dump if key != "startup"} == {
        "path": str(Path(get(allowing, "/api/pm2/stats")["daemon"]["home"]) / "dump.pm2"), "savedAt": None,
        "missing": ["api"], "extra": [], "problem": None,
    }  # fmt: skip

    assert post(allowing, "/api/pm2/save")[1]["message"].startswith("Saved 2 processes in ")
    saved = until(lambda: get(allowing, "/api/pm2/stats")["dump"], lambda dump: dump["savedAt"])
    assert (saved["missing"], saved["extra"]) == ([], [])
    assert outcomes(post(allowing, "/api/pm2/stop", name="api")[1]) == [("api", "done")] * 2
    assert post(allowing, "/api/pm2/start", name="api")[1]["message"] == "Started api: 2 processes"
    assert post(allowing, "/api/pm2/start", name="api")[0] == 409
    assert outcomes(post(allowing, "/api/pm2/signal", name="api", signal="SIGCONT")[1]) == [("api", "done")] * 2
    assert outcomes(post(allowing, "/api/pm2/flush", name="api")[1]) == [("api", "done")] * 2
    assert outcomes(post(allowing, "/api/pm2/reset", name="api")[1]) == [("api", "done")] * 2
    assert post(allowing, "/api/pm2/flushAll")[0] == post(allowing, "/api/pm2/resetAll")[0] == 200
    assert post(allowing, "/api/pm2/deleteAll")[0] == 200
    assert post(allowing, "/api/pm2/save")[1]["code"] == "nothing_to_save"
    assert post(allowing, "/api/pm2/resurrect")[1]["message"] == "Resurrected api: 2 processes"
    assert post(allowing, "/api/pm2/save", force=True)[0] == 200

    entries = get(allowing, "/api/activity", limit=100)["entries"]
    trail = [(entry["action"], entry["target"], entry["outcome"]) for entry in reversed(entries)]
    assert trail[:3] == [("pm2.start.preview", path, "ok"), ("pm2.start", path, "ok"), ("pm2.save", "", "ok")]
    assert ("pm2.signal", "api", "ok") in trail
    assert ("pm2.save", "", "refused") in trail
    assert ("pm2.resurrect", "", "ok") in trail


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"ecosystem": "/etc/passwd"}, 400, "ecosystem_not_allowed"),
        ({"ecosystem": "FOLDER/../e.config.js"}, 400, "ecosystem_not_allowed"),
        ({"ecosystem": "e.config.js"}, 400, "ecosystem_invalid"),
        ({"ecosystem": "FOLDER/none.config.js"}, 404, "ecosystem_not_found"),
        ({"ecosystem": "FOLDER/app.js"}, 400, "ecosystem_invalid"),
        ({"ecosystem": "FILE", "only": ["nope"]}, 404, "unknown_app"),
        ({"ecosystem": "FILE", "env": "nope"}, 404, "unknown_environment"),
        ({"ecosystem": "FILE", "only": "api"}, 400, "bad_request"),
        ({"ecosystem": "FILE", "only": []}, 400, "bad_request"),
        ({"ecosystem": "FILE", "instances": 2}, 400, "bad_request"),
        ({"ecosystem": "FILE", "name": "api"}, 400, "bad_request"),
        ({"name": "api", "only": ["api"]}, 400, "bad_request"),
        ({"name": "api", "instances": 2}, 400, "bad_request"),
        ({"framework": "node", "preview": True}, 400, "bad_request"),
        ({"name": "nobody"}, 404, "process_not_found"),
        ({}, 400, "bad_request"),
    ],
)
def test_a_start_that_is_refused(
    allowing: Server, ecosystem: Path, body: dict[str, Any], status: int, code: str
) -> None:
    names = {"FOLDER": str(ecosystem.parent), "FILE": str(ecosystem)}

    def named(value: Any) -> Any:
        for word, path in names.items():
            value = value.replace(word, path) if isinstance(value, str) else value
        return value

    answer = post(allowing, "/api/pm2/start", **{key: named(value) for key, value in body.items()})

    assert (answer[0], answer[1]["code"]) == (status, code), answer
    assert get(allowing, "/api/pm2/stats")["counts"]["total"] == 0


@pytest.mark.parametrize("signal", ["", "HUP", "SIGNONE", 9, None, "SIGHUP "])
def test_only_signals_are_sent(server: Server, signal: object) -> None:
    status, answer = post(server, "/api/pm2/signal", name="api", signal=signal)

    assert (status, answer["code"]) == (400, "bad_request")


def test_nothing_is_evaluated_without_rights_or_folders(start_server: StartServer, ecosystem: Path) -> None:
    marker = ecosystem.with_name("evaluated")
    ecosystem.write_text(f"require('fs').writeFileSync('{marker}', ''); {FILE.text}")
    server = start_server(ECOSYSTEM_DIRS=str(ecosystem.parent), API_KEY=KEY, API_KEY_READONLY=READ_KEY)

    def call(key: str | None, path: str, body: dict[str, Any]) -> int:
        headers = {"X-API-Key": key} if key else {}
        return requests.post(server.url + path, json=body, headers=headers, timeout=DEADLINE_S).status_code

    calls: list[tuple[str, dict[str, Any]]] = [
        ("start", {"ecosystem": str(ecosystem)}), ("start", {"ecosystem": str(ecosystem), "preview": True}),
        ("start", {"name": "api"}), ("save", {}), ("resurrect", {}), ("flush", {"name": "api"}), ("flushAll", {}),
        ("reset", {"name": "api"}), ("resetAll", {}), ("signal", {"name": "api", "signal": "SIGHUP"}),
    ]  # fmt: skip
    denied = [[call(key, f"/api/pm2/{path}", body) for path, body in calls] for key in (READ_KEY, "wrong" * 4)]
    evaluated_by_others = marker.exists()
    allowed = call(KEY, "/api/pm2/start", {"ecosystem": str(ecosystem), "preview": True})

    assert (denied, evaluated_by_others) == ([[403] * len(calls), [401] * len(calls)], False)
    assert (allowed, marker.exists()) == (200, True)


def test_without_folders_the_answer_tells_how_to_allow_one(server: Server, ecosystem: Path) -> None:
    status, answer = post(server, "/api/pm2/start", ecosystem=str(ecosystem))

    assert (status, answer["code"]) == (400, "ecosystem_not_allowed")
    assert "once ECOSYSTEM_DIRS names its folder" in answer["message"]

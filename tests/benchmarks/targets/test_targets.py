"""Own targets over the API: created, changed, measured; and their credentials, which never come back."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from benchmarks.api import target_views
from benchmarks.models import Run, StoredTarget
from benchmarks.runs import private_headers, run_request
from benchmarks.targets import registered
from benchmarks.targets.errors import TargetsUnreadable
from benchmarks.targets.registered import Apps
from benchmarks.targets.toml_file import import_targets
from pm2.daemon.process import from_monitor_data
from pm2.frameworks.registry import registry
from pm2.monitor import current_monitor
from pm2.monitor.listing import Counts, DaemonStatus, Stats
from system.host.ports import Listener

pytestmark = pytest.mark.django_db
URL = "/api/benchmark/targets"
SECRET = "Bearer hush-hush-1"
ENDPOINT: dict[str, Any] = {
    "path": "/orders?page=2", "method": "POST", "headers": {"Accept": "text/plain", "Authorization": SECRET},
    "body": "{}", "contentType": "application/json", "expectStatus": [201], "description": "new", "expect": [],
}  # fmt: skip
WITHOUT_SECRET = {**ENDPOINT, "bodyBase64": "", "headers": {"Accept": "text/plain", "Authorization": {"secret": True}}}


@pytest.fixture
def client() -> APIClient:
    return APIClient(headers={"Host": "localhost"})


def put(client: APIClient, name: str, **body: Any) -> Any:
    return client.put(f"{URL}/{name}", body, format="json")


def test_a_target_is_created_shown_and_deleted(client: APIClient) -> None:
    created = client.post(
        URL, {"name": "orders", "url": "HTTPS://api.test:8443", "connect": "10.0.0.5", "endpoints": [ENDPOINT]},
        format="json",
    )  # fmt: skip
    expected = {
        "name": "orders", "source": "url", "pm2": None, "url": "https://api.test:8443", "connect": "10.0.0.5",
        "ports": [], "insecure": False, "protocol": "http1", "running": None, "endpoints": [WITHOUT_SECRET],
    }  # fmt: skip

    assert (created.status_code, created["Location"], created.json()["target"]) == (201, f"{URL}/orders", expected)
    assert client.get(f"{URL}/orders").json() == expected
    assert expected in client.get(URL).json()["targets"]
    assert client.post(URL, {"name": "orders", "pm2": "x"}, format="json").json()["code"] == "target_exists"
    assert client.delete(f"{URL}/orders").status_code == 200
    assert client.delete(f"{URL}/orders").json()["code"] == "unknown_target"
    assert client.delete(f"{URL}/fastify").json()["code"] == "read_only_target"


def test_a_credential_is_encrypted_kept_and_cleared_when_the_address_changes(client: APIClient) -> None:
    put(client, "orders", url="http://10.0.0.5:80", endpoints=[ENDPOINT])
    row = json.dumps(list(StoredTarget.objects.values()), default=str)
    kept = put(client, "orders", url="http://10.0.0.5:80", insecure=True, endpoints=[WITHOUT_SECRET])
    cleared = put(client, "orders", url="http://10.0.0.6:80", endpoints=[WITHOUT_SECRET])

    assert "hush" not in row
    assert kept.json()["target"]["endpoints"][0]["headers"]["Authorization"] == {"secret": True}
    assert cleared.json()["target"]["endpoints"][0]["headers"]["Authorization"] == {"secret": True, "missing": True}


def test_another_key_of_the_server_clears_credentials(client: APIClient, settings: Settings) -> None:
    put(client, "orders", url="http://10.0.0.5:80", endpoints=[ENDPOINT])
    settings.SECRET_KEY = "another"

    (endpoint,) = client.get(f"{URL}/orders").json()["endpoints"]
    assert endpoint["headers"]["Authorization"] == {"secret": True, "missing": True}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "non_field_errors"),
        ({"url": "ftp://b"}, "url"),
        ({"url": "http://user:pass@b/"}, "url"),
        ({"url": "http://b/#x"}, "url"),
        ({"url": "http://b\r\nX: y"}, "url"),
        ({"url": "http://b", "connect": "c:99999"}, "connect"),
        ({"pm2": "a", "connect": "c:1"}, "connect"),
        ({"pm2": "a", "ports": [0]}, "ports"),
        ({"pm2": "a", "protocol": "h3"}, "protocol"),
        ({"pm2": "a", "endpoints": [{"path": "x"}]}, "endpoints"),
        ({"pm2": "a", "endpoints": [{"path": "/a b"}]}, "endpoints"),
        ({"pm2": "a", "endpoints": [{"path": "/a\r\nX: y"}]}, "endpoints"),
        ({"pm2": "a", "endpoints": [{"path": "/"}, {"path": "/"}]}, "endpoints"),
        ({"pm2": "a", "endpoints": [{"path": "/", "headers": {"X": "a\r\nY: b"}}]}, "endpoints"),
        ({"pm2": "a", "endpoints": [{"path": "/", "headers": {"Host": "b"}}]}, "endpoints"),
        ({"pm2": "a", "endpoints": [{"path": "/", "headers": {"X": {"secret": True}}}]}, "endpoints"),
        ({"pm2": "a", "endpoints": [{"path": "/", "body": "a", "bodyBase64": "YQ=="}]}, "endpoints"),
        ({"pm2": "a", "endpoints": [{"path": "/", "bodyBase64": "*"}]}, "endpoints"),
        ({"pm2": "a", "endpoints": [{"path": "/", "expectStatus": [200, 404]}]}, "endpoints"),
        ({"pm2": "a", "endpoints": [{"path": "/", "expect": ["p99<50"]}]}, "endpoints"),
        ({"pm2": "a", "endpoints": [{"path": "/", "expects": ["p99<50ms"]}]}, "endpoints"),
        ({"pm2": "a", "prots": [8080]}, "prots"),
        ({"url": "http://[0]"}, "url"),
        ({"url": "http://a", "connect": "[127.0.0.1]:80"}, "connect"),
    ],
)
def test_what_is_no_target_is_refused(client: APIClient, body: dict[str, Any], field: str) -> None:
    response = put(client, "orders", **body)

    assert (response.status_code, list(response.json()["fields"])) == (400, [field])
    assert not StoredTarget.objects.exists()


def test_the_name_of_a_replaced_target_is_that_of_the_path(client: APIClient) -> None:
    def replace(**names: str) -> Any:
        return client.put(f"{URL}/orders", {"pm2": "a", **names}, format="json")

    other, none, same = replace(name="bills"), replace(), replace(name="orders")

    assert (other.status_code, list(other.json()["fields"])) == (400, ["name"])
    assert [none.status_code, same.status_code] == [200, 200]
    assert [target.name for target in StoredTarget.objects.all()] == ["orders"]


@pytest.mark.parametrize("name", ["fastify", "a b", "a;b", "..", "ä", "a" * 65, "$(id)", "-r`id`"])
def test_a_name_is_neither_a_framework_nor_anything_else_than_a_word(client: APIClient, name: str) -> None:
    response = client.post(URL, {"name": name, "pm2": "a"}, format="json")

    assert (response.status_code, list(response.json()["fields"])) == (400, ["name"])


def test_a_run_of_an_own_target_sends_its_endpoint_and_keeps_no_credential(
    client: APIClient, settings: Settings
) -> None:
    settings.BENCH_TARGETS = ("10.0.0.5",)
    put(client, "orders", url="http://api.test:8080", connect="10.0.0.5:81", endpoints=[ENDPOINT])

    response = client.post("/api/benchmark/run", {"target": "orders", "generator": "wrk"}, format="json")

    run = Run.objects.get()
    assert response.status_code == 202
    assert (run.framework, run.scheme, run.host, run.address, run.connect_port) == (
        "orders", "http", "api.test:8080", "10.0.0.5", 81,
    )  # fmt: skip
    assert (run.endpoint, run.method, run.body, run.expect_status) == ("/orders?page=2", "POST", "{}", [201])
    assert run.headers == {"Accept": "text/plain", "Authorization": "***", "Content-Type": "application/json"}
    assert private_headers.take(run.pk, run.headers)["Authorization"] == SECRET


@pytest.mark.parametrize(
    ("request_", "expected"),
    [({}, ["p99<50ms", "errors<=0"]), ({"expect": ["rate>1k"]}, ["rate>1k"]), ({"expect": []}, [])],
)
def test_a_run_has_the_budget_of_its_endpoint_unless_it_brings_one(
    request_: dict[str, Any], expected: list[str], client: APIClient, settings: Settings
) -> None:
    settings.BENCH_TARGETS = ("10.0.0.5",)
    put(client, "orders", url="http://10.0.0.5:81", endpoints=[{"path": "/", "expect": [" p99<50ms", "errors<=0"]}])

    response = client.post("/api/benchmark/run", {"target": "orders", **request_}, format="json")

    assert (response.status_code, Run.objects.get().expect) == (202, expected)


def test_a_cleared_credential_is_requested_instead_of_sent_empty(client: APIClient, settings: Settings) -> None:
    settings.BENCH_TARGETS = ("10.0.0.6",)
    put(client, "orders", url="http://10.0.0.5:80", endpoints=[ENDPOINT])
    put(client, "orders", url="http://10.0.0.6:80", endpoints=[WITHOUT_SECRET])

    response = client.post("/api/benchmark/run", {"target": "orders"}, format="json")

    assert (response.status_code, response.json()["code"]) == (409, "secret_cleared")


def test_the_port_of_a_process_that_cannot_be_seen_is_requested_and_remembered(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps = Apps(online=("my api", "my api"), sockets=frozenset({Listener("0.0.0.0", 8081)}))
    for module in (registered, target_views):
        monkeypatch.setattr(module, "fetch_apps", lambda: apps)

    unknown = client.post("/api/benchmark/run", {"target": "my-api"}, format="json")
    put(client, "my-api", pm2="my api", ports=[8081])
    client.post("/api/benchmark/run", {"target": "my-api"}, format="json")
    put(client, "my-api", pm2="my api", ports=[22])
    refused = client.post("/api/benchmark/run", {"target": "my-api"}, format="json")

    assert (unknown.status_code, unknown.json()["code"]) == (409, "port_unknown")
    assert unknown.json()["message"] == (
        "On which port my api listens cannot be seen. If it is still starting, try again once it listens. Else give "
        'the port once: PUT /api/benchmark/targets/my-api {"pm2": "my api", "ports": [8080]}.'
    )
    run = Run.objects.get()
    assert (run.framework, run.host, run.address, run.instances) == ("my-api", "127.0.0.1:8081", "127.0.0.1", 2)
    assert refused.json()["code"] == "target_not_allowed"


def test_the_port_of_a_framework_that_does_not_run_is_no_url_to_load(client: APIClient) -> None:
    body = {"url": "http://localhost:3002/simple", "name": "x"}

    assert client.post("/api/benchmark/run", body, format="json").json()["code"] == "target_not_allowed"


def test_a_framework_whose_port_another_program_has_is_not_loaded(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is online by its name only."""
    monkeypatch.setattr("benchmarks.targets.permitted.own_ports", set)  # the socket is this process's
    port = registry().framework("express").port
    monkeypatch.setattr(registered, "fetch_apps", lambda: Apps(online=("express",)))
    with socket.create_server(("127.0.0.1", port)):
        refused = client.post("/api/benchmark/run", {"framework": "express"}, format="json")
        ours = frozenset({Listener("127.0.0.1", port)})
        monkeypatch.setattr(registered, "fetch_apps", lambda: Apps(online=("express",), sockets=ours))
        accepted = run_request.build_spec({"framework": "express"})

    assert (refused.status_code, refused.json()["code"]) == (400, "target_not_allowed")
    assert (accepted.address, accepted.port) == ("127.0.0.1", port)


def test_a_misspelt_field_is_refused_and_an_answer_is_not(client: APIClient) -> None:
    put(client, "orders", url="http://10.0.0.5:80", endpoints=[ENDPOINT])
    answer = client.get(f"{URL}/orders").json()
    refused = put(client, "orders", url="http://10.0.0.5:80", endpoints=[{"path": "/", "expects": ["p99<50ms"]}])

    assert put(client, **answer).json()["target"] == answer
    assert refused.json()["message"] == (
        "The request is not valid: endpoints.0.expects: There is no such field. The fields are path, method, headers, "
        "body, bodyBase64, contentType, expectStatus, description, expect."
    )


def test_a_target_of_processes_that_are_not_online_says_so_when_it_is_saved(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target_views, "fetch_apps", lambda: Apps(online=("api",), listed=frozenset({"api"})))

    assert put(client, "orders", pm2="api").json()["message"] == "Saved target orders."
    assert put(client, "orders", pm2="apj").json()["message"] == (
        "Saved target orders. Nothing named apj is online under PM2 now."
    )


@pytest.mark.parametrize("kind", ["target", "framework"])
def test_a_stopped_process_is_named_as_such_and_another_name_as_unknown(
    client: APIClient, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(registered, "fetch_apps", lambda: Apps(listed=frozenset({"api"})))

    stopped = client.post("/api/benchmark/run", {kind: "api"}, format="json").json()
    unknown = client.post("/api/benchmark/run", {kind: "apj"}, format="json").json()

    assert (stopped["code"], stopped["message"]) == (
        "target_not_online", "api is not online under PM2. Start it with pm2 start, or POST /api/pm2/start.",
    )  # fmt: skip
    named = "target" if kind == "target" else "framework or target"
    assert (unknown["code"], unknown["message"].partition(". ")[0]) == (
        f"unknown_{kind}", f"No {named} is named 'apj'",
    )  # fmt: skip


def test_a_file_that_is_refused_says_so_in_sentences(client: APIClient, tmp_path: Any) -> None:
    file = tmp_path / "targets.toml"
    file.write_text('[[targets]]\nname = "api"\npm2 = "api"\n[[targets.endpoints]]\npath = "orders"\n')

    with pytest.raises(TargetsUnreadable) as refused:
        import_targets(file, "ann")

    assert str(refused.value) == (
        f"{file}: target 1 ('api'): endpoints.0.path: Must begin with / and consist of the characters of a URL; others "
        "are percent-encoded, a space as %20. No target was changed."
    )


def test_what_a_daemon_listed_before_it_ended_is_not_loaded(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its processes may have ended since, and another program may have their port."""
    process = from_monitor_data({"name": "api", "pid": 7, "pm2_env": {"status": "online"}}, 0.0)
    process = replace(process, ports=(8081,), listeners=(Listener("127.0.0.1", 8081),))
    stats = Stats(
        (process,), Counts(1, 1), DaemonStatus("down", None, None, "/h", message="PM2's daemon for /h is not running."),
        datetime.now(UTC), True, 3.0,
    )  # fmt: skip
    monkeypatch.setattr(current_monitor, "recent_stats", lambda: stats)
    put(client, "own", pm2="api", ports=[8081])

    for name in ("api", "own"):
        refused = client.post("/api/benchmark/run", {"target": name}, format="json")
        assert (refused.status_code, refused.json()["code"], refused.json()["message"]) == (
            409, "target_not_online", "api is not online under PM2. PM2's daemon for /h is not running.",
        )  # fmt: skip
    assert registered.fetch_apps() == Apps(listed=frozenset({"api"}), problem="PM2's daemon for /h is not running.")


def test_a_target_of_pm2_may_say_by_its_url_where_it_answers(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app that speaks TLS, whose port alone says nothing of that."""
    apps = Apps(online=("shop", "shop"), sockets=frozenset({Listener("0.0.0.0", 8443)}))
    for module in (registered, target_views):
        monkeypatch.setattr(module, "fetch_apps", lambda: apps)
    monkeypatch.setattr("benchmarks.targets.permitted.own_ports", set)

    saved = put(client, "shop", pm2="shop", url="https://shop.test:8443", connect="127.0.0.1").json()["target"]
    run = run_request.build_spec({"target": "shop"})

    assert (saved["source"], saved["pm2"], saved["url"], saved["running"]) == (
        "pm2",
        "shop",
        "https://shop.test:8443",
        True,
    )
    assert (run.url, run.address, run.port, run.instances) == ("https://shop.test:8443/", "127.0.0.1", 8443, 2)


def test_a_misspelt_field_of_a_run_is_refused(client: APIClient) -> None:
    response = client.post("/api/benchmark/run", {"target": "api", "expects": ["p99<50ms"]}, format="json")

    assert (response.status_code, list(response.json()["fields"])) == (400, ["expects"])


def test_a_file_of_targets_comes_back_the_same_and_without_credentials(client: APIClient, tmp_path: Any) -> None:
    put(client, "orders", url="http://10.0.0.5:80", endpoints=[ENDPOINT])
    put(client, "jobs", pm2="jobs", ports=[8081])
    before = client.get(URL).json()["targets"]
    file = tmp_path / "targets.toml"

    call_command("targets", "export", str(file))
    call_command("targets", "import", str(file))

    assert "hush" not in file.read_text()
    assert client.get(URL).json()["targets"] == before
    StoredTarget.objects.all().delete()
    call_command("targets", "import", str(file))
    (again,) = [target for target in client.get(URL).json()["targets"] if target["name"] == "orders"]
    assert again["endpoints"][0]["headers"]["Authorization"] == {"secret": True, "missing": True}

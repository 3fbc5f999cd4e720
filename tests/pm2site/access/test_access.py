"""Authentication and permissions, through all middleware."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone
from pytest_django import Settings

from pm2site.access import tokens
from pm2site.access.throttle import attempts
from pm2site.models import Activity

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def _no_failed_attempts() -> Iterator[None]:
    attempts.clear()
    yield
    attempts.clear()


def client(key: str | None = None, *, far: bool = False, **headers: str) -> Client:
    extra = JSON | headers | ({"X-API-Key": key} if key is not None else {})
    return Client(headers={"Host": "localhost", **extra}, REMOTE_ADDR="192.168.1.60" if far else "127.0.0.1")


def status(client: Client, path: str = "/api/activity") -> tuple[int, str | None]:
    response = client.get(path)
    code = response.json().get("code") if response.headers["Content-Type"].startswith("application/json") else None
    return response.status_code, code


def token(name: str = "ci", *, may_act: bool = True, expires_in_s: float | None = None) -> str:
    expires_at = None if expires_in_s is None else timezone.now() + timedelta(seconds=expires_in_s)
    return tokens.create(name, may_act=may_act, expires_at=expires_at)


def paths() -> list[str]:
    """Every URL path of the server, with a value for each parameter."""
    routes = []

    def walk(patterns: Any, prefix: str) -> None:
        for pattern in patterns:
            route = prefix + str(pattern.pattern).lstrip("^").rstrip("$").replace("\\Z", "")
            if hasattr(pattern, "url_patterns"):
                walk(pattern.url_patterns, route)
            else:
                routes.append("/" + re.sub(r"<[^>]+>|\(\?P<[^>]+>[^)]*\)", "1", route))

    walk(get_resolver().url_patterns, "")
    return sorted(set(routes))


OPEN_PATHS = {"/health", "/login", "/logout", "/admin/login/"}


def test_with_a_key_every_path_requires_a_credential(settings: Settings) -> None:
    settings.API_KEY = "k" * 20

    assert len(paths()) > 40
    assert {"/", "/ready", "/api/schema", "/api/docs", "/api/pm2/start", "/admin/"} <= set(paths())
    for path in set(paths()) - OPEN_PATHS:
        for caller in (client(), client("")):
            response = caller.post(path) if path.startswith("/api/") else caller.get(path)
            assert response.status_code == 401, path
            attempts.clear()


def test_health_is_open_and_reveals_little(settings: Settings) -> None:
    settings.API_KEY = "k" * 20

    response = client(far=True).get("/health")

    assert (response.status_code, set(response.json())) == (200, {"status", "timestamp", "uptime"})


def test_the_kinds_of_credential(settings: Settings) -> None:
    settings.API_KEY, settings.API_KEY_READONLY = "the-key", "the-other"
    full, readonly, inactive = token(), token("eve", may_act=False), token("old", expires_in_s=-1)

    assert status(client()) == (401, "not_authenticated")
    for secret in ("the-key", "the-other", full, readonly):
        assert status(client(secret)) == (200, None)
    for header in (f"Token {full}", f"Bearer {full}", "Bearer the-key"):
        assert status(client(Authorization=header)) == (200, None)
    for wrong in ("the-ke", "the-keyy", inactive, "x" * 5000, "käse"):
        assert status(client(wrong)) == (401, "invalid_credential")
    assert status(client(Authorization="Basic dGhlLWtleQ==")) == (401, "not_authenticated")


def test_a_key_in_the_url_is_ignored(settings: Settings) -> None:
    settings.API_KEY = "the-key"

    assert status(client(), "/api/activity?api_key=the-key&token=the-key&X-API-Key=the-key") == (
        401,
        "not_authenticated",
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Upgrade": "websocket"}, {"Upgrade": "websocket", "Connection": "Upgrade"}, {"X-Original-URL": "/health"},
        {"X-Rewrite-URL": "/health"}, {"X-HTTP-Method-Override": "GET"}, {"X-Forwarded-For": "127.0.0.1"},
    ],
)  # fmt: skip
def test_headers_cannot_bypass_authentication(settings: Settings, headers: dict[str, str]) -> None:
    settings.API_KEY = "the-key"

    response = client(far=True, **headers).post("/api/pm2/deleteAll")

    assert response.status_code == 401


def test_a_read_only_credential_may_not_act(settings: Settings) -> None:
    settings.API_KEY, settings.API_KEY_READONLY = "the-key", "the-other"

    for secret in ("the-other", token("eve", may_act=False)):
        response = client(secret).post("/api/benchmark/reload")
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    assert client("the-key").post("/api/benchmark/reload").status_code == 200


@pytest.mark.parametrize(
    ("far", "headers", "expected"),
    [
        (False, {}, 200),
        (False, {"Host": "127.0.0.1:3100"}, 200),
        (True, {}, 401),
        (False, {"Host": "192.168.1.100"}, 401),
        (False, {"X-Forwarded-For": "10.0.0.1"}, 401),
        (False, {"X-Forwarded-Port": "80"}, 401),
        (False, {"Forwarded": "for=10.0.0.1"}, 401),
        (False, {"X-Real-IP": "10.0.0.1"}, 401),
        (False, {"X-API-Key": "a-guess"}, 401),
    ],
)
def test_without_a_key_only_loopback_clients_are_allowed(far: bool, headers: dict[str, str], expected: int) -> None:
    assert client(far=far, **headers).get("/api/activity").status_code == expected


def test_a_remote_client_learns_how_to_authenticate(settings: Settings) -> None:
    response = client(far=True).get("/api/activity")

    assert "Set API_KEY on the server" in response.json()["message"]
    assert response.headers["WWW-Authenticate"] == 'Token realm="pm2site"'


def test_api_open_admits_everyone(settings: Settings) -> None:
    settings.API_OPEN = True

    assert client(far=True).get("/api/activity").status_code == 200


def test_guessing_is_throttled_per_address(settings: Settings) -> None:
    settings.API_KEY = "the-key"

    codes = [client(f"guess-{number}", far=True).get("/api/activity").status_code for number in range(12)]
    blocked = client("guess-12", far=True).get("/api/activity")

    assert codes == [401] * 10 + [429] * 2
    assert 1 <= int(blocked.headers["Retry-After"]) <= 60
    assert client("guess-13").get("/api/activity").status_code == 401  # another address


def test_a_right_key_or_token_passes_although_others_guess_from_its_address(settings: Settings) -> None:
    settings.API_KEY = "the-key"
    ci = token()
    for number in range(12):
        client(f"guess-{number}", far=True).get("/api/activity")

    assert [client(secret, far=True).get("/api/activity").status_code for secret in ("the-key", ci)] == [200, 200]


def test_a_page_redirects_to_the_login(settings: Settings) -> None:
    settings.API_KEY = "the-key"

    response = client(Accept="text/html").get("/admin/")

    assert (response.status_code, response.headers["Location"]) == (302, "/login?next=%2Fadmin%2F")


def logged_in(**form: str) -> tuple[Client, Any]:
    browser = Client(enforce_csrf_checks=True, headers={"Host": "localhost", **JSON})
    browser.get("/login")
    cookie = browser.cookies["pm2site_csrf"].value
    return browser, browser.post("/login", {**form, "csrfmiddlewaretoken": cookie})


def test_a_user_logs_in_and_needs_the_csrf_token_to_act(settings: Settings) -> None:
    settings.API_KEY = "the-key"
    get_user_model().objects.create_user("ada", password="Correct-horse-7", is_staff=True)

    browser, response = logged_in(username="ada", password="Correct-horse-7", next="/api/docs")

    assert (response.status_code, response.headers["Location"]) == (302, "/api/docs")
    assert browser.get("/api/activity").status_code == 200
    assert browser.post("/api/benchmark/reload").status_code == 403
    csrf = {"X-CSRFToken": browser.cookies["pm2site_csrf"].value}
    assert browser.post("/api/benchmark/reload", headers=csrf).status_code == 200


def test_a_key_session_ends_when_the_key_changes(settings: Settings) -> None:
    settings.API_KEY = "the-key"

    browser, response = logged_in(api_key="the-key", next="//evil.com/x")

    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert browser.get("/admin/benchmarks/run/", headers={"Accept": "text/html"}).status_code == 200
    settings.API_KEY = "another-key"
    assert browser.get("/api/activity").status_code == 401


def test_failed_logins_are_throttled(settings: Settings) -> None:
    statuses = [logged_in(username="ada", password="no")[1].status_code for _ in range(11)]

    assert statuses == [401] * 10 + [429]


def test_actions_are_recorded_with_their_actor(settings: Settings) -> None:
    settings.API_KEY = "the-key"
    client("the-key").post("/api/pm2/start", {"framework": "koa"}, content_type="application/json")
    client(far=True).post("/api/pm2/deleteAll")
    client("the-key").post("/api/pm2/stop", b"{bad", content_type="application/json")

    rows = list(
        Activity.objects.order_by("id").values_list("actor", "address", "action", "target", "outcome", "status")
    )

    assert rows == [
        ("API key", "127.0.0.1", "pm2.start", "koa", "refused", 404),
        ("API key", "127.0.0.1", "pm2.stop", "", "refused", 400),
    ]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=x", "limit=1e400", "since=yesterday", "since=%00", "action=%00", "limit=NaN"],
)
def test_invalid_trail_queries_are_refused(query: str) -> None:
    response = client().get(f"/api/activity?{query}")

    assert (response.status_code, response.json()["code"]) == (400, "bad_request")


def test_the_trail_is_filtered() -> None:
    client().post("/api/pm2/start", {"framework": "koa"}, content_type="application/json")
    client().post("/api/pm2/stop", {}, content_type="application/json")

    entries = client().get("/api/activity?action=pm2.start&actor=this machine&limit=5").json()["entries"]

    assert [(entry["action"], entry["target"], entry["outcome"]) for entry in entries] == [
        ("pm2.start", "koa", "refused")
    ]


BODIES = [b"", b"null", b"[]", b'"x"', b"[" * 100_000, b"{bad", b'{"framework":"\xff"}', b'{"framework":"\\ud800"}', b'{"framework":NaN}',
          b'{"framework":"a\\u0000b"}', b'{"framework":"-rf"}', b'{"framework":"; touch x"}', b'{"framework":{"a":1}}', b'{"instances":1e400}',
          b'{"framework":"fastify","instances":"2; x"}', b'{"framework":"fastify","instances":true}', b'{"framework":"fastify","instances":0}',
          b'{"framework":"fastify","instances":101}', b'{"framework":"' + b"a" * 100_000 + b'"}']  # fmt: skip


ENDPOINTS_WITH_A_BODY = ["/api/pm2/start", "/api/pm2/stop", "/api/benchmark/run", "/api/benchmark/add"]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:24]))
@pytest.mark.parametrize("path", ENDPOINTS_WITH_A_BODY)
def test_bad_bodies_are_refused_and_recorded(path: str, body: bytes) -> None:
    response = client().post(path, body, content_type="application/json")

    # stop ignores `instances`, so these bodies are valid for it; there is no daemon here.
    is_valid = path.endswith("stop") and b"instances" in body and b"fastify" in body
    assert response.status_code in ((503,) if is_valid else (400, 404)), response.content
    assert set(response.json()) >= {"error", "message", "code", "requestId"}
    assert Activity.objects.count() == 1


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_only_json_is_accepted(kind: str) -> None:
    response = client().post("/api/pm2/start", b"framework=fastify", content_type=kind)

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/api/pm2/processes/x", "/../../etc/passwd", "/%2e%2e/", "/api/pm2/stats/x"]
)
def test_an_unknown_path_is_not_found(path: str) -> None:
    response = client().get(path, headers={"X-Request-ID": "mine"})

    assert (response.status_code, response.json()) == (
        404,
        {"error": "Not Found", "message": f"There is nothing at {unquote(path)}. See /api/docs.", "code": "not_found",
         "requestId": "mine"},
    )  # fmt: skip


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_an_unknown_path_needs_no_csrf_token(method: str) -> None:
    browser = Client(enforce_csrf_checks=True, headers={"Host": "localhost"}, REMOTE_ADDR="127.0.0.1")
    response = browser.generic(method, "/api/benchmark/runs/a%2Fb", b"{}", content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_the_schema_documents_the_response_of_delete() -> None:
    paths = client().get("/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"}).json()["paths"]
    deletes = {path: list(verbs["delete"]["responses"]) for path, verbs in paths.items() if "delete" in verbs}

    assert deletes == {
        "/api/access/tokens/{token_id}": ["200", "4XX", "5XX"],
        "/api/benchmark/clear": ["200", "4XX", "5XX"],
        "/api/benchmark/runs/{run_id}": ["200", "4XX", "5XX"],
        "/api/benchmark/runs/{run_id}/baseline": ["200", "4XX", "5XX"],
        "/api/benchmark/targets/{name}": ["200", "4XX", "5XX"],
    }


@pytest.mark.parametrize("path", ["/health", "/ready", "/api/pm2/frameworks"])
def test_head_requests_have_no_body(path: str) -> None:
    response = client().head(path)

    assert (response.status_code, response.content) == (200, b"")


def test_wrong_methods_are_refused() -> None:
    assert client().get("/api/pm2/start").json()["code"] == "method_not_allowed"
    assert client().put("/api/pm2/stats").status_code == 405


@pytest.mark.parametrize("path", ["stats", "stop", "delete", "frameworks", "processes/1"])
def test_http_delete_is_not_the_action_delete(path: str) -> None:
    response = client().delete(f"/api/pm2/{path}", {"framework": "fastify"}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("body", [{"lines": "2"}, {"pmId": True}, {"lines": 2.5}])
def test_numbers_are_not_coerced(body: dict[str, object]) -> None:
    response = client().post("/api/pm2/logs", body, content_type="application/json")
    assert (response.status_code, list(response.json()["fields"])) == (400, list(body))


def test_health_is_open_with_a_trailing_slash_and_errors_are_compact(settings: Settings) -> None:
    settings.API_KEY = "k" * 20

    assert [client().get(path).status_code for path in ("/health", "/health/")] == [200, 200]
    assert b'": ' not in client().get("/api/pm2/stats").content


def test_the_schema_is_built_once_and_need_not_be_sent_again() -> None:
    first = client().get("/api/schema")
    again = client().get("/api/schema", headers={"If-None-Match": first.headers["ETag"]})
    as_json = client().get("/api/schema?format=json")

    assert (again.status_code, again.content) == (304, b"")
    assert as_json.headers["Content-Type"] == "application/vnd.oai.openapi+json; charset=utf-8"
    assert yaml.safe_load(first.content) == as_json.json()


def test_every_operation_documents_its_errors() -> None:
    schema = client().get("/api/schema?format=json").json()
    operations = [operation for verbs in schema["paths"].values() for operation in verbs.values()]
    reference = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}

    assert len(operations) > 40
    assert [operation for operation in operations if operation["responses"]["4XX"]["content"] != reference] == []
    assert [operation for operation in operations if operation["responses"]["5XX"]["content"] != reference] == []


@pytest.mark.parametrize("path", ["/", "/login", "/api/docs", "/admin/"])
def test_every_page_restricts_what_it_may_load(path: str) -> None:
    browser = Client(headers={"Host": "localhost"}, REMOTE_ADDR="127.0.0.1")
    browser.force_login(get_user_model().objects.create_superuser("boss"))
    response = browser.get(path)

    assert response.headers["Content-Type"].startswith("text/html")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self';" in policy


def test_guesses_of_the_old_password_are_limited(client: Client) -> None:
    """A session that was left open must not be enough to find out the password."""
    user = get_user_model().objects.create_superuser("ada", password="right password")
    client.force_login(user)
    new = {"new_password1": "An0ther-one", "new_password2": "An0ther-one"}

    def change(old: str) -> int:
        form = {"old_password": old, **new}
        return client.post("/admin/password_change/", form, headers={"Host": "localhost"}).status_code

    try:
        assert [change("wrong") for _ in range(9)] == [200] * 9
        assert change("right password") == 302
        user.refresh_from_db()
        client.force_login(user)
        assert [change("wrong"), change("wrong")] == [200, 429]
    finally:
        attempts.clear()

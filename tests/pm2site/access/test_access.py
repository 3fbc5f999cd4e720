"""Who comes in, through the whole stack of middleware."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import get_resolver
from pytest_django import Settings
from rest_framework.authtoken.models import Token

from pm2site.access.throttle import attempts
from pm2site.http.middleware import RequestMiddleware
from pm2site.models import Activity

pytestmark = pytest.mark.django_db(transaction=True)
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def _no_attempts_yet() -> Iterator[None]:
    attempts.clear()
    yield
    attempts.clear()


def client(key: str | None = None, *, far: bool = False, **headers: str) -> Client:
    given = JSON | headers | ({"X-API-Key": key} if key is not None else {})
    return Client(headers={"Host": "localhost", **given}, REMOTE_ADDR="192.168.1.60" if far else "127.0.0.1")


def status(made: Client, path: str = "/api/activity") -> tuple[int, str | None]:
    answer = made.get(path)
    code = answer.json().get("code") if answer.headers["Content-Type"].startswith("application/json") else None
    return answer.status_code, code


def token(name: str = "ci", *, staff: bool = True, active: bool = True) -> str:
    user = get_user_model().objects.create(username=name, is_staff=staff, is_active=active)
    return str(Token.objects.create(user=user).key)


def paths() -> list[str]:
    """Every address of the server, with something in place of its parameters."""
    found = []

    def walk(patterns: Any, prefix: str) -> None:
        for each in patterns:
            route = prefix + str(each.pattern).lstrip("^").rstrip("$").replace("\\Z", "")
            if hasattr(each, "url_patterns"):
                walk(each.url_patterns, route)
            else:
                found.append("/" + re.sub(r"<[^>]+>|\(\?P<[^>]+>[^)]*\)", "1", route))

    walk(get_resolver().url_patterns, "")
    return sorted(set(found))


OPEN_PATHS = {"/health", "/login", "/logout", "/admin/login/"}


def test_with_a_key_every_address_is_closed(settings: Settings) -> None:
    settings.API_KEY = "k" * 20

    assert len(paths()) > 40
    assert {"/", "/ready", "/api/schema", "/api/docs", "/api/pm2/start", "/admin/"} <= set(paths())
    for path in set(paths()) - OPEN_PATHS:
        for made in (client(), client("")):
            answer = made.post(path) if path.startswith("/api/") else made.get(path)
            assert answer.status_code == 401, path
            attempts.clear()


def test_health_is_open_and_says_little(settings: Settings) -> None:
    settings.API_KEY = "k" * 20

    answer = client(far=True).get("/health")

    assert (answer.status_code, set(answer.json())) == (200, {"status", "timestamp", "uptime"})


def test_the_kinds_of_credential(settings: Settings) -> None:
    settings.API_KEY, settings.API_KEY_READONLY = "the-key", "the-other"
    acting, reading, gone = token(), token("eve", staff=False), token("old", active=False)

    assert status(client()) == (401, "not_authenticated")
    for secret in ("the-key", "the-other", acting, reading):
        assert status(client(secret)) == (200, None)
    for header in (f"Token {acting}", f"Bearer {acting}", "Bearer the-key"):
        assert status(client(Authorization=header)) == (200, None)
    for wrong in ("the-ke", "the-keyy", gone, "x" * 5000, "käse"):
        assert status(client(wrong)) == (401, "invalid_credential")
    assert status(client(Authorization="Basic dGhlLWtleQ==")) == (401, "not_authenticated")


def test_a_key_in_the_url_is_no_key(settings: Settings) -> None:
    settings.API_KEY = "the-key"

    assert status(client(), "/api/activity?api_key=the-key&token=the-key&X-API-Key=the-key") == (
        401,
        "not_authenticated",
    )


@pytest.mark.parametrize(
    "trick",
    [
        {"Upgrade": "websocket"}, {"Upgrade": "websocket", "Connection": "Upgrade"}, {"X-Original-URL": "/health"},
        {"X-Rewrite-URL": "/health"}, {"X-HTTP-Method-Override": "GET"}, {"X-Forwarded-For": "127.0.0.1"},
    ],
)  # fmt: skip
def test_header_tricks_change_nothing(settings: Settings, trick: dict[str, str]) -> None:
    settings.API_KEY = "the-key"

    answer = client(far=True, **trick).post("/api/pm2/deleteAll")

    assert answer.status_code == 401


def test_reading_is_not_acting(settings: Settings) -> None:
    settings.API_KEY, settings.API_KEY_READONLY = "the-key", "the-other"

    for secret in ("the-other", token("eve", staff=False)):
        answer = client(secret).post("/api/benchmark/reload")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
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
def test_without_a_key_only_this_machine_acts(far: bool, headers: dict[str, str], expected: int) -> None:
    assert client(far=far, **headers).get("/api/activity").status_code == expected


def test_a_far_caller_is_told_how(settings: Settings) -> None:
    answer = client(far=True).get("/api/activity")

    assert "Set API_KEY on the server" in answer.json()["message"]
    assert answer.headers["WWW-Authenticate"] == 'Token realm="pm2site"'


def test_an_open_server_is_open(settings: Settings) -> None:
    settings.API_OPEN = True

    assert client(far=True).get("/api/activity").status_code == 200


def test_guessing_is_slowed_down_per_address(settings: Settings) -> None:
    settings.API_KEY = "the-key"

    codes = [client(f"guess-{number}", far=True).get("/api/activity").status_code for number in range(12)]
    blocked = client("the-key", far=True).get("/api/activity")

    assert codes == [401] * 10 + [429] * 2
    assert blocked.status_code == 429
    assert 1 <= int(blocked.headers["Retry-After"]) <= 60
    assert client("the-key").get("/api/activity").status_code == 200


def test_a_page_leads_to_the_login(settings: Settings) -> None:
    settings.API_KEY = "the-key"

    answer = client(Accept="text/html").get("/admin/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=%2Fadmin%2F")


def logged_in(**form: str) -> tuple[Client, Any]:
    made = Client(enforce_csrf_checks=True, headers={"Host": "localhost", **JSON})
    made.get("/login")
    cookie = made.cookies["pm2site_csrf"].value
    return made, made.post("/login", {**form, "csrfmiddlewaretoken": cookie})


def test_a_user_logs_in_and_needs_the_csrf_token_to_act(settings: Settings) -> None:
    settings.API_KEY = "the-key"
    get_user_model().objects.create_user("ada", password="Correct-horse-7", is_staff=True)

    made, answer = logged_in(username="ada", password="Correct-horse-7", next="/api/docs")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/api/docs")
    assert made.get("/api/activity").status_code == 200
    assert made.post("/api/benchmark/reload").status_code == 403
    csrf = {"X-CSRFToken": made.cookies["pm2site_csrf"].value}
    assert made.post("/api/benchmark/reload", headers=csrf).status_code == 200


def test_a_key_logs_in_until_it_changes(settings: Settings) -> None:
    settings.API_KEY = "the-key"

    made, answer = logged_in(api_key="the-key", next="//evil.com/x")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert made.get("/admin/benchmarks/run/", headers={"Accept": "text/html"}).status_code == 200
    settings.API_KEY = "another-key"
    assert made.get("/api/activity").status_code == 401


def test_a_wrong_login_says_so_and_counts(settings: Settings) -> None:
    statuses = [logged_in(username="ada", password="no")[1].status_code for _ in range(11)]

    assert statuses == [401] * 10 + [429]


def test_who_did_what_is_kept(settings: Settings) -> None:
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
def test_the_trail_takes_no_guess(query: str) -> None:
    answer = client().get(f"/api/activity?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


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


TAKERS = ["/api/pm2/start", "/api/pm2/stop", "/api/benchmark/run", "/api/benchmark/add"]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:24]))
@pytest.mark.parametrize("path", TAKERS)
def test_bad_bodies_are_refused_and_recorded(path: str, body: bytes) -> None:
    answer = client().post(path, body, content_type="application/json")

    # stop takes no instances: for it these bodies are right, and there is no daemon here.
    is_right = path.endswith("stop") and b"instances" in body and b"fastify" in body
    assert answer.status_code in ((503,) if is_right else (400, 404)), answer.content
    assert set(answer.json()) >= {"error", "message", "code", "requestId"}
    assert Activity.objects.count() == 1


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_only_json_is_read(kind: str) -> None:
    answer = client().post("/api/pm2/start", b"framework=fastify", content_type=kind)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/api/pm2/processes/x", "/../../etc/passwd", "/%2e%2e/", "/api/pm2/stats/x"]
)
def test_an_address_that_is_none_of_ours(path: str) -> None:
    assert status(client(), path) == (404, "not_found")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_an_address_that_is_none_of_ours_wants_no_csrf_token(method: str) -> None:
    browser = Client(enforce_csrf_checks=True, headers={"Host": "localhost"}, REMOTE_ADDR="127.0.0.1")
    answer = browser.generic(method, "/api/benchmark/runs/a%2Fb", b"{}", content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_schema_says_that_a_delete_has_an_answer() -> None:
    paths = client().get("/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"}).json()["paths"]
    deletes = {path: list(verbs["delete"]["responses"]) for path, verbs in paths.items() if "delete" in verbs}

    assert deletes == {
        "/api/benchmark/clear": ["200"],
        "/api/benchmark/runs/{run_id}": ["200"],
        "/api/benchmark/runs/{run_id}/baseline": ["200"],
    }


@pytest.mark.parametrize("path", ["/health", "/ready", "/api/pm2/frameworks"])
def test_a_monitor_may_ask_for_the_head_only(path: str) -> None:
    answer = client().head(path)

    assert (answer.status_code, answer.content) == (200, b"")


def test_wrong_methods() -> None:
    assert client().get("/api/pm2/start").json()["code"] == "method_not_allowed"
    assert client().put("/api/pm2/stats").status_code == 405


@pytest.mark.parametrize("path", ["stats", "stop", "delete", "frameworks", "processes/1"])
def test_the_verb_delete_is_no_http_method(path: str) -> None:
    answer = client().delete(f"/api/pm2/{path}", {"framework": "fastify"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("body", [{"lines": "2"}, {"pmId": True}, {"lines": 2.5}])
def test_numbers_in_a_body_are_numbers(body: dict[str, object]) -> None:
    answer = client().post("/api/pm2/logs", body, content_type="application/json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, list(body))


def test_health_is_open_in_both_spellings_and_errors_are_compact(settings: Settings) -> None:
    settings.API_KEY = "k" * 20

    assert [client().get(path).status_code for path in ("/health", "/health/")] == [200, 200]
    assert b'": ' not in client().get("/api/pm2/stats").content


def test_a_page_of_django_s_own_about_an_error_is_for_this_machine(settings: Settings) -> None:
    settings.DEBUG, settings.API_OPEN = True, True
    request = RequestFactory().get("/")

    for is_loopback, handled in ((True, False), (False, True)):
        request.is_loopback = is_loopback  # type: ignore[attr-defined]
        answer = RequestMiddleware(lambda _: HttpResponse()).process_exception(request, KeyError("x"))
        assert (answer is not None) == handled

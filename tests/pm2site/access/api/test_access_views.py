"""`/api/access` through all middleware: tokens, the caller, refusals, and what the audit trail says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from pm2site.access import tokens
from pm2site.access.throttle import attempts
from pm2site.models import AccessToken, Activity, Role
from system.lib.wire import iso_time

pytestmark = pytest.mark.django_db
KEY, READ_KEY = "the-key", "the-read-only-key"
TOKENS = "/api/access/tokens"
CREATED = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
Answer = tuple[int, dict[str, Any]]


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> Iterator[None]:
    settings.API_KEY, settings.API_KEY_READONLY = KEY, READ_KEY
    attempts.clear()
    yield
    attempts.clear()


def client(key: str | None = KEY) -> Client:
    return Client(headers={"Host": "localhost", **({"X-API-Key": key} if key else {})})


def read(path: str, key: str | None = KEY) -> Answer:
    response = client(key).get(path)
    return response.status_code, response.json()


def create(body: object, key: str | None = KEY) -> Answer:
    response = client(key).post(TOKENS, body, content_type="application/json")
    return response.status_code, response.json()


def revoke(token_id: object, key: str | None = KEY) -> Answer:
    response = client(key).delete(f"{TOKENS}/{token_id}")
    return response.status_code, response.json()


def without(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in keys}


def test_tokens_are_listed_by_name_without_text_and_digest() -> None:
    past, later = timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1)
    ci, eve = tokens.create("eve", may_act=False, expires_at=past), tokens.create("ci", may_act=True, expires_at=later)
    AccessToken.objects.filter(name="ci").update(created=CREATED, last_used=CREATED)
    AccessToken.objects.filter(name="eve").update(created=CREATED)
    rows = {token.name: token for token in AccessToken.objects.all()}

    status, body = read(TOKENS)

    assert (status, without(body, "timestamp")) == (200, {"tokens": [
        {
            "id": rows["ci"].pk, "name": "ci", "prefix": eve[:8], "role": "act", "createdAt": "2026-11-20T08:30:00.000Z",
            "lastUsed": "2026-11-20T08:30:00.000Z", "expiresAt": iso_time(later), "expired": False,
        },
        {
            "id": rows["eve"].pk, "name": "eve", "prefix": ci[:8], "role": "read",
            "createdAt": "2026-11-20T08:30:00.000Z", "lastUsed": None, "expiresAt": iso_time(past), "expired": True,
        },
    ]})  # fmt: skip


def test_a_token_is_created_with_the_least_rights_and_its_text_sent_once() -> None:
    response = client().post(TOKENS, {"name": "ci"}, content_type="application/json")
    body = response.json()
    row = AccessToken.objects.get()

    assert (response.status_code, response.headers["Cache-Control"]) == (201, "no-store")
    assert response.headers["Location"] == f"{TOKENS}/{row.pk}"
    assert body == {
        "success": True, "message": "Created the token of ci, which may read only.", "secret": body["secret"],
        "token": {
            "id": row.pk, "name": "ci", "prefix": body["secret"][:8], "role": "read", "createdAt": iso_time(row.created),
            "lastUsed": None, "expiresAt": None, "expired": False,
        },
    }  # fmt: skip
    assert (row.digest, row.role) == (tokens.digest(body["secret"]), Role.READ)
    assert body["secret"] not in str(read(TOKENS))
    assert read("/api/access/me", body["secret"])[1]["actor"] == "token ci"


def test_a_token_that_may_act_expires_after_its_days() -> None:
    before = timezone.now()
    status, body = create({"name": "deploy@host", "role": "act", "days": 90})
    expires_at = datetime.fromisoformat(body["token"]["expiresAt"])

    assert (status, body["message"]) == (201, "Created the token of deploy@host, which may act.")
    assert body["token"]["role"] == "act"
    assert timedelta(days=90) <= expires_at - before + timedelta(milliseconds=1) < timedelta(days=90, minutes=10)
    assert create({"name": "next"}, body["secret"])[0] == 201


@pytest.mark.parametrize(("days", "state"), [(1, "a token"), (-1, "an expired token")])
def test_a_name_that_has_a_token_is_never_replaced(days: int, state: str) -> None:
    secret = tokens.create("ci", may_act=True, expires_at=timezone.now() + timedelta(days=days))
    row = AccessToken.objects.get()

    status, body = create({"name": "ci", "role": "act"})

    assert (status, without(body, "requestId")) == (409, {
        "error": "Conflict", "code": "token_exists", "fields": {"id": row.pk},
        "message": f"ci has {state} already. Revoke it first, or choose another name.",
    })  # fmt: skip
    assert AccessToken.objects.get().digest == tokens.digest(secret)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": None}, ["name"]),
        ({"name": 7}, ["name"]),
        ({"name": "two words"}, ["name"]),
        ({"name": " ci"}, ["name"]),
        ({"name": "ci\n"}, ["name"]),
        ({"name": "ci\x1b[31m"}, ["name"]),
        ({"name": "ci\0"}, ["name"]),
        ({"name": "ci\ud800"}, ["name"]),
        ({"name": "ci\u202e"}, ["name"]),
        ({"name": "<b>ci</b>"}, ["name"]),
        ({"name": "../../ci"}, ["name"]),
        ({"name": "x" * 151}, ["name"]),
        ({"name": "ci", "role": "admin"}, ["role"]),
        ({"name": "ci", "role": None}, ["role"]),
        ({"name": "ci", "days": 0}, ["days"]),
        ({"name": "ci", "days": 3651}, ["days"]),
        ({"name": "ci", "days": "9"}, ["days"]),
        ({"name": "ci", "days": True}, ["days"]),
        ([], ["non_field_errors"]),
    ],
)
def test_a_token_that_is_not_valid_is_refused_by_field(body: object, fields: list[str]) -> None:
    status, refused = create(body)

    assert (status, refused["code"], list(refused["fields"])) == (400, "bad_request", fields)
    assert not AccessToken.objects.exists()


def test_a_revoked_token_is_no_longer_valid_and_a_second_revocation_says_so() -> None:
    secret = tokens.create("ci", may_act=True)
    token_id = AccessToken.objects.get().pk

    assert revoke(token_id) == (
        200, {"success": True, "message": "The token of ci is revoked. Its WebSockets close within 2 s."},
    )  # fmt: skip
    status, body = revoke(token_id)
    assert (status, body["code"], body["message"]) == (
        404, "token_not_found", f"There is no token {token_id}. It may have been revoked already.",
    )  # fmt: skip
    assert read("/api/access/me", secret)[1]["code"] == "invalid_credential"


@pytest.mark.parametrize(
    ("token_id", "expected"),
    [
        ("0", "token_not_found"),
        ("9" * 18, "token_not_found"),
        ("9" * 19, "not_found"),
        ("ci", "not_found"),
        ("-1", "not_found"),
        ("%D9%A3", "not_found"),
        ("1%0A", "not_found"),
    ],
)
def test_an_id_that_no_token_has_is_a_404(token_id: str, expected: str) -> None:
    status, body = revoke(token_id)

    assert (status, body["code"]) == (404, expected)


def test_a_token_may_revoke_itself() -> None:
    secret = tokens.create("ci", may_act=True)

    assert revoke(AccessToken.objects.get().pk, secret)[0] == 200
    assert read("/api/access/me", secret)[0] == 401


def test_a_client_that_may_only_read_sees_no_token_and_changes_none() -> None:
    tokens.create("ci", may_act=True)
    token_id = AccessToken.objects.get().pk
    answers = [
        read(TOKENS, READ_KEY), create({"name": "eve"}, READ_KEY), revoke(token_id, READ_KEY),
        read("/api/access/connections", READ_KEY), read("/api/access/me", READ_KEY),
    ]  # fmt: skip

    assert [status for status, _ in answers] == [403, 403, 403, 200, 200]
    assert answers[0][1]["message"] == "read-only API key has read-only access. Tokens are for those who may act."
    assert [token.name for token in AccessToken.objects.all()] == ["ci"]


def test_anyone_of_an_open_server_manages_no_tokens(settings: Settings) -> None:
    settings.API_KEY, settings.API_OPEN = "", True
    tokens.create("ci", may_act=True)
    answers = [read(TOKENS, None), create({"name": "eve"}, None), revoke(AccessToken.objects.get().pk, None)]
    sentence = "With API_OPEN anyone may act, so tokens need more: log in, or run manage.py token on the server."

    assert [(status, body["code"], body["message"]) for status, body in answers] == [(403, "forbidden", sentence)] * 3
    assert read("/api/access/me", None)[1]["via"] == "open"
    assert AccessToken.objects.count() == 1


def caller(key: str | None = KEY) -> dict[str, Any]:
    status, body = read("/api/access/me", key)
    assert status == 200
    return without(body, "timestamp")


def test_each_way_in_has_a_name(settings: Settings) -> None:
    reader = tokens.create("eve", may_act=False)

    assert caller() == {"actor": "API key", "role": "act", "via": "key", "sessionExpiresAt": None}
    assert caller(reader) == {"actor": "token eve", "role": "read", "via": "token", "sessionExpiresAt": None}
    assert read("/api/access/me", None)[0] == 401
    settings.API_KEY = ""
    assert caller(None) == {"actor": "this machine", "role": "act", "via": "local", "sessionExpiresAt": None}


def logged_in() -> Client:
    get_user_model().objects.create_user("ada", password="Correct-horse-7", is_staff=True)
    browser = Client(enforce_csrf_checks=True, headers={"Host": "localhost"})
    browser.get("/login")
    form = {
        "username": "ada",
        "password": "Correct-horse-7",
        "csrfmiddlewaretoken": browser.cookies["pm2site_csrf"].value,
    }
    assert browser.post("/login", form).status_code == 302
    return browser


def test_a_session_knows_its_end_which_a_request_does_not_move() -> None:
    browser = logged_in()
    end = CREATED.replace(year=2099)
    Session.objects.update(expire_date=end)

    assert without(browser.get("/api/access/me").json(), "timestamp") == {
        "actor": "ada", "role": "act", "via": "session", "sessionExpiresAt": iso_time(end),
    }  # fmt: skip
    assert list(Session.objects.values_list("expire_date", flat=True)) == [end]


def test_a_session_needs_its_csrf_token_to_create_and_to_revoke() -> None:
    browser = logged_in()
    tokens.create("ci", may_act=True)
    path = f"{TOKENS}/{AccessToken.objects.get().pk}"
    body = {"name": "eve"}

    refused = [browser.post(TOKENS, body, content_type="application/json"), browser.delete(path)]
    assert [response.status_code for response in refused] == [403, 403]
    csrf = {"X-CSRFToken": browser.cookies["pm2site_csrf"].value}
    created = browser.post(TOKENS, body, content_type="application/json", headers=csrf)
    assert (created.status_code, browser.delete(path, headers=csrf).status_code) == (201, 200)
    assert [token.name for token in AccessToken.objects.all()] == ["eve"]


def test_the_audit_trail_has_the_actions_of_the_command_and_no_secret() -> None:
    secret = create({"name": "ci", "role": "act"})[1]["secret"]
    create({"name": "ci"})
    revoke(AccessToken.objects.get().pk, secret)
    revoke(7)
    entries = Activity.objects.order_by("pk")

    assert list(entries.values_list("actor", "action", "target", "outcome")) == [
        ("API key", "token.create", "ci", "ok"),
        ("API key", "token.create", "ci", "refused"),
        ("token ci", "token.revoke", "ci", "ok"),
        ("API key", "token.revoke", "7", "refused"),
    ]
    assert re.search(f"{secret}|{tokens.digest(secret)}", str(list(entries.values()))) is None

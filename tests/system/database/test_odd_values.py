"""Rows of every table that hold what SQLite should not have stored: lists, pages and commands show the others."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.models import Max, Min
from django.test import Client

from pm2.instance_tracking import instance_store
from pm2.models import Exit, Instance
from pm2site.access import tokens
from pm2site.models import AccessToken, Activity
from system.database.odd_values import parse_time
from system.stored_times import NO_TIME, format_time

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 2, 3, 4, 5, 600, UTC)
TIMES = ["'soon'", "''", "5", "x'ff'", "'2026-13-45 00:00:00'", "'2026-01-01'", "9e999"]
TEXTS = ["CAST(x'ff' AS text)", "x'0062'", "CAST(x'0062' AS text)"]


def store(table: str, assignment: str) -> None:
    """In the newest row, past every door of the program."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {assignment} WHERE id = (SELECT max(id) FROM {table})")  # noqa: S608


def browser() -> Client:
    client = Client(headers={"Host": "localhost"})
    client.force_login(get_user_model().objects.create_superuser("ada"))
    return client


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-02 03:04:05.000600", AT), ("2026-01-02 05:04:05.000600+02:00", AT), ("soon", NO_TIME), ("", NO_TIME),
        ("2026-02-30 00:00:00", NO_TIME), ("0001-01-01 00:00:00+02:00", NO_TIME),
        ("9999-12-31 23:00:00-02:00", NO_TIME),
    ],
)  # fmt: skip
def test_a_stored_time(text: str, time: datetime) -> None:
    assert parse_time(text) == time


def test_bytes_and_damaged_text_are_read_as_text() -> None:
    for stored, read in zip(TEXTS, ["�", "\0b", "\0b"], strict=True):
        Activity.objects.create(actor="ada", action="x", status=200)
        store("pm2site_activity", f"actor = {stored}, target = ''")
        assert Activity.objects.values_list("actor", "target").last() == (read, "")
        Activity.objects.all().delete()


def test_the_earliest_and_the_latest_time() -> None:
    Activity.objects.create(actor="ada", action="x", status=200, at=AT)
    assert Activity.objects.aggregate(Min("at"), Max("at")) == {"at__min": AT, "at__max": AT}
    store("pm2site_activity", "at = 'soon'")
    assert Activity.objects.aggregate(Min("at"), Max("at")) == {"at__min": NO_TIME, "at__max": NO_TIME}


@pytest.mark.parametrize(
    "assignment", [*(f"at = {at}" for at in TIMES), *(f"message = {text}, actor = {text}" for text in TEXTS)]
)
def test_the_audit_trail_shows_every_entry(assignment: str) -> None:
    client = browser()
    for number in range(2):
        Activity.objects.create(actor="ada", action=f"pm2.{number}", status=200, outcome="ok")
    store("pm2site_activity", assignment)

    pages = ["/", "/api/activity", "/admin/pm2site/activity/", "/admin/pm2site/activity/?q=pm2"]
    newest = Activity.objects.order_by("-id")[0]
    pages.append(f"/admin/pm2site/activity/{newest.pk}/change/")
    answers = {page: client.get(page) for page in pages}

    assert {page: answer.status_code for page, answer in answers.items()} == dict.fromkeys(pages, 200)
    assert {entry["action"] for entry in answers["/api/activity"].json()["entries"]} == {"pm2.0", "pm2.1"}
    assert str(newest).startswith(format_time(newest.at))


@pytest.mark.parametrize("assignment", ["name = CAST(x'ff' AS text)", "last_used = 'soon', expires_at = '2026-13-45'"])
def test_every_token_is_listed(assignment: str) -> None:
    client = browser()
    tokens.create("ci", may_act=True)
    tokens.create("zz", may_act=False)
    store("pm2site_accesstoken", assignment)
    out = io.StringIO()

    call_command("token", stdout=out)

    assert [line.split()[0] for line in sorted(out.getvalue().splitlines())] == ["ci", AccessToken.objects.last().name]  # type: ignore[union-attr]
    assert client.get("/admin/pm2site/accesstoken/").status_code == 200


def test_a_token_whose_end_is_no_time_has_ended() -> None:
    secret = tokens.create("ci", may_act=True)
    assert tokens.find(secret) is not None
    store("pm2site_accesstoken", "expires_at = 'soon'")
    assert tokens.find(secret) is None


ODD_EXITS = [
    *(f"at = {at}" for at in TIMES), *(f"text = {text}" for text in TEXTS), "stderr = 'null'", "stderr = '[5, \"x\"]'",
    "samples = '[[1, 2], null, [\"a\", 1, 2]]'", "exit_code = x'ff'", "cause = 'magic'", "uptime_seconds = 'long'",
    "instance_id = 999",
]  # fmt: skip


@pytest.mark.parametrize("assignment", ODD_EXITS)
def test_exits_are_listed(assignment: str) -> None:
    client = browser()
    instance = Instance.objects.create(token="t", home=str(settings.PM2_HOME), name="api", pm_id=1)
    for _ in range(2):
        Exit.objects.create(at=AT, instance=instance, cause="crash", text="It crashed.", samples=[[1, 2, 3]])
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA defer_foreign_keys = 1")
    store("pm2_exit", assignment)
    newest = Exit.objects.order_by("-id")[0].pk

    exits = instance_store.load_exits(10)
    answers = [client.get(f"/admin/pm2/exit/{page}").status_code for page in ("", "?q=a", f"{newest}/change/")]
    Exit.objects.all().delete()  # the end of the test checks the foreign keys

    assert exits[-1].at == AT
    assert answers in ([200, 200, 200], [200, 200, 302])

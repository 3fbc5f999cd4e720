"""Tokens at rest: hashed, expiring, converted from REST framework's."""

from __future__ import annotations

import importlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from pm2site.access import auth, tokens
from pm2site.access.auth import Credential
from pm2site.errors import InvalidCredential, TokenExists
from pm2site.models import AccessToken
from system.database.deferred_writes import deferred_writes

pytestmark = pytest.mark.django_db
KEY, READ_KEY, OLD_KEY = "a" * 40, "b" * 40, "c" * 40
CREATED = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


def test_the_text_of_a_token_is_nowhere_in_its_row() -> None:
    secret = tokens.create("ci", may_act=True)
    [row] = AccessToken.objects.values()

    assert secret not in str(row)
    assert (row["prefix"], row["digest"]) == (secret[:8], tokens.digest(secret))


def test_a_token_is_valid_until_it_expires() -> None:
    lasting = tokens.create("a", may_act=False, expires_at=timezone.now() + timedelta(hours=1))
    expired = tokens.create("b", may_act=True, expires_at=timezone.now() - timedelta(seconds=1))

    assert auth.check_secret(lasting, "192.0.2.1") == Credential("token", "token a", False, tokens.digest(lasting))
    with pytest.raises(InvalidCredential):
        auth.check_secret(expired, "192.0.2.1")
    credentials = [Credential("token", "", True, tokens.digest(secret)) for secret in (lasting, expired, "gone")]
    assert auth.select_valid(credentials) == {credentials[0]}


def test_a_token_whose_use_cannot_be_recorded_works_and_waits_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: list[object] = []
    monkeypatch.setattr(tokens, "_deferred_s", {})
    monkeypatch.setattr(deferred_writes, "add", waiting.append)
    secret = tokens.create("ci", may_act=True)
    credentials = [auth.check_secret(secret, "192.0.2.1") for _ in range(3)]

    assert ([credential.actor for credential in credentials], len(waiting)) == (["token ci"] * 3, 1)


def test_the_use_of_a_token_is_recorded_to_the_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_deferred_s", {})
    secret = tokens.create("ci", may_act=True)
    auth.check_secret(secret, "192.0.2.1")
    first = AccessToken.objects.get().last_used
    auth.check_secret(secret, "192.0.2.1")

    assert first
    assert AccessToken.objects.get().last_used == first
    AccessToken.objects.update(last_used=first - timedelta(minutes=2))
    tokens._deferred_s.clear()  # as two minutes later
    auth.check_secret(secret, "192.0.2.1")
    assert AccessToken.objects.filter(last_used__gte=first).exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the lock of SQLite")
@pytest.mark.django_db(transaction=True)
def test_nobody_else_writes_between_the_look_for_a_name_and_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    insert, locked = tokens._insert, []

    def insert_beside_a_writer(*arguments: Any) -> tuple[str, AccessToken]:
        with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                locked.append(str(error))
        return insert(*arguments)

    monkeypatch.setattr(tokens, "_insert", insert_beside_a_writer)
    tokens.create("ci", may_act=True)
    tokens.create_new("eve", may_act=True)

    assert locked == ["database is locked"] * 2
    with pytest.raises(TokenExists, match="ci has a token already"):
        tokens.create_new("ci", may_act=True)


def test_tokens_of_rest_framework_go_on_working_and_are_no_longer_readable() -> None:
    users = get_user_model().objects
    owners = [
        users.create(username="ci", is_staff=True),
        users.create(username="eve", is_staff=False),
        users.create(username="old", is_staff=True, is_active=False),
    ]
    kind = ContentType.objects.create(app_label="authtoken", model="tokenproxy")
    LogEntry.objects.create(
        user=owners[0], content_type=kind, object_id=KEY, object_repr=KEY, action_flag=ADDITION, change_message=""
    )
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE authtoken_token (key varchar(40) PRIMARY KEY, created datetime, user_id integer)")
        for key, owner in zip((KEY, READ_KEY, OLD_KEY), owners, strict=True):
            cursor.execute("INSERT INTO authtoken_token VALUES (%s, %s, %s)", [key, CREATED, owner.pk])

    migration = importlib.import_module("pm2site.migrations.0002_access_tokens")
    migration.convert_tokens(apps, SimpleNamespace(connection=connection))

    assert list(AccessToken.objects.values_list("name", "prefix", "digest", "role", "created")) == [
        ("ci", "a" * 8, tokens.digest(KEY), "act", CREATED),
        ("eve", "b" * 8, tokens.digest(READ_KEY), "read", CREATED),
    ]
    assert auth.check_secret(KEY, "192.0.2.1").may_act
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM authtoken_token")
        assert cursor.fetchone() == (0,)
        cursor.execute("DROP TABLE authtoken_token")
    assert list(LogEntry.objects.values_list("object_id", "object_repr")) == [("", "token")]

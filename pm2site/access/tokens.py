"""Tokens for scripts: random, shown once, and stored as their SHA-256 hash.

A token has 160 random bits, so a fast hash suffices: there is nothing to guess, unlike with a password.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from pm2site.errors import TokenExists, TokenNotFound
from pm2site.models import AccessToken, Role
from system.database.deferred_writes import deferred_writes

TOKEN_BYTES = 20
PREFIX_LENGTH = 8
LAST_USED_STEP = timedelta(minutes=1)  # `last_used` is written at most this often

_deferred_s: dict[int, float] = {}  # primary key → monotonic time: a locked database gets one write per token a minute


def digest(secret: str) -> str:
    """Hexadecimal SHA-256 of a token."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def create(name: str, *, may_act: bool, expires_at: datetime | None = None) -> str:
    """Replaces the tokens of `name` by a new one, and returns its text, which is stored nowhere."""
    with _only_writer():
        AccessToken.objects.filter(name=name).delete()
        return _insert(name, may_act, expires_at)[0]


def create_new(name: str, *, may_act: bool, expires_at: datetime | None = None) -> tuple[str, AccessToken]:
    """The text of a new token, which is stored nowhere, and its row. Raises TokenExists if `name` has one."""
    with _only_writer():
        existing = AccessToken.objects.filter(name=name).first()
        if existing is not None:
            raise TokenExists(name, existing.pk, is_expired=not is_valid(existing))
        return _insert(name, may_act, expires_at)


def revoke(token_id: int) -> str:
    """Deletes the token and returns its name. Raises TokenNotFound."""
    token = AccessToken.objects.filter(pk=token_id).first()
    if token is None or not token.delete()[0]:
        raise TokenNotFound(token_id)
    return token.name


@contextmanager
def _only_writer() -> Iterator[None]:
    """A transaction beside which no other one writes tokens: their names are unique by it, not by the table."""
    with transaction.atomic():
        if connection.vendor == "postgresql":  # in SQLite a transaction is the only one from its beginning
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {AccessToken._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
        yield


def _insert(name: str, may_act: bool, expires_at: datetime | None) -> tuple[str, AccessToken]:
    secret = secrets.token_hex(TOKEN_BYTES)
    token = AccessToken.objects.create(
        name=name,
        prefix=secret[:PREFIX_LENGTH],
        digest=digest(secret),
        role=Role.ACT if may_act else Role.READ,
        expires_at=expires_at,
    )
    return secret, token


def find(secret: str) -> AccessToken | None:
    """The valid token with this text; None if there is none or it has expired."""
    token = AccessToken.objects.filter(digest=digest(secret)).first()
    return token if token is not None and is_valid(token) else None


def is_valid(token: AccessToken) -> bool:
    return token.expires_at is None or token.expires_at > timezone.now()


def select_valid(digests: set[str]) -> set[str]:
    """The digests of tokens that exist and have not expired."""
    rows = AccessToken.objects.filter(digest__in=digests)
    return {token.digest for token in rows if is_valid(token)}


def record_use(token: AccessToken) -> None:
    """Sets `last_used`, if it is older than a minute. The request does not wait for that, nor fail with it."""
    now, now_s = timezone.now(), time.monotonic()
    is_recent = token.last_used is not None and now - token.last_used <= LAST_USED_STEP
    if is_recent or now_s - _deferred_s.get(token.pk, -math.inf) <= LAST_USED_STEP.total_seconds():
        return
    _deferred_s[token.pk] = now_s
    with suppress(DatabaseError):
        deferred_writes.add(partial(AccessToken.objects.filter(pk=token.pk).update, last_used=now))

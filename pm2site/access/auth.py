"""Identifies the client by API key, token, session or its user on this machine, with one rule for HTTP and /ws."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.http import HttpRequest
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from pm2site.access import peer_user, tokens
from pm2site.access.csrf import SessionCsrfCheck
from pm2site.access.request_head import RequestHead, is_loopback
from pm2site.access.throttle import attempts
from pm2site.errors import InvalidCredential
from pm2site.models import Role

log = structlog.get_logger("pm2site.access")

KEY_USERS = {"api-key": "API_KEY", "api-key-readonly": "API_KEY_READONLY"}  # users for log-ins with a key → setting
KEY_FINGERPRINT = "key_print"  # session entry; a changed key invalidates the session


@dataclass(frozen=True, slots=True)
class Credential:
    """An identified client. `kind`: key, token, session, loopback or open; `proof`: the token's hash or the session's
    key, to check again whether it is still valid."""

    kind: str
    actor: str
    may_act: bool
    proof: str = ""


LOOPBACK = Credential("loopback", "this machine", may_act=True)
OPEN = Credential("open", "anyone", may_act=True)


def is_equal(given: str, secret: str) -> bool:
    """Compares in constant time, independent of the lengths; an empty secret never matches."""
    digests = (hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest() for text in (given, secret))
    return bool(secret) and hmac.compare_digest(*digests)


def key_fingerprint(key: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), key.encode(), "sha256").hexdigest()[:32]


def secret_from_headers(headers: Mapping[str, str]) -> str | None:
    """The key or token in the headers; None for an Authorization of another scheme."""
    if "x-api-key" in headers:
        return headers["x-api-key"].strip()
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() in ("token", "bearer") else None


def key_credential(secret: str) -> Credential | None:
    """The credential of an API key; None if it is none."""
    if is_equal(secret, settings.API_KEY):
        return Credential("key", "API key", may_act=True)
    if is_equal(secret, settings.API_KEY_READONLY):
        return Credential("key", "read-only API key", may_act=False)
    return None


def check_secret(secret: str, address: str) -> Credential:
    """The credential for a key or token. Raises InvalidCredential, or TooManyAttempts after ten wrong ones.

    A right one passes even then: it cannot be guessed, and a proxy's other clients must not be locked out.
    """
    credential = key_credential(secret) or _token_credential(secret)
    if credential is None:
        attempts.count(address)
        raise InvalidCredential
    return credential


def _token_credential(secret: str) -> Credential | None:
    token = tokens.find(secret) if secret else None
    if token is None:
        return None
    try:
        tokens.record_use(token)
    except DatabaseError as error:  # a locked or full database must not keep scripts out
        log.warning("use of a token was not recorded", token=token.name, error=str(error))
    return Credential("token", f"token {token.name}", token.role == Role.ACT, token.digest)


def session_credential(session_key: str) -> Credential | None:
    """The credential of a logged-in session; None if it has ended, or the key or password it began with has changed."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user: Any = get_user(request)
    if not user.is_authenticated or not user.is_active:
        return None
    setting = KEY_USERS.get(user.get_username())
    if setting:
        key = getattr(settings, setting)
        if not key or not is_equal(str(request.session.get(KEY_FINGERPRINT, "")), key_fingerprint(key)):
            return None
    return Credential("session", user.get_username(), bool(user.is_staff), session_key)


def anonymous_credential(head: RequestHead) -> Credential | None:
    """The credential of a client that sends none; None if one is required."""
    if settings.API_KEY:
        return None
    if settings.API_OPEN:
        return OPEN
    return LOOPBACK if is_loopback(head) and _is_own_user(head) else None


def _is_own_user(head: RequestHead) -> bool:
    """Whether the client runs as the server's user, asked of the kernel once per connection."""
    if head.client is None or head.server is None:
        return True
    if head.connection.is_own_user is None:
        head.connection.is_own_user = peer_user.is_own_user(head.client, head.server)
    return head.connection.is_own_user


def needs_database(head: RequestHead) -> bool:
    """Whether `identify` reads tokens or sessions."""
    secret = secret_from_headers(head.headers)
    return key_credential(secret) is None if secret is not None else session_key(head) is not None


def identify(head: RequestHead) -> Credential | None:
    """The client's one identity; None if a credential is required and none was sent.

    A header wins over a session, and a session that is no longer valid is nobody's. Raises InvalidCredential,
    TooManyAttempts, and the database's errors.
    """
    secret = secret_from_headers(head.headers)
    if secret is not None:
        return check_secret(secret, head.address)
    key = session_key(head)
    return (session_credential(key) if key else None) or anonymous_credential(head)


def session_key(head: RequestHead) -> str | None:
    """The value of the session cookie."""
    if settings.SESSION_COOKIE_NAME not in head.cookies:
        return None
    try:
        morsel = SimpleCookie(head.cookies).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    return (morsel.value or None) if morsel else None


def select_valid(credentials: Collection[Credential]) -> set[Credential]:
    """The credentials that are still valid: no deleted token, no inactive user, no ended session."""
    digests = {credential.proof for credential in credentials if credential.kind == "token"}
    live = tokens.select_valid(digests) if digests else set()
    return {
        credential
        for credential in credentials
        if not credential.proof
        or credential.proof in live
        or (credential.kind == "session" and session_credential(credential.proof) is not None)
    }


class CredentialAuthentication(SessionAuthentication):
    """Passes the request's credential to REST framework; unsafe requests of a session need a CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        credential = getattr(request._request, "credential", None)
        if credential is None:
            return None
        if credential.kind == "session":
            self.enforce_csrf(request._request)
            return request._request.user, credential
        return AnonymousUser(), credential

    def enforce_csrf(self, request: Any) -> None:
        check = SessionCsrfCheck(lambda _: None)  # type: ignore[arg-type]
        check.process_request(request)
        reason = check.process_view(request, None, (), {})  # type: ignore[arg-type]
        if reason:
            raise PermissionDenied(f"CSRF check failed: {reason}")

"""Identifies the client by API key, token, session or loopback address, with the same rules for HTTP and /ws."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework.authentication import SessionAuthentication
from rest_framework.authtoken.models import Token
from rest_framework.request import Request

from pm2site.access.throttle import attempts
from pm2site.errors import InvalidCredential

PROXY_HEADERS = ("forwarded", "x-real-ip", "x-forwarded-")
KEY_USERS = {"api-key": "API_KEY", "api-key-readonly": "API_KEY_READONLY"}  # users for log-ins with a key → setting
KEY_FINGERPRINT = "key_print"  # session entry; a changed key invalidates the session


@dataclass(frozen=True, slots=True)
class Credential:
    """An identified client. `kind`: key, token, session, loopback or open; `proof`: token or user id to recheck."""

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


def _is_loopback(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if host.count(":") == 1 else host
    name = name.removeprefix("[").split("]")[0]
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.lower() == "localhost"


def is_local(address: str, headers: Mapping[str, str]) -> bool:
    """Whether peer and Host are loopback and no header indicates a proxy."""
    if any(name.startswith(PROXY_HEADERS) for name in headers):
        return False
    return _is_loopback(address) and _is_loopback(headers.get("host", ""))


def secret_from_headers(headers: Mapping[str, str]) -> str | None:
    """The key or token in the headers; None for an Authorization of another scheme."""
    if "x-api-key" in headers:
        return headers["x-api-key"].strip()
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() in ("token", "bearer") else None


def check_secret(secret: str, address: str) -> Credential:
    """The credential for a key or token. Raises InvalidCredential, TooManyAttempts."""
    attempts.check(address)
    if is_equal(secret, settings.API_KEY):
        return Credential("key", "API key", may_act=True)
    if is_equal(secret, settings.API_KEY_READONLY):
        return Credential("key", "read-only API key", may_act=False)
    token = None
    if secret and "\0" not in secret:
        token = Token.objects.select_related("user").filter(key=secret[:40]).first()
    if token is None or not token.user.is_active or not is_equal(secret, token.key):
        attempts.record_failure(address)
        raise InvalidCredential
    return Credential("token", f"token {token.user.get_username()}", bool(token.user.is_staff), token.key)


def session_credential(user: Any, session: Mapping[str, Any]) -> Credential | None:
    """The credential of a logged-in user; None if the key used to log in has changed since."""
    if not user.is_authenticated or not user.is_active:
        return None
    setting = KEY_USERS.get(user.get_username())
    if setting:
        key = getattr(settings, setting)
        if not key or not is_equal(str(session.get(KEY_FINGERPRINT, "")), key_fingerprint(key)):
            return None
    return Credential("session", user.get_username(), bool(user.is_staff), str(user.pk))


def anonymous_credential(address: str, headers: Mapping[str, str]) -> Credential | None:
    """The credential of a client that sends none; None if one is required."""
    if settings.API_KEY:
        return None
    if settings.API_OPEN:
        return OPEN
    return LOOPBACK if is_local(address, headers) else None


def identify_request(request: HttpRequest) -> Credential | None:
    """For HTTP. Raises InvalidCredential, TooManyAttempts. Queries the database only if a credential was sent."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    address = str(request.META.get("REMOTE_ADDR") or "")
    secret = secret_from_headers(headers)
    if secret is not None:
        return check_secret(secret, address)
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        credential = session_credential(request.user, request.session)
        if credential:
            return credential
    return anonymous_credential(address, headers)


def scope_headers(scope: Mapping[str, Any]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def scope_address(scope: Mapping[str, Any]) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


async def identify_scope(scope: Mapping[str, Any]) -> Credential | None:
    """For the handshake of /ws; None if a credential is required and none was sent."""
    headers, address = scope_headers(scope), scope_address(scope)
    secret = secret_from_headers(headers)
    if secret is not None:
        return await identify_secret(secret, address)
    session_key = _cookie(headers, settings.SESSION_COOKIE_NAME)
    if session_key:
        credential = await sync_to_async(_load_session_credential, thread_sensitive=False)(session_key)
        if credential:
            return credential
    return anonymous_credential(address, headers)


async def identify_secret(secret: str, address: str) -> Credential:
    """For `{"type":"auth"}`. Raises InvalidCredential, TooManyAttempts."""
    return await sync_to_async(check_secret, thread_sensitive=False)(secret, address)


def _cookie(headers: Mapping[str, str], name: str) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return morsel.value if morsel else None


def _load_session_credential(session_key: str) -> Credential | None:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return session_credential(get_user(request), request.session)


async def select_valid(credentials: Collection[Credential]) -> set[Credential]:
    """The credentials not revoked since, by deleting the token or deactivating the user."""
    return await sync_to_async(_select_valid, thread_sensitive=False)(credentials)


def _select_valid(credentials: Collection[Credential]) -> set[Credential]:
    tokens = {credential.proof for credential in credentials if credential.kind == "token"}
    users = {credential.proof for credential in credentials if credential.kind == "session"}
    live_tokens = set(
        Token.objects.filter(key__in=tokens, user__is_active=True).values_list("key", flat=True) if tokens else ()
    )
    live_users = set(
        get_user_model().objects.filter(pk__in=users, is_active=True).values_list("pk", flat=True) if users else ()
    )
    live = live_tokens | {str(pk) for pk in live_users}
    return {credential for credential in credentials if not credential.proof or credential.proof in live}


class CredentialAuthentication(SessionAuthentication):
    """Passes AccessMiddleware's credential to REST framework; unsafe requests of a session need a CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        credential = getattr(request._request, "credential", None)
        if credential is None:
            return None
        if credential.kind == "session":
            self.enforce_csrf(request._request)  # type: ignore[arg-type]
            return request._request.user, credential
        return AnonymousUser(), credential

"""Who is asking: API key, token, session, or this machine. The same rules for HTTP and for /ws."""

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
from pm2site.errors import CredentialMissing, InvalidCredential, TooManyAttempts

FORWARDING = ("forwarded", "x-real-ip", "x-forwarded-")
KEY_USERS = {"api-key": "API_KEY", "api-key-readonly": "API_KEY_READONLY"}  # who logged in with a key
KEY_PRINT = "key_print"  # session entry: which key it was, so that a changed key ends the session


@dataclass(frozen=True, slots=True)
class Credential:
    """Who acts. `kind`: key, token, session, loopback or open; `proof`: what a revocation is looked up by."""

    kind: str
    actor: str
    may_act: bool
    proof: str = ""


LOOPBACK = Credential("loopback", "this machine", may_act=True)
OPEN = Credential("open", "anyone", may_act=True)


def is_same(given: str, secret: str) -> bool:
    """Compared in constant time, whatever the lengths."""
    digests = (hashlib.sha256(each.encode("utf-8", "surrogateescape")).digest() for each in (given, secret))
    return bool(secret) and hmac.compare_digest(*digests)


def key_print(key: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), key.encode(), "sha256").hexdigest()[:32]


def _is_loopback(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if host.count(":") == 1 else host
    name = name.removeprefix("[").split("]")[0]
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.lower() == "localhost"


def is_local(address: str, headers: Mapping[str, str]) -> bool:
    """A loopback peer and a loopback Host, and no sign of a proxy in between."""
    if any(name.startswith(FORWARDING) for name in headers):
        return False
    return _is_loopback(address) and _is_loopback(headers.get("host", ""))


def presented(headers: Mapping[str, str]) -> str | None:
    """The key or token that the headers carry; an Authorization of another scheme is no credential of ours."""
    if "x-api-key" in headers:
        return headers["x-api-key"].strip()
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() in ("token", "bearer") else None


def check_secret(secret: str, address: str) -> Credential:
    """The credential that a key or token stands for. Raises InvalidCredential, TooManyAttempts."""
    attempts.check(address)
    if is_same(secret, settings.API_KEY):
        return Credential("key", "API key", may_act=True)
    if is_same(secret, settings.API_KEY_READONLY):
        return Credential("key", "read-only API key", may_act=False)
    token = None
    if secret and "\0" not in secret:
        token = Token.objects.select_related("user").filter(key=secret[:40]).first()
    if token is None or not token.user.is_active or not is_same(secret, token.key):
        attempts.failed(address)
        raise InvalidCredential
    return Credential("token", f"token {token.user.get_username()}", bool(token.user.is_staff), token.key)


def of_session(user: Any, session: Mapping[str, Any]) -> Credential | None:
    """The credential of a logged-in user; None once the key that they logged in with has changed."""
    if not user.is_authenticated or not user.is_active:
        return None
    setting = KEY_USERS.get(user.get_username())
    if setting:
        key = getattr(settings, setting)
        if not key or not is_same(str(session.get(KEY_PRINT, "")), key_print(key)):
            return None
    return Credential("session", user.get_username(), bool(user.is_staff), str(user.pk))


def without_credential(address: str, headers: Mapping[str, str]) -> Credential | None:
    """What a caller may be who shows nothing."""
    if settings.API_KEY:
        return None
    if settings.API_OPEN:
        return OPEN
    return LOOPBACK if is_local(address, headers) else None


def identify_request(request: HttpRequest) -> Credential | None:
    """For HTTP. Raises InvalidCredential, TooManyAttempts. Asks the database only when something was shown."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    address = str(request.META.get("REMOTE_ADDR") or "")
    secret = presented(headers)
    if secret is not None:
        return check_secret(secret, address)
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        credential = of_session(request.user, request.session)
        if credential:
            return credential
    return without_credential(address, headers)


def scope_headers(scope: Mapping[str, Any]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def scope_address(scope: Mapping[str, Any]) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


async def identify_scope(scope: Mapping[str, Any]) -> Credential | None:
    """For the handshake of /ws; None: nothing was shown, and something is needed."""
    headers, address = scope_headers(scope), scope_address(scope)
    secret = presented(headers)
    if secret is not None:
        return await identify_message(secret, address)
    session_key = _cookie(headers, settings.SESSION_COOKIE_NAME)
    if session_key:
        credential = await sync_to_async(_session_credential, thread_sensitive=False)(session_key)
        if credential:
            return credential
    return without_credential(address, headers)


async def identify_message(secret: str, address: str) -> Credential:
    """For `{"type":"auth"}`. Raises InvalidCredential, TooManyAttempts."""
    return await sync_to_async(check_secret, thread_sensitive=False)(secret, address)


def _cookie(headers: Mapping[str, str], name: str) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return morsel.value if morsel else None


def _session_credential(session_key: str) -> Credential | None:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return of_session(get_user(request), request.session)


async def still_valid(credentials: Collection[Credential]) -> set[Credential]:
    """Those that have not been revoked since: tokens deleted, users switched off."""
    return await sync_to_async(_still_valid, thread_sensitive=False)(credentials)


def _still_valid(credentials: Collection[Credential]) -> set[Credential]:
    tokens = {each.proof for each in credentials if each.kind == "token"}
    users = {each.proof for each in credentials if each.kind == "session"}
    live_tokens = set(
        Token.objects.filter(key__in=tokens, user__is_active=True).values_list("key", flat=True) if tokens else ()
    )
    live_users = set(
        get_user_model().objects.filter(pk__in=users, is_active=True).values_list("pk", flat=True) if users else ()
    )
    live = live_tokens | {str(pk) for pk in live_users}
    return {each for each in credentials if not each.proof or each.proof in live}


class CredentialAuthentication(SessionAuthentication):
    """Hands REST framework what AccessMiddleware found; a session must show its CSRF token to change things."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        credential = getattr(request._request, "credential", None)
        if credential is None:
            return None
        if credential.kind == "session":
            self.enforce_csrf(request._request)  # type: ignore[arg-type]
            return request._request.user, credential
        return AnonymousUser(), credential


__all__ = [
    "Credential",
    "CredentialMissing",
    "InvalidCredential",
    "TooManyAttempts",
    "identify_message",
    "identify_scope",
    "still_valid",
]

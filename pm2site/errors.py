"""Errors of access control and of the HTTP edge, and the body of every error response."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.conf import settings

from system.lib.errors import Conflict, NotFound, ReportedError


def new_request_id() -> str:
    return f"{random.getrandbits(64):016x}"  # no secret, and the kernel's random bytes cost 5 µs


def error_body(
    status: int, code: str, message: str, request_id: str, fields: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The JSON body of every error response."""
    body = {"error": HTTPStatus(status).phrase, "message": message, "code": code, "requestId": request_id}
    return {**body, "fields": fields} if fields else body


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused before any view sees it."""

    status: int
    code: str
    message: str

    @classmethod
    def body_too_large(cls, limit: int) -> Refusal:
        """`limit`: bytes."""
        return cls(413, "body_too_large", f"The body is larger than {limit // 1024} KiB.")


class AccessError(ReportedError):
    """The base of this app's errors."""


class InvalidCredential(AccessError):
    """The given key or token is unknown."""

    status = HTTPStatus.UNAUTHORIZED

    auth_header = 'Token realm="pm2site"'

    def __init__(self) -> None:
        super().__init__("Invalid key or token. Send X-API-Key: KEY or Authorization: Token TOKEN.")


class CredentialMissing(AccessError):
    """A credential is required and none was given."""

    status = HTTPStatus.UNAUTHORIZED
    code = "not_authenticated"

    auth_header = 'Token realm="pm2site"'

    def __init__(self) -> None:
        message = (
            "This server requires an API key. Send it as X-API-Key, or a token as Authorization: Token …"
            if settings.API_KEY
            else "Without a key, only the user who runs the server may act, from this machine. "
            "Set API_KEY on the server and send it as X-API-Key."
        )
        super().__init__(message)


class TooManyAttempts(AccessError):
    """Ten invalid credentials within a minute from one address."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"Too many invalid credentials from this address. Try again in {retry_after_s:.0f} s.")
        self.retry_after_s = retry_after_s


class TokenExists(AccessError, Conflict):
    """A token has the name already. `token_id`: its id."""

    def __init__(self, name: str, token_id: int, *, is_expired: bool) -> None:
        state = "an expired token" if is_expired else "a token"
        super().__init__(f"{name} has {state} already. Revoke it first, or choose another name.", id=token_id)


class TokenNotFound(AccessError, NotFound):
    """There is no token with the id."""

    def __init__(self, token_id: int) -> None:
        super().__init__(f"There is no token {token_id}. It may have been revoked already.")


class ServerBusy(ReportedError):
    """More requests wait for a thread than the server accepts. `kind`: reads, actions, logins or streams."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    retry_after_s = 1.0

    def __init__(self, kind: str, waiting: int) -> None:
        super().__init__(f"The server is busy: {waiting} {kind} are waiting. Try again in a second.")


class ServerStopping(ReportedError):
    """The server stopped before the request was done."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    retry_after_s = 2.0

    def __init__(self) -> None:
        super().__init__("The server is stopping, and the request may be unfinished. Repeat it after the restart.")


class DatabaseUnusable(Exception):
    """The database or a copy of it cannot be used, or not now. Only commands meet it, never a client of the server."""

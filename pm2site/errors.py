"""Errors of access control."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings

from system.lib.errors import ReportedError


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
            else "Without a key, only requests from this machine are accepted. "
            "Set API_KEY on the server and send it as X-API-Key."
        )
        super().__init__(message)


class TooManyAttempts(AccessError):
    """Ten invalid credentials within a minute from one address."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"Too many invalid credentials from this address. Try again in {retry_after_s:.0f} s.")
        self.retry_after_s = retry_after_s

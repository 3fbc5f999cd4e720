"""What access can refuse.

AccessProblem
├── InvalidCredential    a key or token was given, and it is not one of ours
├── CredentialMissing    nothing was given, and the caller may not act without
└── TooManyAttempts      too many wrong credentials came from this address
"""

from __future__ import annotations

from django.conf import settings


class AccessProblem(Exception):
    """The root of this app's errors."""


class InvalidCredential(AccessProblem):
    """A key or token was given, and it is not one of ours."""

    auth_header = 'Token realm="pm2site"'

    def __init__(self) -> None:
        super().__init__("This key or token is not valid. Send X-API-Key: KEY or Authorization: Token TOKEN.")


class CredentialMissing(AccessProblem):
    """Nothing was given, and the caller may not act without."""

    auth_header = 'Token realm="pm2site"'

    def __init__(self) -> None:
        said = (
            "This server has an API_KEY. Send it as X-API-Key, or a token as Authorization: Token …"
            if settings.API_KEY
            else "Only this machine may act without a key. Set API_KEY on the server and send it as X-API-Key."
        )
        super().__init__(said)


class TooManyAttempts(AccessProblem):
    """Ten wrong credentials within a minute came from this address."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"Too many wrong keys from this address. Try again in {retry_after_s:.0f} s.")
        self.retry_after_s = retry_after_s

"""Errors raised by the client.

ClientError
├── Usage                   invalid command line; exit code 2
│   └── ConfigError         invalid environment variable or flag
├── WireError               the server sent malformed data
├── Unreachable             cannot connect: refused, unknown host, TLS, proxy
│   └── ResponseTimeout     connected, but no response before the deadline
└── Refused                 the server returned an error (`status`, `code`, `request_id`, `fields`)
    ├── NotAuthenticated    401: missing or wrong key
    ├── Forbidden           403: the key lacks permission
    └── Unsupported         404 or 405: the server is too old for this endpoint
"""

from __future__ import annotations

from collections.abc import Mapping


class ClientError(Exception):
    """Base class; `str()` is a sentence for the user."""


class Usage(ClientError):
    pass


class ConfigError(Usage):
    pass


class WireError(ClientError):
    pass


class Unreachable(ClientError):
    pass


class ResponseTimeout(Unreachable):
    pass


class Refused(ClientError):
    """`code`: the server's error code; empty if the response did not come from the server itself."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str = "",
        request_id: str = "",
        fields: Mapping[str, object] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.fields = fields or {}
        self.retry_after_s = retry_after_s


class NotAuthenticated(Refused):
    pass


class Forbidden(Refused):
    pass


class Unsupported(Refused):
    pass

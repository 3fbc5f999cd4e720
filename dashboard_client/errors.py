"""Everything that can go wrong between this client and a server.

ClientError
├── Usage                   the command line asks for what makes no sense; exit code 2
│   └── ConfigError         a variable or flag that cannot be used
├── WireError               the server sent something that is not what it promised
├── Unreachable             no answer: refused, no such name, TLS, a proxy in between
│   └── NoAnswer            a connection, but no answer in time
└── Refused                 the server answered with an error (`status`, `code`, `request_id`, `fields`)
    ├── NotAuthenticated    401: no key, or a wrong one
    ├── Forbidden           403: the key may not do this
    └── Unsupported         404 or 405 at an address that newer servers have
"""

from __future__ import annotations

from collections.abc import Mapping


class ClientError(Exception):
    """Its text is a sentence for people."""


class Usage(ClientError):
    pass


class ConfigError(Usage):
    pass


class WireError(ClientError):
    pass


class Unreachable(ClientError):
    pass


class NoAnswer(Unreachable):
    pass


class Refused(ClientError):
    """`code` is the server's word for it, empty when the answer was not the server's own."""

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

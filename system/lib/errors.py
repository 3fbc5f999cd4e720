"""The base of every error that a client of the server may see: a sentence, an HTTP status, a code, and fields. [pure]

The code is the class's name in snake_case, unless the class sets another one; it is part of the wire. An app's errors
derive from the app's base and from one of the six kinds below, whose status they get.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


class ReportedError(Exception):
    """`fields`: details for programs, sent unchanged. `retry_after_s`: sent as Retry-After."""

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "internal_error"
    fields: Mapping[str, object] | None = None
    retry_after_s: float | None = None

    def __init__(self, message: str = "", **fields: object) -> None:
        super().__init__(message)
        if fields:
            self.fields = fields

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in cls.__dict__:
            cls.code = _WORD_START.sub("_", cls.__name__).lower()


class Invalid(ReportedError):
    """The request cannot be fulfilled as it is."""

    status = HTTPStatus.BAD_REQUEST


class NotFound(ReportedError):
    status = HTTPStatus.NOT_FOUND


class Conflict(ReportedError):
    """The current state does not allow the action."""

    status = HTTPStatus.CONFLICT


class Unavailable(ReportedError):
    """A program or service that the action needs is missing or not responding."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class TimedOut(ReportedError):
    status = HTTPStatus.GATEWAY_TIMEOUT


class Upstream(ReportedError):
    """Another program refused, failed, or sent something unreadable."""

    status = HTTPStatus.BAD_GATEWAY

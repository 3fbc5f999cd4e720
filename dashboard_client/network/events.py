"""What the connection, its streams and API calls report. Times are monotonic seconds. [pure]"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Connecting:
    """A try begins. `attempt` counts from 1 and starts again once a connection has held."""

    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Connected:
    """The server let us in. `is_polling`: over HTTP, because /ws is refused; `reason` says why."""

    received_at_s: float
    streams: tuple[str, ...] = ()
    is_polling: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """No connection. `retry_in_s`: None when trying again makes no sense (a wrong key); `code`: of the close."""

    reason: str
    at_s: float
    retry_in_s: float | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """A stream's newest value, or its newest items: one of `wire.STREAMS`. `timestamp`: the server's clock."""

    stream: str
    value: object
    received_at_s: float
    timestamp: str = ""


@dataclass(frozen=True, slots=True)
class Missed:
    """Items of a stream are lost; `missed`: None when nobody knows how many."""

    stream: str
    missed: int | None = None


@dataclass(frozen=True, slots=True)
class Complained:
    """The server, or what it sent, could not be followed; the connection stays. `stream`: None for all of it."""

    message: str
    stream: str | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class ApiAnswered:
    """The answer to the call that the effect named `call_id`; `value` from `wire`."""

    call_id: str
    value: object


@dataclass(frozen=True, slots=True)
class ApiFailed:
    """`code`: the server's word, empty when it did not answer; `status`: 0 then."""

    call_id: str
    message: str
    code: str = ""
    status: int = 0


NetworkEvent = Connecting | Connected | Disconnected | Metric | Missed | Complained | ApiAnswered | ApiFailed

"""Events of the connection, its streams and API calls. Times are monotonic seconds. [pure]"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Connecting:
    """An attempt starts. `attempt` counts from 1 and is reset after a stable connection."""

    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Connected:
    """Connected and authenticated. `is_polling`: over HTTP because /ws is unavailable; `reason`: why."""

    received_at_s: float
    streams: tuple[str, ...] = ()
    is_polling: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """Failed or lost connection. `retry_in_s`: None if retrying is pointless (wrong key); `code`: close code."""

    reason: str
    at_s: float
    retry_in_s: float | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True)
class StreamData:
    """The latest value or items of a stream in `host_and_pm2.STREAMS`. `timestamp`: the server's clock."""

    stream: str
    value: object
    received_at_s: float
    timestamp: str = ""


@dataclass(frozen=True, slots=True)
class Missed:
    """Items of a stream were lost; `missed`: how many, None if unknown."""

    stream: str
    missed: int | None = None


@dataclass(frozen=True, slots=True)
class ErrorReported:
    """The server sent an error or invalid data; the connection stays open. `stream`: None for the whole connection."""

    message: str
    stream: str | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class ApiSucceeded:
    """The response to the call with this `call_id`, as a type of `wire`."""

    call_id: str
    value: object


@dataclass(frozen=True, slots=True)
class ApiFailed:
    """`code`: the server's error code; empty, with `status` 0, if there was no response."""

    call_id: str
    message: str
    code: str = ""
    status: int = 0


NetworkEvent = Connecting | Connected | Disconnected | StreamData | Missed | ErrorReported | ApiSucceeded | ApiFailed

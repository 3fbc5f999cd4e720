"""What happens to the dashboard: events that `update` takes. [pure]

The first group comes from the feed and the API, the second from the terminal, the third is what became of
effects. Times are monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `name`: the character itself, or one of `NAMED_KEYS`, or `ctrl-` and a letter."""

    name: str


NAMED_KEYS = (
    "up", "down", "left", "right", "enter", "escape", "tab", "backtab", "backspace", "delete", "home", "end",
    "pageup", "pagedown", "f1",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pasted:
    text: str


@dataclass(frozen=True, slots=True)
class Mouse:
    """`kind`: press, up or down (the wheel). Cells from the top left corner, from 0."""

    kind: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Resize:
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time goes on. `wall`: local time, for people."""

    now_s: float
    wall: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resumed:
    """The terminal is ours again after `Suspend`."""


TerminalEvent = Key | Pasted | Mouse | Resize | Tick | Resumed


@dataclass(frozen=True, slots=True)
class Saved:
    """A file was written."""

    path: str


@dataclass(frozen=True, slots=True)
class NotSaved:
    """`message`: a sentence with the path and the reason."""

    message: str


@dataclass(frozen=True, slots=True)
class Copied:
    """The text went to the terminal's clipboard; nobody says whether it arrived, so it is in a file too."""

    characters: int
    sent: int  # terminals take no more than so much
    path: str = ""


@dataclass(frozen=True, slots=True)
class Switched:
    """The feed and the API now belong to another server."""

    server: str


@dataclass(frozen=True, slots=True)
class NotSwitched:
    """The address cannot be used; everything stays."""

    message: str


OutcomeEvent = Saved | NotSaved | Copied | Switched | NotSwitched

Event = NetworkEvent | TerminalEvent | OutcomeEvent

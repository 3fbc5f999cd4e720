"""Events that `update` handles. [pure]

The first group comes from the live connection and the API, the second from the terminal; the third are the results of
effects. Times are monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard_client.network.events import (
    ApiFailed as ApiFailed,
)
from dashboard_client.network.events import (
    ApiSucceeded as ApiSucceeded,
)
from dashboard_client.network.events import (
    Connected as Connected,
)
from dashboard_client.network.events import (
    Connecting as Connecting,
)
from dashboard_client.network.events import (
    Disconnected as Disconnected,
)
from dashboard_client.network.events import (
    ErrorReported as ErrorReported,
)
from dashboard_client.network.events import (
    Missed as Missed,
)
from dashboard_client.network.events import (
    NetworkEvent as NetworkEvent,
)
from dashboard_client.network.events import (
    StreamData as StreamData,
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key press. `name`: the character itself, one of `NAMED_KEYS`, or `ctrl-` and a letter."""

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
    """`kind`: press, or up or down of the wheel. `x`, `y`: the cell, from 0 at the top left."""

    kind: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Resize:
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Once a second. `wall`: local time, for display."""

    now_s: float
    wall: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resumed:
    """The process continues after `Suspend`."""


TerminalEvent = Key | Pasted | Mouse | Resize | Tick | Resumed


@dataclass(frozen=True, slots=True)
class Saved:
    """A file was written."""

    path: str


@dataclass(frozen=True, slots=True)
class NotSaved:
    """`message`: a sentence naming the file and the reason."""

    message: str


@dataclass(frozen=True, slots=True)
class Copied:
    """The text was sent to the terminal's clipboard. OSC 52 has no acknowledgement, so the text is in a file too."""

    characters: int
    sent_characters: int  # fewer than `characters` if the text exceeds what terminals accept
    path: str = ""


@dataclass(frozen=True, slots=True)
class Switched:
    """The live connection and the API now use another server."""

    server: str


@dataclass(frozen=True, slots=True)
class NotSwitched:
    """The address is invalid; the current server is kept."""

    message: str


EffectResult = Saved | NotSaved | Copied | Switched | NotSwitched

Event = NetworkEvent | TerminalEvent | EffectResult

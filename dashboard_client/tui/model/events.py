"""What happens to the dashboard: events that `update` takes. [pure]

The first group comes from the feed and the API, the second from the terminal, the third is what became of
effects. Times are monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard_client.network.events import (
    ApiAnswered as ApiAnswered,
)
from dashboard_client.network.events import (
    ApiFailed as ApiFailed,
)
from dashboard_client.network.events import (
    Complained as Complained,
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
    Metric as Metric,
)
from dashboard_client.network.events import (
    Missed as Missed,
)
from dashboard_client.network.events import (
    NetworkEvent as NetworkEvent,
)


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

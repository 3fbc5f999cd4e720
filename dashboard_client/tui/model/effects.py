"""What `update` asks the program to do. It does nothing itself. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Call:
    """Call `Endpoints.endpoint(**arguments)`, read it as `reads`; then ApiAnswered or ApiFailed with `call_id`."""

    call_id: str
    endpoint: str
    reads: type[object]
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Also changes the interval, and the filter, of a stream that is subscribed already."""

    stream: str
    interval_ms: int
    wanted: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    stream: str


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Now, without waiting for the next try."""


@dataclass(frozen=True, slots=True)
class SwitchServer:
    """Then Switched or NotSwitched."""

    server: str


@dataclass(frozen=True, slots=True)
class SaveFile:
    """`name`: a file name without a folder; an existing file is never replaced. Then Saved or NotSaved."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Export:
    """Save the benchmark history in `format`: json, csv, md or benchstat. Then Saved or NotSaved."""

    format: str


@dataclass(frozen=True, slots=True)
class Copy:
    """To the clipboard of the terminal (OSC 52), and to a file. Then Copied or NotSaved."""

    text: str


@dataclass(frozen=True, slots=True)
class CatchMouse:
    """`wanted` False leaves the mouse to the terminal, so that text can be selected with it."""

    wanted: bool


@dataclass(frozen=True, slots=True)
class SwitchTheme:
    """The other of the two themes, at once."""


@dataclass(frozen=True, slots=True)
class Redraw:
    """Paint every cell again."""


@dataclass(frozen=True, slots=True)
class Suspend:
    """Give the terminal back and stop, as Ctrl-Z does; then Resumed."""


@dataclass(frozen=True, slots=True)
class Quit:
    pass


Effect = (
    Call
    | Subscribe
    | Unsubscribe
    | Reconnect
    | SwitchServer
    | SaveFile
    | Export
    | Copy
    | CatchMouse
    | SwitchTheme
    | Redraw
    | Suspend
    | Quit
)

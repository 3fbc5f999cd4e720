"""Side effects that `update` returns; `runtime` and `effect_runner` perform them. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Call:
    """Call `Endpoints.<api_method>(**arguments)` and decode the response as `response_type`; results in ApiSucceeded or
    ApiFailed with `call_id`."""

    call_id: str
    api_method: str
    response_type: type[object]
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Also changes the interval and the filters of an existing subscription."""

    stream: str
    interval_ms: int
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    stream: str


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Immediately, without waiting for the next attempt."""


@dataclass(frozen=True, slots=True)
class SwitchServer:
    """Results in Switched or NotSwitched."""

    server: str


@dataclass(frozen=True, slots=True)
class SaveFile:
    """`name`: a file name without a folder; an existing file is never replaced. Results in Saved or NotSaved."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Export:
    """Save the benchmark history in `format`: json, csv, md or benchstat. Results in Saved or NotSaved."""

    format: str


@dataclass(frozen=True, slots=True)
class Copy:
    """To the terminal's clipboard (OSC 52) and to a file. Results in Copied."""

    text: str


@dataclass(frozen=True, slots=True)
class CaptureMouse:
    """`is_enabled=False` leaves the mouse to the terminal, for selecting text."""

    is_enabled: bool


@dataclass(frozen=True, slots=True)
class SwitchTheme:
    """Toggle between the dark and the light theme."""


@dataclass(frozen=True, slots=True)
class Redraw:
    """Repaint every cell."""


@dataclass(frozen=True, slots=True)
class Suspend:
    """Restore the terminal and stop the process, as Ctrl-Z does; results in Resumed."""


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
    | CaptureMouse
    | SwitchTheme
    | Redraw
    | Suspend
    | Quit
)

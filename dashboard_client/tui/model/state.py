"""The state of the terminal dashboard, as one frozen value. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dashboard_client.tui.model.charts import HOST_CHART, Chart, Point
from dashboard_client.tui.model.server_requests import ServerRequest
from dashboard_client.tui.model.windows import Window
from dashboard_client.wire.benchmarks import BenchmarkProgress, BenchmarkResult, RunProgress
from dashboard_client.wire.host_and_pm2 import HostStats, Pm2Stats, Process
from dashboard_client.wire.redis import RedisStats
from dashboard_client.wire.system_config import SystemConfig

PANELS = ("pm2", "redis", "benchmarks", "run", "activity", "cpu", "memory")  # 1 to 5 are the keys of the first five
LISTS = ("pm2", "redis", "benchmarks", "activity")
CHARTS = ("cpu", "memory")
HISTORY_S = 60.0
FAST_MS, SLOW_MS = 1000, 5000
INTERVALS_MS: Mapping[str, int] = {
    "system:metrics": FAST_MS,
    "pm2:stats": FAST_MS,
    "benchmark:progress": FAST_MS,
    "redis:stats": SLOW_MS,
    "pm2:events": FAST_MS,
    "activity": FAST_MS,
}
STALE_AFTER = 2.5  # intervals without a value; a single late sample does not count
MAX_ACTIVITY_LINES = 100
MAX_RESULTS = 100
TOAST_S = 6.0
SORTS: Mapping[str, tuple[str, ...]] = {
    "pm2": ("id", "cpu", "memory", "name", "restarts"),
    "redis": ("port", "ops", "memory"),
    "benchmarks": ("newest", "rate", "framework"),
}


@dataclass(frozen=True, slots=True)
class Link:
    """The connection. `phase`: connecting, live, polling, offline, or rejected: the key is wrong, no more attempts."""

    phase: str = "connecting"
    attempt: int = 1
    reason: str = ""
    since_s: float = 0.0
    retry_at_s: float | None = None
    code: int | None = None
    was_up: bool = False

    @property
    def is_up(self) -> bool:
        return self.phase in ("live", "polling")


@dataclass(frozen=True, slots=True)
class StreamValue:
    """A stream's newest value and its time of arrival: `at_s` monotonic, `wall` local time."""

    value: object
    at_s: float
    wall: datetime | None = None


@dataclass(frozen=True, slots=True)
class LiveData:
    """The data that panels draw. Pausing keeps the current one on screen while a newer one is updated. `cpu`, `memory`:
    of the host, in percent and MB."""

    stream_values: Mapping[str, StreamValue] = field(default_factory=dict)
    cpu: tuple[Point, ...] = ()
    memory: tuple[Point, ...] = ()
    rates: tuple[Point, ...] = ()  # requests/s of the run with id `rates_run`
    rates_run: str = ""
    results: tuple[BenchmarkResult, ...] | None = None

    def value(self, stream: str) -> object | None:
        newest = self.stream_values.get(stream)
        return newest.value if newest else None

    @property
    def host(self) -> HostStats | None:
        value = self.value("system:metrics")
        return value if isinstance(value, HostStats) else None

    @property
    def pm2(self) -> Pm2Stats | None:
        value = self.value("pm2:stats")
        return value if isinstance(value, Pm2Stats) else None

    @property
    def redis(self) -> RedisStats | None:
        value = self.value("redis:stats")
        return value if isinstance(value, RedisStats) else None

    @property
    def runs(self) -> tuple[RunProgress, ...]:
        value = self.value("benchmark:progress")
        return value.runs if isinstance(value, BenchmarkProgress) else ()

    @property
    def processes(self) -> tuple[Process, ...]:
        return self.pm2.processes if self.pm2 else ()


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """A line of the activity log. `tone`: ok, warn, bad or plain."""

    at: datetime | None
    kind: str
    text: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Toast:
    text: str
    tone: str
    until_s: float


@dataclass(frozen=True, slots=True)
class PendingCall:
    """An API call in flight: a request of the user, or one in the background, whose `purpose` selects the handler and
    the window that waits for the response."""

    since_s: float
    purpose: str = ""
    request: ServerRequest | None = None

    @property
    def title(self) -> str:
        """Shown to the user; empty for a background call."""
        return self.request.title if self.request else ""


@dataclass(frozen=True, slots=True)
class State:
    server: str
    width: int = 80
    height: int = 24
    now_s: float = 0.0
    wall: datetime | None = None
    is_read_only: bool = False
    link: Link = Link()
    live: LiveData = LiveData()
    paused: LiveData | None = None
    paused_at_s: float = 0.0
    config: SystemConfig | None = None
    activity: tuple[ActivityLine, ...] = ()
    toast: Toast | None = None
    pending_calls: Mapping[str, PendingCall] = field(default_factory=dict)
    next_call: int = 1
    focus: str = "pm2"
    is_zoomed: bool = False
    selected: Mapping[str, str] = field(default_factory=dict)  # panel → identity of the row
    filters: Mapping[str, str] = field(default_factory=dict)
    sorts: Mapping[str, int] = field(default_factory=dict)  # index into SORTS
    reversed_panels: frozenset[str] = frozenset()
    is_filtering: bool = False  # keys edit the filter of the focused panel
    windows: tuple[Window, ...] = ()
    marked_run: str = ""  # the first of two runs to compare
    is_selecting: bool = False  # the mouse is released to the terminal, for selecting text
    host_chart: Chart = HOST_CHART  # of the panels cpu and memory
    history_problem: str = ""  # why the server has no history: charts are those of the streams
    happened_s: float = 0.0  # when a stream last brought what the history annotates
    server_clock_s: float | None = None  # the server's Unix time at `now_s` 0, once it is known

    @property
    def displayed(self) -> LiveData:
        return self.paused or self.live

    @property
    def top_window(self) -> Window | None:
        return self.windows[-1] if self.windows else None


def clock_offset_s(state: State) -> float:
    """What to add to monotonic times for the server's Unix time; by the local clock until the server has sent its."""
    if state.server_clock_s is not None:
        return state.server_clock_s
    return state.wall.timestamp() - state.now_s if state.wall else 0.0


def age_s(state: State, stream: str) -> float | None:
    """Seconds since the stream's value arrived, by the client's clock; None before the first."""
    newest = state.displayed.stream_values.get(stream)
    return max(0.0, state.now_s - newest.at_s) if newest else None


def is_stale(state: State, stream: str) -> bool:
    age = age_s(state, stream)
    return age is not None and age > STALE_AFTER * INTERVALS_MS.get(stream, FAST_MS) / 1000

"""Types for processes, host, logs, exits and activity, and the stream they arrive on. [pure]

Built with `decode.convert(Pm2Stats, payload)`. Fields without a default are required; others fall back to it when
missing or of the wrong type. Times are UTC; MB is 2^20 bytes; strings contain no control characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dashboard_client.errors import WireError
from dashboard_client.wire.benchmarks import BenchmarkProgress
from dashboard_client.wire.decode import clean, convert
from dashboard_client.wire.redis import RedisStats


@dataclass(frozen=True, slots=True)
class Process:
    """`cpu`: percent of one core, `memory`: MB, both for the process tree. PM2 reuses `pm_id`. `ports`: those on which
    the tree listens; an older server states only `port`."""

    pm_id: int
    name: str
    namespace: str = ""
    pid: int = 0
    status: str = "unknown"
    exec_mode: str = ""
    instances: int = 1
    cpu: float = 0.0
    memory: float = 0.0
    memory_bytes: int = 0
    uptime_seconds: float = 0.0
    restarts: int = 0
    unstable_restarts: int = 0
    exit_code: int | None = None
    framework: str | None = None
    port: int | None = None
    interpreter: str = ""
    user: str = ""
    version: str = ""
    ports: tuple[int, ...] = ()

    @property
    def ports_text(self) -> str:
        """`3000, 9229`; empty if none is known."""
        known = self.ports or (() if self.port is None else (self.port,))
        return ", ".join(str(port) for port in known)


@dataclass(frozen=True, slots=True)
class Counts:
    online: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Daemon:
    """`state`: up, down, updating or incompatible; `message`: the reason if not up."""

    state: str = "up"
    version: str | None = None
    pid: int | None = None
    home: str = ""
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Dump:
    """The saved list, against the current one. `missing`: names that a reboot would not bring back as they are;
    `extra`: saved names that are not listed; `startup`: enabled, missing or unknown; `problem`: a sentence."""

    path: str
    saved_at: datetime | None = None
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    startup: str = "unknown"
    problem: str | None = None

    def loss(self, processes: int) -> str:
        """Why a reboot would not bring this many processes back, in a few words; empty if it would, or nobody knows."""
        if not processes:
            return ""
        if self.missing:
            return f"not saved: {self.missing[0]}" + (f" +{len(self.missing) - 1}" if len(self.missing) > 1 else "")
        return "no pm2 startup" if self.startup == "missing" else ""


@dataclass(frozen=True, slots=True)
class Pm2Stats:
    """`stale`: the daemon is unavailable; the list is `age_seconds` old. `dump`: of servers that look at it."""

    processes: tuple[Process, ...]
    counts: Counts = Counts()
    daemon: Daemon = Daemon()
    timestamp: datetime | None = None
    stale: bool = False
    age_seconds: float = 0.0
    dump: Dump | None = None


@dataclass(frozen=True, slots=True)
class ExitSample:
    seconds_before: float
    cpu: float = 0.0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Exit:
    """One process exit. `text`: a short description; `stderr`: the last lines."""

    name: str
    pm_id: int = -1
    at: datetime | None = None
    exit_code: int | None = None
    signal: str | None = None
    cause: str = "unknown"
    text: str = ""
    by: str | None = None
    uptime_seconds: float | None = None
    stderr: tuple[str, ...] = ()
    samples: tuple[ExitSample, ...] = ()
    id: int | None = None


@dataclass(frozen=True, slots=True)
class ProcessPage:
    """Process details beyond `Process`, which is converted from the same JSON object."""

    script: str = ""
    cwd: str = ""
    arguments: tuple[str, ...] = ()
    node_version: str = ""
    out_log: str = ""
    err_log: str = ""
    created_at_ms: float | None = None
    watch: bool = False
    max_memory_restart: int | None = None
    metrics: Mapping[str, str] = field(default_factory=dict)
    exits: tuple[Exit, ...] = ()


@dataclass(frozen=True, slots=True)
class HostStats:
    """`cpu` and `memory_percent`: percent of the whole host; `memory`, `total_memory`: MB.

    `unreadable`: why figures are None, by kind: cpu, memory, …
    """

    cpu: float | None
    memory: float | None
    total_memory: float | None
    uptime: str = ""
    load_avg: str = ""
    timestamp: datetime | None = None
    cpu_per_core: tuple[float, ...] = ()
    cpu_count: int = 0
    memory_percent: float | None = None
    swap_bytes: int | None = None
    swap_total_bytes: int | None = None
    disk_percent: float | None = None
    disk_free_bytes: int | None = None
    network_in_bytes_per_second: float | None = None
    network_out_bytes_per_second: float | None = None
    uptime_seconds: float | None = None
    load_average: tuple[float, ...] = ()
    hostname: str = ""
    platform: str = ""
    node_version: str | None = None
    python_version: str = ""
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def explain(self, kind: str) -> str:
        """Why the figures of this kind are missing."""
        return f"Not readable: {self.unreadable.get(kind, 'no reason given')}"


@dataclass(frozen=True, slots=True)
class LogLine:
    """`at`: None for lines written before the server started; `pm_id`: None if instances share the log file."""

    text: str
    name: str = ""
    pm_id: int | None = None
    stream: str = "out"
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogLines:
    lines: tuple[LogLine, ...]


@dataclass(frozen=True, slots=True)
class Pm2Event:
    """`kind`: exit, restarted, appeared, deleted, status, daemon; `text`: a sentence."""

    kind: str
    text: str = ""
    name: str | None = None
    pm_id: int | None = None
    at: datetime | None = None
    exit: Exit | None = None


@dataclass(frozen=True, slots=True)
class Pm2Events:
    events: tuple[Pm2Event, ...]


@dataclass(frozen=True, slots=True)
class ActivityEntry:
    """`outcome`: ok, refused or failed."""

    action: str
    at: datetime | None = None
    actor: str = ""
    address: str = ""
    target: str = ""
    outcome: str = "ok"
    message: str = ""


@dataclass(frozen=True, slots=True)
class Activity:
    entries: tuple[ActivityEntry, ...]


STREAMS: Mapping[str, type[object]] = {
    "system:metrics": HostStats,
    "pm2:stats": Pm2Stats,
    "redis:stats": RedisStats,
    "benchmark:progress": BenchmarkProgress,
    "pm2:logs": LogLines,
    "pm2:events": Pm2Events,
    "activity": Activity,
}


def read_stream(stream: str, data: object) -> object:
    """Convert the data of `stream`. Raises WireError, also for an unknown stream."""
    kind = STREAMS.get(stream)
    if kind is None:
        raise WireError(f"Unknown stream {clean(stream)!r}.")
    return convert(kind, data)

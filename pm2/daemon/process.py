"""Parses entries of `getMonitorData` into an allow-list of fields. [pure]

PM2 puts every environment variable of a process at the top level of its `pm2_env`, so only fields named here leave
the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pm2.daemon.custom_metrics import parse_custom_metrics
from system.host.ports import Listener
from system.lib.wire import STAYS_INSIDE

MB = 2**20
MAX_NUMBER = 2**53
MAX_PID = 2**22
MAX_METRIC_LENGTH = 200

Key = tuple[str, int]  # name and pm_id: PM2 reuses a pm_id, even for an app with another name


class Status(StrEnum):
    """PM2's process states (constants.js)."""

    ONLINE = "online"
    STOPPING = "stopping"
    STOPPED = "stopped"
    LAUNCHING = "launching"
    ERRORED = "errored"
    WAITING = "waiting restart"
    ONE_LAUNCH = "one-launch-status"
    UNKNOWN = "unknown"


RUNNING = frozenset({Status.ONLINE, Status.LAUNCHING, Status.STOPPING, Status.WAITING})


@dataclass(frozen=True, slots=True)
class Process:
    """A process as sent to clients. `cpu`: percent of one core, `memory`: MB; both of the whole process tree.

    PM2 measures the process alone: `monitor.listing` replaces its figures by those of the tree. These are not sent:
    `listeners`: the sockets behind `ports`; `env_port`: its variable PORT; `custom_metrics`: the numbers that the app
    reports to PM2, by name; `cpu_seconds`: used by the tree since the start, None unless measured; `started_at_ms`: by
    PM2's clock; `number`: NODE_APP_INSTANCE, among the instances of the app; `runtime_version`: of Node;
    `restart_delay_ms`: before PM2's last restart after a failure; `token`: of the instance in the database, empty if
    this server does not store it; `earlier_restarts`: by the tokens of instances that had its name and pm_id before.
    """

    pm_id: Annotated[int, "PM2 reuses these numbers"]
    name: str
    namespace: str
    pid: Annotated[int, "0 if it is not running"]
    status: Annotated[Status, str, "PM2's status: online, stopped, errored, …"]
    exec_mode: str
    instances: int
    cpu: Annotated[float, "Percent of one core, the whole process tree"]
    memory: Annotated[float, "MB of 2^20 bytes, the whole process tree"]
    memory_bytes: int
    uptime_seconds: float
    restarts: int
    unstable_restarts: int
    exit_code: int | None
    framework: str | None
    port: Annotated[int | None, "Of a framework its own; else the first of `ports`"]
    ports: Annotated[tuple[int, ...], "TCP ports on which the process tree listens, in order; empty if unknown"]
    interpreter: str
    user: str
    version: str
    is_module: Annotated[bool, "A module of PM2, such as pm2-logrotate"]
    listeners: tuple[Listener, ...] = field(default=(), kw_only=True, metadata=STAYS_INSIDE)
    env_port: int | None = field(default=None, kw_only=True, metadata=STAYS_INSIDE)
    custom_metrics: Mapping[str, float] = field(default_factory=dict, kw_only=True, hash=False, metadata=STAYS_INSIDE)
    cpu_seconds: float | None = field(default=None, kw_only=True, metadata=STAYS_INSIDE)
    started_at_ms: float | None = field(default=None, kw_only=True, metadata=STAYS_INSIDE)
    number: int | None = field(default=None, kw_only=True, metadata=STAYS_INSIDE)
    runtime_version: str = field(default="", kw_only=True, metadata=STAYS_INSIDE)
    restart_delay_ms: int | None = field(default=None, kw_only=True, metadata=STAYS_INSIDE)
    token: str = field(default="", kw_only=True, metadata=STAYS_INSIDE)
    earlier_restarts: tuple[tuple[str, int], ...] = field(default=(), kw_only=True, metadata=STAYS_INSIDE)

    @property
    def ports_text(self) -> str:
        """`3000, 9229`; empty if none is known."""
        known = self.ports or (() if self.port is None else (self.port,))
        return ", ".join(str(port) for port in known)


@dataclass(frozen=True)  # without slots, so that a class can inherit from it beside Process
class ProcessDetails:
    """The additional fields of a single process."""

    script: str
    cwd: str
    arguments: tuple[str, ...]
    node_version: str
    out_log: str
    err_log: str
    created_at_ms: float | None
    watch: bool
    max_memory_restart: Annotated[int | None, "Bytes"]
    metrics: Annotated[dict[str, str], "Custom metrics of the process, with units"]


def as_text(value: object) -> str:
    """A string that UTF-8 can encode; empty for any other type."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def as_number(value: object) -> float | int | None:
    """A finite number that is exact in JSON; None for anything else, also for 1e999, which `json` reads as infinity."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number and -MAX_NUMBER <= value <= MAX_NUMBER else None  # type: ignore[operator,return-value]


def as_int(value: object) -> int:
    """0 for anything but a number."""
    return int(as_number(value) or 0)


def as_optional_int(value: object) -> int | None:
    number = as_number(value)
    return None if number is None else int(number)


def as_pid(value: object) -> int:
    """0 for anything that Linux does not use as a pid."""
    pid = as_int(value)
    return pid if 0 <= pid <= MAX_PID else 0


def as_port(value: object) -> int | None:
    """PM2 keeps the variables of a process as the command line gave them: text, mostly."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else as_text(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 and 0 < int(text) < 2**16 else None


def pm2_env(entry: Mapping[str, object]) -> Mapping[str, object]:
    env = entry.get("pm2_env")
    return env if isinstance(env, dict) else {}


def from_monitor_data(entry: Mapping[str, object], now_ms: float) -> Process:
    """Parses one entry of `getMonitorData`. Malformed values become empty: PM2 also lists foreign processes."""
    env = pm2_env(entry)
    monit = entry.get("monit")
    monit = monit if isinstance(monit, dict) else {}
    status_text = as_text(env.get("status"))
    status = Status(status_text) if status_text in list(Status) else Status.UNKNOWN
    started_ms = env.get("pm_uptime")
    is_up = status is Status.ONLINE and isinstance(started_ms, (int, float))
    return Process(
        pm_id=as_int(entry.get("pm_id")),
        name=as_text(entry.get("name")),
        namespace=as_text(env.get("namespace")),
        pid=as_pid(entry.get("pid")),
        status=status,
        exec_mode=as_text(env.get("exec_mode")),
        instances=max(1, as_int(env.get("instances"))),
        cpu=float(as_int(monit.get("cpu"))),
        memory=round(as_int(monit.get("memory")) / MB, 1),
        memory_bytes=as_int(monit.get("memory")),
        uptime_seconds=round(max(0.0, now_ms - float(as_int(started_ms))) / 1000, 1) if is_up else 0.0,
        restarts=as_int(env.get("restart_time")),
        unstable_restarts=as_int(env.get("unstable_restarts")),
        exit_code=as_optional_int(env.get("exit_code")),
        framework=None,
        port=None,
        ports=(),
        interpreter=as_text(env.get("exec_interpreter")),
        user=as_text(env.get("username")),
        version=as_text(env.get("version")),
        is_module=bool(env.get("pmx_module")),
        env_port=as_port(env.get("PORT")),
        custom_metrics=parse_custom_metrics(env.get("axm_monitor")),
        started_at_ms=float(as_number(started_ms) or 0) if is_up else None,
        number=as_optional_int(env.get("NODE_APP_INSTANCE")),
        runtime_version=as_text(env.get("node_version")),
        restart_delay_ms=as_optional_int(env.get("prev_restart_delay")),
    )


def parse_details(entry: Mapping[str, object]) -> ProcessDetails:
    env = pm2_env(entry)
    arguments = env.get("args")
    created = as_number(env.get("created_at"))
    return ProcessDetails(
        script=as_text(env.get("pm_exec_path")),
        cwd=as_text(env.get("pm_cwd")),
        arguments=tuple(as_text(argument) for argument in arguments) if isinstance(arguments, list) else (),
        node_version=as_text(env.get("node_version")),
        out_log=as_text(env.get("pm_out_log_path")),
        err_log=as_text(env.get("pm_err_log_path")),
        created_at_ms=None if created is None else float(created),
        watch=bool(env.get("watch")),
        max_memory_restart=as_optional_int(env.get("max_memory_restart")),
        metrics=format_metrics(env.get("axm_monitor")),
    )


def format_metrics(monitor: object) -> dict[str, str]:
    """`axm_monitor` as strings with units: `{"Event Loop Latency": "0.41 ms"}`."""
    if not isinstance(monitor, dict):
        return {}
    formatted = {}
    for name, metric in monitor.items():
        value, unit = (metric.get("value"), metric.get("unit")) if isinstance(metric, dict) else (metric, "")
        text = as_text(value) if isinstance(value, str) else str(value)
        formatted[as_text(name)] = f"{text[:MAX_METRIC_LENGTH]} {as_text(unit)}".strip()
    return formatted

"""What we say about a process under PM2: an allow-list of fields. [pure]

PM2 puts every environment variable of a process at the top level of its `pm2_env`; so nothing is passed on
that is not named here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MB = 2**20

Key = tuple[str, int]  # name and pm_id: PM2 reuses a pm_id, also for an app of another name


class Status(StrEnum):
    """PM2's own states (constants.js)."""

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
    """A process as the wire shows it. `cpu`: percent of one core, `memory`: MB; both of the whole tree."""

    pm_id: int
    name: str
    namespace: str
    pid: int
    status: Status
    exec_mode: str
    instances: int
    cpu: float
    memory: float
    memory_bytes: int
    uptime_seconds: float
    restarts: int
    unstable_restarts: int
    exit_code: int | None
    framework: str | None
    port: int | None
    interpreter: str
    user: str
    version: str


@dataclass(frozen=True, slots=True)
class Details:
    """What one process's page shows besides."""

    script: str
    cwd: str
    arguments: tuple[str, ...]
    node_version: str
    out_log: str
    err_log: str
    created_at_ms: float | None
    watch: bool
    max_memory_restart: int | None
    metrics: dict[str, str]


def text(value: object) -> str:
    """A string that UTF-8 can carry; anything else is empty."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def whole(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0


def environment(entry: Mapping[str, object]) -> Mapping[str, object]:
    env = entry.get("pm2_env")
    return env if isinstance(env, dict) else {}


def from_monitor_data(entry: Mapping[str, object], now_ms: float) -> Process:
    """One entry of `getMonitorData`. Odd values become empty: other people's processes stand here too."""
    env = environment(entry)
    monit = entry.get("monit")
    monit = monit if isinstance(monit, dict) else {}
    said = text(env.get("status"))
    status = Status(said) if said in list(Status) else Status.UNKNOWN
    started_ms = env.get("pm_uptime")
    is_up = status is Status.ONLINE and isinstance(started_ms, (int, float))
    exit_code = env.get("exit_code")
    return Process(
        pm_id=whole(entry.get("pm_id")),
        name=text(entry.get("name")),
        namespace=text(env.get("namespace")),
        pid=whole(entry.get("pid")),
        status=status,
        exec_mode=text(env.get("exec_mode")),
        instances=max(1, whole(env.get("instances"))),
        cpu=float(whole(monit.get("cpu"))),
        memory=round(whole(monit.get("memory")) / MB, 1),
        memory_bytes=whole(monit.get("memory")),
        uptime_seconds=round(max(0.0, now_ms - float(whole(started_ms))) / 1000, 1) if is_up else 0.0,
        restarts=whole(env.get("restart_time")),
        unstable_restarts=whole(env.get("unstable_restarts")),
        exit_code=whole(exit_code) if isinstance(exit_code, (int, float)) else None,
        framework=None,
        port=None,
        interpreter=text(env.get("exec_interpreter")),
        user=text(env.get("username")),
        version=text(env.get("version")),
    )


def details(entry: Mapping[str, object]) -> Details:
    env = environment(entry)
    arguments = env.get("args")
    limit = env.get("max_memory_restart")
    created = env.get("created_at")
    return Details(
        script=text(env.get("pm_exec_path")),
        cwd=text(env.get("pm_cwd")),
        arguments=tuple(text(each) for each in arguments) if isinstance(arguments, list) else (),
        node_version=text(env.get("node_version")),
        out_log=text(env.get("pm_out_log_path")),
        err_log=text(env.get("pm_err_log_path")),
        created_at_ms=float(created) if isinstance(created, (int, float)) else None,
        watch=bool(env.get("watch")),
        max_memory_restart=whole(limit) if isinstance(limit, (int, float)) else None,
        metrics=custom_metrics(env.get("axm_monitor")),
    )


def custom_metrics(monitor: object) -> dict[str, str]:
    """`axm_monitor` as texts with their unit: `{"Event Loop Latency": "0.41 ms"}`."""
    if not isinstance(monitor, dict):
        return {}
    shown = {}
    for name, metric in monitor.items():
        value, unit = (metric.get("value"), metric.get("unit")) if isinstance(metric, dict) else (metric, "")
        shown[text(name)] = f"{text(value) if isinstance(value, str) else value} {text(unit)}".strip()
    return shown

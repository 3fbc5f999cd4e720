"""The values that PM2's bus carries: parses the decoded arguments of a frame, topic and payload, into events. [pure]

An application can publish any topic on the bus (`process.send({type, data})`), so only the shape of a payload is
trusted, and no permission depends on it. Source: PM2 7.0.4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pm2.daemon.process import as_optional_int, as_text

OUT, ERR, DAEMON, PROCESS, KILL = b"s:log:out", b"s:log:err", b"s:log:PM2", b"s:process:event", b"s:pm2:kill"
LOG_TOPICS = (OUT, ERR)
MAX_PM_ID = 999_999_999
_OLD_PM_ID = re.compile(r"_old_([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class ProcessEvent:
    """A process event. `started_ms` distinguishes runs of a process. `is_old`: the worker that a reload replaces, whose
    pm_id now belongs to the new one. `event`: online, exit, start, stop, restart, reload, restart overlimit, …"""

    event: str
    pm_id: int
    name: str
    at_ms: float
    started_ms: float
    is_manual: bool
    is_old: bool
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class LogChunk:
    """A piece of a process's output, split at any position."""

    pm_id: int
    name: str
    stream: str
    at_ms: float
    data: str


@dataclass(frozen=True, slots=True)
class DaemonLine:
    """A line of the daemon's own log."""

    at_ms: float
    text: str


@dataclass(frozen=True, slots=True)
class DaemonKilled:
    """The daemon is about to exit: `pm2 kill` or `pm2 update`."""


Event = ProcessEvent | LogChunk | DaemonLine | DaemonKilled


def parse_event(topic: bytes, payload: object) -> Event | None:
    """The event, or None for an unknown topic or shape."""
    if topic == KILL:
        return DaemonKilled()
    if not isinstance(payload, dict):
        return None
    if topic == PROCESS:
        return _parse_process_event(payload)
    if topic == DAEMON:
        return DaemonLine(_as_timestamp_ms(payload.get("at")), as_text(payload.get("data")).strip())
    if topic in LOG_TOPICS:
        pm_id, _ = _parse_pm_id(_process_fields(payload).get("pm_id"))
        if pm_id is None:
            return None
        stream = "out" if topic == OUT else "err"
        name = as_text(_process_fields(payload).get("name"))
        return LogChunk(pm_id, name, stream, _as_timestamp_ms(payload.get("at")), as_text(payload.get("data")))
    return None


def _parse_process_event(payload: Mapping[str, object]) -> ProcessEvent | None:
    process = _process_fields(payload)
    pm_id, is_old = _parse_pm_id(process.get("pm_id"))
    event = as_text(payload.get("event"))
    if pm_id is None or not event:
        return None
    return ProcessEvent(
        event=event[:40],
        pm_id=pm_id,
        name=as_text(process.get("name")),
        at_ms=_as_timestamp_ms(payload.get("at")),
        started_ms=_as_timestamp_ms(process.get("pm_uptime")),
        is_manual=payload.get("manually") is True,
        is_old=is_old,
        exit_code=as_optional_int(process.get("exit_code")),
    )


def _process_fields(payload: Mapping[str, object]) -> Mapping[str, object]:
    process = payload.get("process")
    return process if isinstance(process, dict) else {}


def _as_timestamp_ms(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e14 else 0.0


def _parse_pm_id(value: object) -> tuple[int | None, bool]:
    """pm_id and `is_old`: `7` → (7, False); `_old_7`, the worker that a reload replaces → (7, True)."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_PM_ID:
        return value, False
    match = _OLD_PM_ID.fullmatch(value) if isinstance(value, str) else None
    return (int(match[1]), True) if match else (None, False)


@dataclass(frozen=True, slots=True)
class ExitLine:
    """PM2's log line about an exit, the only source of the signal. PM2 prints SIGINT if there was none."""

    name: str
    pm_id: int
    is_old: bool
    code: int
    signal: str


_EXIT = re.compile(
    r"App \[(.*):(_old_)?([0-9]{1,9})\] exited with code \[(-?\d{1,9})\] via signal \[(\w{1,20})\]", re.DOTALL
)
_STARTING = re.compile(r"App \[.*:([0-9]{1,9})\] starting in -(?:fork|cluster) mode-", re.DOTALL)
_STOPPING = re.compile(r"Stopping app:(.*) id:(_old_)?(\d{1,9})", re.DOTALL)
_WATCH = re.compile(r"Change detected on path (.*) for app (.*) - restarting", re.DOTALL)
_MEMORY = re.compile(
    r"\[PM2\]\[WORKER\] Process (\d{1,9}) restarted because it exceeds --max-memory-restart value "
    r"\(current_memory=(\d{1,15}) max_memory_limit=(\d{1,15})"
)


def parse_exit(line: str) -> ExitLine | None:
    match = _EXIT.fullmatch(line)
    return match and ExitLine(match[1], int(match[3]), bool(match[2]), int(match[4]), match[5])


def parse_starting(line: str) -> int | None:
    """pm_id of the process that PM2 starts, for the first time or again."""
    match = _STARTING.fullmatch(line)
    return int(match[1]) if match else None


def parse_stopping(line: str) -> tuple[int, bool] | None:
    """pm_id of the process that PM2 is stopping, and whether it is the old worker of a reload."""
    match = _STOPPING.fullmatch(line)
    return (int(match[3]), bool(match[2])) if match else None


def parse_watch_restart(line: str) -> tuple[str, str] | None:
    """Name of the process that PM2 restarts because a file changed, and the file."""
    match = _WATCH.fullmatch(line)
    return (match[2], match[1]) if match else None


def parse_memory_restart(line: str) -> tuple[int, int, int] | None:
    """pm_id, bytes used and the limit in bytes of the process that PM2 restarts for its memory."""
    match = _MEMORY.match(line)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None

"""What PM2 says on its bus: topics and payloads in, events out. [pure]

An application can put any topic on the bus (`process.send({type, data})`), so a payload is believed only as far as
its shape goes, and nothing here decides what anybody may do. Read off PM2 7.0.4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pm2.daemon.process import text, whole

OUT, ERR, DAEMON, PROCESS, KILL = b"s:log:out", b"s:log:err", b"s:log:PM2", b"s:process:event", b"s:pm2:kill"
LOGS = (OUT, ERR)


@dataclass(frozen=True, slots=True)
class ProcessEvent:
    """Something happened to a process. `started_ms` tells its lives apart; an old worker of a reload has left its
    number to the new one. `event`: online, exit, start, stop, restart, reload, restart overlimit, …"""

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
    """What a process wrote, cut anywhere."""

    pm_id: int
    name: str
    stream: str
    at_ms: float
    data: str


@dataclass(frozen=True, slots=True)
class DaemonLine:
    """What the daemon itself says of its doings."""

    at_ms: float
    text: str


@dataclass(frozen=True, slots=True)
class DaemonKilled:
    """The daemon is about to end: `pm2 kill` or `pm2 update`."""


Event = ProcessEvent | LogChunk | DaemonLine | DaemonKilled


def parse(topic: bytes, payload: object) -> Event | None:
    """The event, or None for a topic or a shape that is not known."""
    if topic == KILL:
        return DaemonKilled()
    if not isinstance(payload, dict):
        return None
    if topic == PROCESS:
        return _process_event(payload)
    if topic == DAEMON:
        return DaemonLine(_moment(payload.get("at")), text(payload.get("data")).strip())
    if topic in LOGS:
        number, _ = _pm_id(_process(payload).get("pm_id"))
        if number is None:
            return None
        stream = "out" if topic == OUT else "err"
        name = text(_process(payload).get("name"))
        return LogChunk(number, name, stream, _moment(payload.get("at")), text(payload.get("data")))
    return None


def _process_event(payload: Mapping[str, object]) -> ProcessEvent | None:
    process = _process(payload)
    number, is_old = _pm_id(process.get("pm_id"))
    event = text(payload.get("event"))
    if number is None or not event:
        return None
    exit_code = process.get("exit_code")
    return ProcessEvent(
        event=event[:40],
        pm_id=number,
        name=text(process.get("name")),
        at_ms=_moment(payload.get("at")),
        started_ms=_moment(process.get("pm_uptime")),
        is_manual=payload.get("manually") is True,
        is_old=is_old,
        exit_code=whole(exit_code) if isinstance(exit_code, (int, float)) else None,
    )


def _process(payload: Mapping[str, object]) -> Mapping[str, object]:
    process = payload.get("process")
    return process if isinstance(process, dict) else {}


def _moment(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e14 else 0.0


def _pm_id(value: object) -> tuple[int | None, bool]:
    """`7` → 7; `_old_7` → 7, and that it is the worker that a reload replaces."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value, False
    if isinstance(value, str) and value.startswith("_old_") and value[5:].isascii() and value[5:].isdigit():
        return int(value[5:]), True
    return None, False


@dataclass(frozen=True, slots=True)
class ExitLine:
    """PM2's line about an exit: the one place where the signal stands. It says SIGINT when there was none."""

    name: str
    pm_id: int
    is_old: bool
    code: int
    signal: str


_EXIT = re.compile(
    r"App \[(.*):(_old_)?(\d{1,9})\] exited with code \[(-?\d{1,9})\] via signal \[(\w{1,20})\]", re.DOTALL
)
_STOPPING = re.compile(r"Stopping app:(.*) id:(_old_)?(\d{1,9})", re.DOTALL)
_WATCH = re.compile(r"Change detected on path (.*) for app (.*) - restarting", re.DOTALL)
_MEMORY = re.compile(
    r"\[PM2\]\[WORKER\] Process (\d{1,9}) restarted because it exceeds --max-memory-restart value "
    r"\(current_memory=(\d{1,15}) max_memory_limit=(\d{1,15})"
)


def exit_line(said: str) -> ExitLine | None:
    found = _EXIT.fullmatch(said)
    return found and ExitLine(found[1], int(found[3]), bool(found[2]), int(found[4]), found[5])


def stopping(said: str) -> tuple[int, bool] | None:
    """The pm_id of the process that is being asked to end, and whether it is the old worker of a reload."""
    found = _STOPPING.fullmatch(said)
    return (int(found[3]), bool(found[2])) if found else None


def watched(said: str) -> tuple[str, str] | None:
    """The name of the process that is restarted because of a file, and the file."""
    found = _WATCH.fullmatch(said)
    return (found[2], found[1]) if found else None


def over_memory(said: str) -> tuple[int, int, int] | None:
    """pm_id, bytes used, bytes allowed."""
    found = _MEMORY.match(said)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None

"""Classifies exits: derives a cause and a description from the evidence. [pure]"""

from __future__ import annotations

import signal as signals
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum, auto
from typing import Annotated

MB = 2**20
# Runtimes print one of these before they abort; a process killed by the kernel prints nothing.
HEAP_EXHAUSTED_MESSAGES = ("JavaScript heap out of memory", "MemoryError", "runtime: out of memory", "OutOfMemoryError")


class Cause(StrEnum):
    CRASH = "crash"
    KILLED = "killed"
    OUT_OF_MEMORY = "out of memory"
    MEMORY_LIMIT = "memory limit"
    WATCH = "watch"
    CRON = "cron"
    MANUAL = "manual"
    DAEMON_DEATH = "daemon death"
    FINISHED = "finished"


class OomKill(Enum):
    """Whether the kernel killed the process for memory. POSSIBLE: it killed one, which may be another."""

    NO = auto()
    POSSIBLE = auto()
    YES = auto()


@dataclass(frozen=True, slots=True)
class UsageSample:
    """One usage sample before an exit. `cpu`: percent of one core; CPU and memory are those of the process tree."""

    seconds_before: float
    cpu: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything observed of one exit.

    `signal`: as reported by PM2, which reports SIGINT if there was none. `was_requested`: PM2 stopped the process, for
    any reason. `verb` (past tense), `by`: an action requested from us or announced on the bus. `over_limit_bytes`: the
    memory use at which PM2 restarted it.
    """

    exit_code: int | None
    signal: str | None
    was_requested: bool
    stderr: Sequence[str] = ()
    verb: str | None = None
    by: str | None = None
    watched_file: str | None = None
    over_limit_bytes: int | None = None
    has_cron: bool = False
    daemon_died: bool = False
    oom_kill: OomKill = OomKill.NO


@dataclass(frozen=True, slots=True)
class Exit:
    """One exit of one process. `instance`: our token for the instance, because PM2 reuses pm_ids."""

    instance: Annotated[str, "Token of the instance, because PM2 reuses pm_ids"]
    at: datetime
    name: str
    pm_id: int
    exit_code: Annotated[int | None, "null if a signal ended the process"]
    signal: str | None
    cause: Cause
    text: str
    by: Annotated[str | None, "Actor who requested the action, and the server if it is another one on this PM2_HOME"]
    uptime_seconds: float | None
    stderr: tuple[str, ...]
    samples: tuple[UsageSample, ...]
    id: Annotated[int | None, "null in an event: it is being stored"] = field(default=None, kw_only=True, compare=False)


@dataclass(frozen=True, slots=True)
class ExitList:
    """Body of `GET /api/pm2/exits`, newest first."""

    exits: tuple[Exit, ...]
    timestamp: datetime


def terminating_signal(evidence: Evidence) -> str | None:
    """The signal that ended the process. PM2 prints SIGINT for `none`, so SIGINT counts as none."""
    if evidence.signal and evidence.signal != "SIGINT" and hasattr(signals, evidence.signal):
        return evidence.signal
    return None


def classify_exit(evidence: Evidence) -> tuple[Cause, str]:
    """The cause, and a description without subject: `killed by SIGKILL from outside`."""
    if evidence.daemon_died:
        return Cause.DAEMON_DEATH, "PM2's daemon died and the process with it"
    if evidence.over_limit_bytes is not None:
        return (
            Cause.MEMORY_LIMIT,
            f"restarted by PM2: {evidence.over_limit_bytes / MB:,.0f} MB, above max_memory_restart",
        )
    if evidence.watched_file is not None:
        return Cause.WATCH, f"restarted by PM2: {evidence.watched_file} changed"
    if evidence.was_requested and evidence.verb is not None:
        return Cause.MANUAL, f"{evidence.verb} by {evidence.by or 'PM2’s command line'}"
    if evidence.was_requested and evidence.has_cron:
        return Cause.CRON, "restarted by PM2: cron_restart"
    if evidence.was_requested:
        return Cause.MANUAL, "ended by PM2’s command line or another client of its daemon"
    return _classify_unrequested(evidence)


def _classify_unrequested(evidence: Evidence) -> tuple[Cause, str]:
    signal = terminating_signal(evidence)
    if any(message in line for line in evidence.stderr for message in HEAP_EXHAUSTED_MESSAGES):
        return Cause.OUT_OF_MEMORY, "ran out of memory" + (f", {signal}" if signal else "")
    if signal == "SIGKILL" and evidence.oom_kill is OomKill.YES:
        return Cause.OUT_OF_MEMORY, "killed by the kernel: out of memory"
    if signal == "SIGKILL" and evidence.oom_kill is OomKill.POSSIBLE:
        return Cause.KILLED, "killed by SIGKILL, possibly by the kernel: out of memory"
    if signal in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"):
        return Cause.CRASH, f"crashed: {signal}"
    if signal:
        return Cause.KILLED, f"killed by {signal} from outside"
    if evidence.exit_code:
        return Cause.CRASH, f"crashed: exit code {evidence.exit_code}"
    return Cause.FINISHED, "ended by itself with exit code 0"

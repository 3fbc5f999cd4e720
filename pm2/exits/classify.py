"""Why a process ended: what is known of its end in, a cause and a sentence out. [pure]"""

from __future__ import annotations

import signal as signals
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MB = 2**20
# V8 says this before it aborts; the kernel says nothing to the process that it kills.
HEAP_IS_FULL = ("JavaScript heap out of memory", "MemoryError", "runtime: out of memory", "OutOfMemoryError")


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


@dataclass(frozen=True, slots=True)
class Sample:
    """A point of a process's curve: seconds before its end, CPU in percent of one core, memory of the tree."""

    seconds_before: float
    cpu: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was seen of one end.

    `signal` as PM2 said it, which says SIGINT when there was none. `was_asked`: PM2 ended it, for whatever reason.
    `verb`, `by`: an action that was asked of us or announced on the bus. `over_limit_bytes`: what PM2 found too much.
    `oom_kills`: how often the kernel killed for want of memory about then.
    """

    exit_code: int | None
    signal: str | None
    was_asked: bool
    stderr: Sequence[str] = ()
    verb: str | None = None
    by: str | None = None
    watched_file: str | None = None
    over_limit_bytes: int | None = None
    has_cron: bool = False
    daemon_died: bool = False
    oom_kills: int = 0


@dataclass(frozen=True, slots=True)
class Exit:
    """One end of one process. `instance`: our own identity of it, since PM2 gives its numbers out again."""

    instance: str
    at: datetime
    name: str
    pm_id: int
    exit_code: int | None
    signal: str | None
    cause: Cause
    text: str
    by: str | None
    uptime_seconds: float | None
    stderr: tuple[str, ...]
    samples: tuple[Sample, ...]


def real_signal(evidence: Evidence) -> str | None:
    """The signal that ended the process. PM2 prints SIGINT for `none`, so SIGINT proves nothing."""
    if evidence.signal and evidence.signal != "SIGINT" and hasattr(signals, evidence.signal):
        return evidence.signal
    return None


def classify(evidence: Evidence) -> tuple[Cause, str]:
    """The cause, and what happened in one sentence's half: `killed by SIGKILL from outside`."""
    if evidence.daemon_died:
        return Cause.DAEMON_DEATH, "PM2's daemon died, and took it along"
    if evidence.over_limit_bytes is not None:
        return (
            Cause.MEMORY_LIMIT,
            f"restarted by PM2: {evidence.over_limit_bytes / MB:,.0f} MB, above max_memory_restart",
        )
    if evidence.watched_file is not None:
        return Cause.WATCH, f"restarted by PM2: {evidence.watched_file} changed"
    if evidence.was_asked and evidence.verb is not None:
        return Cause.MANUAL, f"{evidence.verb} by {evidence.by or 'PM2’s command line'}"
    if evidence.was_asked and evidence.has_cron:
        return Cause.CRON, "restarted by PM2: cron_restart"
    if evidence.was_asked:
        return Cause.MANUAL, "ended by PM2’s command line or another client of its daemon"
    return _by_itself(evidence)


def _by_itself(evidence: Evidence) -> tuple[Cause, str]:
    signal = real_signal(evidence)
    if any(said in line for line in evidence.stderr for said in HEAP_IS_FULL):
        return Cause.OUT_OF_MEMORY, "ran out of memory" + (f", {signal}" if signal else "")
    if signal == "SIGKILL" and evidence.oom_kills:
        return Cause.OUT_OF_MEMORY, "killed by the kernel, which had no memory left"
    if signal in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"):
        return Cause.CRASH, f"crashed: {signal}"
    if signal:
        return Cause.KILLED, f"killed by {signal} from outside"
    if evidence.exit_code:
        return Cause.CRASH, f"crashed: exit code {evidence.exit_code}"
    return Cause.FINISHED, "ended by itself with exit code 0"

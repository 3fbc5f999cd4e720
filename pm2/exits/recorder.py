"""The black box: puts together what PM2's bus tells of an end, in pieces and twice, into one record."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pm2.daemon import bus_events
from pm2.daemon.bus_events import DaemonLine, ExitLine, ProcessEvent
from pm2.daemon.process import Process
from pm2.exits import classify, expected
from pm2.exits.classify import Cause, Evidence, Exit, Sample
from pm2.exits.recent_usage import Curves
from pm2.logs.live_logs import LogTaker
from system.host import kernel

SETTLE_S = 1.5  # last words come after the exit, and the command line says what it did when it is done
LATE_MS = 10  # stderr may come this long after the exit; Node needs longer to say the first word of the next life
KNOWN_LIVES = 4096
# What PM2's clients announce on the bus when they are done.
VERBS = {
    "restart": "restarted",
    "stop": "stopped",
    "reload": "reloaded",
    "graceful reload": "reloaded",
    "delete": "deleted",
    "scale": "scaled down",
}


@dataclass(slots=True)
class _Told:
    """What the daemon said of one number lately, with when (ms)."""

    asked_ms: dict[bool, float] = field(default_factory=dict)  # by whether it is the old worker of a reload
    over_limit_ms: float = 0.0
    over_limit_bytes: int = 0
    exit_lines: dict[bool, tuple[float, ExitLine]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Background:
    """What is known of a process besides its end. `pid`: the last one; `has_cron`: PM2 restarts it by the clock."""

    instance: str
    pid: int
    has_cron: bool


@dataclass(slots=True)
class _Pending:
    event: ProcessEvent
    instance: str
    due_s: float
    was_asked: bool
    signal: str | None
    exit_code: int | None
    over_limit_bytes: int | None
    watched_file: str | None
    verb: str | None
    by: str | None
    samples: tuple[Sample, ...]
    oom_kills: int
    has_cron: bool


class Recorder:
    """`known` says what was seen of a process before it ended."""

    def __init__(
        self,
        logs: LogTaker,
        curves: Curves,
        known: Callable[[str, int], Background],
    ) -> None:
        self._logs, self._curves, self._known = logs, curves, known
        self._told: dict[int, _Told] = {}
        self._watched: dict[str, tuple[float, str]] = {}
        self._pending: list[_Pending] = []
        self._lives: OrderedDict[tuple[int, float], None] = OrderedDict()
        self._oom_kills = kernel.oom_kills()

    def daemon_said(self, line: DaemonLine) -> None:
        """A line of the daemon, which comes before the exit that it speaks of."""
        if asked := bus_events.stopping(line.text):
            self._of(asked[0]).asked_ms[asked[1]] = line.at_ms
        elif found := bus_events.over_memory(line.text):
            self._of(found[0]).over_limit_ms, self._of(found[0]).over_limit_bytes = line.at_ms, found[1]
        elif changed := bus_events.watched(line.text):
            self._watched[changed[0]] = (line.at_ms, changed[1])
        elif ended := bus_events.exit_line(line.text):
            self._of(ended.pm_id).exit_lines[ended.is_old] = (line.at_ms, ended)

    def _of(self, pm_id: int) -> _Told:
        return self._told.setdefault(pm_id, _Told())

    def happened(self, event: ProcessEvent) -> None:
        """An exit begins a record, unless it is told a second time; an announcement says who wanted it."""
        if event.event == "exit":
            life = (event.pm_id, event.started_ms)
            if life not in self._lives:
                self._lives[life] = None
                if len(self._lives) > KNOWN_LIVES:
                    self._lives.popitem(last=False)
                self._pending.append(self._begin(event))
        elif event.is_manual and event.event in VERBS:
            for pending in self._pending:
                if pending.event.pm_id == event.pm_id and pending.was_asked and pending.verb is None:
                    pending.verb = VERBS[event.event]

    def _begin(self, event: ProcessEvent) -> _Pending:
        told, since = self._of(event.pm_id), event.started_ms
        line_ms, line = told.exit_lines.pop(event.is_old, (0.0, None))
        line = line if line_ms >= since else None
        watched_ms, file = self._watched.get(event.name, (0.0, ""))
        verb, by = expected.of(event.pm_id, since) or (None, None)
        before, self._oom_kills = self._oom_kills, kernel.oom_kills()
        known = self._known(event.name, event.pm_id)
        return _Pending(
            event=event,
            instance=known.instance,
            due_s=time.monotonic() + SETTLE_S,
            was_asked=told.asked_ms.get(event.is_old, 0.0) >= since,
            signal=line.signal if line else None,
            exit_code=line.code if line else event.exit_code,
            over_limit_bytes=told.over_limit_bytes if told.over_limit_ms >= since else None,
            watched_file=file if watched_ms >= since else None,
            verb=verb,
            by=by,
            samples=self._curves.last_minute(event.pm_id, known.pid),
            oom_kills=max(0, (self._oom_kills or 0) - (before or 0)),
            has_cron=known.has_cron,
        )

    def settled(self) -> list[Exit]:
        """The records that are complete by now, in the order of the exits."""
        now = time.monotonic()
        ready = [pending for pending in self._pending if pending.due_s <= now]
        self._pending = [pending for pending in self._pending if pending.due_s > now]
        return [self._record(pending) for pending in ready]

    def _record(self, pending: _Pending) -> Exit:
        event = pending.event
        stderr = self._logs.last_words(event.pm_id, before_ms=event.at_ms + LATE_MS)
        evidence = Evidence(
            exit_code=pending.exit_code,
            signal=pending.signal,
            was_asked=pending.was_asked,
            stderr=stderr,
            verb=pending.verb,
            by=pending.by,
            watched_file=pending.watched_file,
            over_limit_bytes=pending.over_limit_bytes,
            has_cron=pending.has_cron,
            oom_kills=pending.oom_kills,
        )
        lived_s = (event.at_ms - event.started_ms) / 1000 if event.started_ms else None
        at = datetime.fromtimestamp(event.at_ms / 1000, UTC) if event.at_ms else datetime.now(UTC)
        return _exit(pending.instance, at, event.name, event.pm_id, evidence, pending.samples, lived_s)

    def daemon_died(self, processes: Iterable[Process]) -> list[Exit]:
        """Records of those that went down with the daemon: nobody else will tell of them."""
        now = datetime.now(UTC)
        evidence = Evidence(exit_code=None, signal=None, was_asked=False, daemon_died=True)
        ended = []
        for each in processes:
            instance, samples = (
                self._known(each.name, each.pm_id).instance,
                self._curves.last_minute(each.pm_id, each.pid),
            )
            ended.append(_exit(instance, now, each.name, each.pm_id, evidence, samples, None))
        return ended


def _exit(
    instance: str,
    at: datetime,
    name: str,
    pm_id: int,
    evidence: Evidence,
    samples: tuple[Sample, ...],
    lived_s: float | None,
) -> Exit:
    cause, said = classify.classify(evidence)
    lived = None if lived_s is None else round(max(0.0, lived_s), 1)
    signal = classify.real_signal(evidence)
    code = evidence.exit_code if signal is None else None  # PM2 says 0 where a signal ended it
    by = evidence.by if cause is Cause.MANUAL else None  # who asked for something else did not cause this
    return Exit(instance, at, name, pm_id, code, signal, cause, said, by, lived, tuple(evidence.stderr), samples)

"""Assembles one exit record from the fragmentary, duplicated messages on PM2's bus."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pm2.daemon import bus_events
from pm2.daemon.bus_events import DaemonLine, ExitLine, ProcessEvent
from pm2.daemon.process import Process
from pm2.exits import classify, expected_exits
from pm2.exits.classify import Cause, Evidence, Exit, UsageSample
from pm2.exits.recent_usage import UsageHistory
from pm2.logs.live_logs import LogCollector
from system.host import usage_counters

SETTLE_S = 1.5  # the last output follows the exit, and the command line announces its action once it is done
STDERR_GRACE_MS = 10  # stderr may arrive this long after the exit; the first output of Node's next run takes longer
MAX_KNOWN_RUNS = 4096
# The events that PM2's clients publish on the bus when an action is done, and the verb of a description.
VERBS = {
    "restart": "restarted",
    "stop": "stopped",
    "reload": "reloaded",
    "graceful reload": "reloaded",
    "delete": "deleted",
    "scale": "scaled down",
}


@dataclass(slots=True)
class _DaemonHints:
    """Recent lines of the daemon's log about one pm_id, each with its time (ms)."""

    stopping_ms: dict[bool, float] = field(default_factory=dict)  # keyed by `is_old`
    over_limit_ms: float = 0.0
    over_limit_bytes: int = 0
    exit_lines: dict[bool, tuple[float, ExitLine]] = field(default_factory=dict)  # keyed by `is_old`


@dataclass(frozen=True, slots=True)
class InstanceContext:
    """What the monitor has recorded about a process. `pid`: the last one; `has_cron`: PM2 restarts it on a schedule."""

    instance: str
    pid: int
    has_cron: bool


@dataclass(slots=True)
class _PendingExit:
    event: ProcessEvent
    instance: str
    due_s: float
    was_requested: bool
    signal: str | None
    exit_code: int | None
    over_limit_bytes: int | None
    watched_file: str | None
    verb: str | None
    by: str | None
    samples: tuple[UsageSample, ...]
    oom_kills: int
    has_cron: bool


class ExitRecorder:
    """Feed it bus messages, then poll `take_completed`. `context_of` maps (name, pm_id) to an InstanceContext."""

    def __init__(
        self,
        logs: LogCollector,
        usage_history: UsageHistory,
        context_of: Callable[[str, int], InstanceContext],
    ) -> None:
        self._logs, self._usage_history, self._context_of = logs, usage_history, context_of
        self._hints: dict[int, _DaemonHints] = {}
        self._changed_files: dict[str, tuple[float, str]] = {}
        self._pending: deque[_PendingExit] = deque()
        self._known_runs: OrderedDict[tuple[int, float], None] = OrderedDict()
        self._oom_kills = usage_counters.oom_kills()

    def on_daemon_line(self, line: DaemonLine) -> None:
        """Notes what a line of the daemon's log reveals; it precedes the exit event that it concerns."""
        if stopping := bus_events.parse_stopping(line.text):
            pm_id, is_old = stopping
            self._hints_for(pm_id).stopping_ms[is_old] = line.at_ms
        elif restart := bus_events.parse_memory_restart(line.text):
            hints = self._hints_for(restart[0])
            hints.over_limit_ms, hints.over_limit_bytes = line.at_ms, restart[1]
        elif changed := bus_events.parse_watch_restart(line.text):
            name, file = changed
            self._changed_files[name] = (line.at_ms, file)
        elif exit_line := bus_events.parse_exit(line.text):
            self._hints_for(exit_line.pm_id).exit_lines[exit_line.is_old] = (line.at_ms, exit_line)

    def _hints_for(self, pm_id: int) -> _DaemonHints:
        return self._hints.setdefault(pm_id, _DaemonHints())

    def on_process_event(self, event: ProcessEvent) -> None:
        """Starts a record for an exit, unless it is a duplicate; adds a manual action's verb to pending records."""
        if event.event == "exit":
            run = (event.pm_id, event.started_ms)
            if run not in self._known_runs:
                self._known_runs[run] = None
                if len(self._known_runs) > MAX_KNOWN_RUNS:
                    self._known_runs.popitem(last=False)
                self._pending.append(self._begin(event))
        elif event.is_manual and event.event in VERBS:
            for pending in self._pending:
                if pending.event.pm_id == event.pm_id and pending.was_requested and pending.verb is None:
                    pending.verb = VERBS[event.event]

    def _begin(self, event: ProcessEvent) -> _PendingExit:
        hints, since_ms = self._hints_for(event.pm_id), event.started_ms
        line_ms, line = hints.exit_lines.pop(event.is_old, (0.0, None))
        line = line if line_ms >= since_ms else None
        changed_ms, file = self._changed_files.get(event.name, (0.0, ""))
        was_requested = _is_of_run(hints.stopping_ms.get(event.is_old, 0.0), since_ms)
        announced = expected_exits.lookup(event.pm_id) if was_requested else None
        if announced:
            expected_exits.use_up(event.pm_id, announced)
        oom_kills_before, self._oom_kills = self._oom_kills, usage_counters.oom_kills()
        context = self._context_of(event.name, event.pm_id)
        return _PendingExit(
            event=event,
            instance=context.instance,
            due_s=time.monotonic() + SETTLE_S,
            was_requested=was_requested,
            signal=line.signal if line else None,
            exit_code=line.code if line else event.exit_code,
            over_limit_bytes=hints.over_limit_bytes if _is_of_run(hints.over_limit_ms, since_ms) else None,
            watched_file=file if _is_of_run(changed_ms, since_ms) else None,
            verb=announced.verb if announced else None,
            by=announced.by if announced else None,
            samples=self._usage_history.last_minute(event.pm_id, context.pid),
            oom_kills=max(0, (self._oom_kills or 0) - (oom_kills_before or 0)),
            has_cron=context.has_cron,
        )

    def take_completed(self) -> Iterator[Exit]:
        """Removes and yields the records that are complete, in the order of the exits. If one fails, the others
        remain."""
        while self._pending and self._pending[0].due_s <= time.monotonic():
            yield self._complete(self._pending.popleft())

    def end_waiting(self) -> None:
        """Completes the records with what is known: the recorder ends."""
        for pending in self._pending:
            pending.due_s = 0.0

    def _complete(self, pending: _PendingExit) -> Exit:
        event = pending.event
        stderr = self._logs.take_stderr(event.pm_id, before_ms=event.at_ms + STDERR_GRACE_MS)
        evidence = Evidence(
            exit_code=pending.exit_code,
            signal=pending.signal,
            was_requested=pending.was_requested,
            stderr=stderr,
            verb=pending.verb,
            by=pending.by,
            watched_file=pending.watched_file,
            over_limit_bytes=pending.over_limit_bytes,
            has_cron=pending.has_cron,
            oom_kills=pending.oom_kills,
        )
        uptime_s = (event.at_ms - event.started_ms) / 1000 if event.started_ms else None
        at = datetime.fromtimestamp(event.at_ms / 1000, UTC) if event.at_ms else datetime.now(UTC)
        return _build_exit(pending.instance, at, event.name, event.pm_id, evidence, pending.samples, uptime_s)

    def record_daemon_death(self, processes: Iterable[Process]) -> list[Exit]:
        """Records of the processes that died with the daemon: no bus message reports them."""
        now = datetime.now(UTC)
        evidence = Evidence(exit_code=None, signal=None, was_requested=False, daemon_died=True)
        exits = []
        for process in processes:
            instance = self._context_of(process.name, process.pm_id).instance
            samples = self._usage_history.last_minute(process.pm_id, process.pid)
            exits.append(_build_exit(instance, now, process.name, process.pm_id, evidence, samples, None))
        return exits


def _is_of_run(hint_ms: float, started_ms: float) -> bool:
    """Whether there is a hint, and it is not older than the run. An event without a start time has 0."""
    return hint_ms > 0 and hint_ms >= started_ms


def _build_exit(
    instance: str,
    at: datetime,
    name: str,
    pm_id: int,
    evidence: Evidence,
    samples: tuple[UsageSample, ...],
    uptime_s: float | None,
) -> Exit:
    cause, text = classify.classify_exit(evidence)
    uptime_seconds = None if uptime_s is None else round(max(0.0, uptime_s), 1)
    signal = classify.terminating_signal(evidence)
    exit_code = evidence.exit_code if signal is None else None  # PM2 reports 0 after a signal
    by = evidence.by if cause is Cause.MANUAL else None  # another cause was not this actor's doing
    return Exit(
        instance, at, name, pm_id, exit_code, signal, cause, text, by, uptime_seconds, tuple(evidence.stderr), samples
    )

"""Assembles one exit record from the fragmentary, duplicated messages on PM2's bus."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from pm2.daemon.bus_events import DaemonLine, ProcessEvent
from pm2.daemon.process import Process
from pm2.exits import classify, expected_exits
from pm2.exits.classify import Cause, Evidence, Exit, UsageSample
from pm2.exits.oom_kills import Claim, OomKills
from pm2.exits.recent_usage import UsageHistory
from pm2.exits.run_hints import DaemonLog, RunHints
from pm2.logs.live_logs import LogCollector

SETTLE_S = 1.5  # the last output follows the exit, and the command line announces its action once it is done
STDERR_GRACE_MS = 10  # stderr may arrive this long after the exit; the first output of Node's next run takes longer
MAX_KNOWN_RUNS = 4096
AGE_TOLERANCE_S = 10.0  # this server may receive messages late, or read a process list late
# The events that PM2's clients publish on the bus when an action is done, and the verb of a description.
VERBS = {
    "restart": "restarted",
    "stop": "stopped",
    "reload": "reloaded",
    "graceful reload": "reloaded",
    "delete": "deleted",
    "scale": "scaled down",
}


@dataclass(frozen=True, slots=True)
class InstanceContext:
    """What the monitor has recorded about a process. `pid`: the last one; `has_cron`: PM2 restarts it on a schedule;
    `age_s`: since its start, None unless it was online."""

    instance: str
    pid: int
    has_cron: bool
    age_s: float | None = None


@dataclass(slots=True)
class _PendingExit:
    event: ProcessEvent
    instance: str
    due_s: float
    hints: RunHints
    uptime_s: float | None
    stderr_position: int
    verb: str | None
    by: str | None
    samples: tuple[UsageSample, ...]
    oom_claim: Claim | None
    has_cron: bool


class ExitRecorder:
    """Feed it bus messages, then poll `take_completed`. `context_of` maps (name, pm_id) to an InstanceContext."""

    def __init__(
        self,
        logs: LogCollector,
        usage_history: UsageHistory,
        oom_kills: OomKills,
        context_of: Callable[[str, int], InstanceContext],
    ) -> None:
        self._logs, self._usage_history, self._oom_kills = logs, usage_history, oom_kills
        self._context_of = context_of
        self._daemon_log = DaemonLog()
        self._pending: deque[_PendingExit] = deque()
        self._known_runs: OrderedDict[tuple[int, float], None] = OrderedDict()

    def on_daemon_line(self, line: DaemonLine) -> None:
        """Notes what a line of the daemon's log reveals; it precedes the exit event that it concerns."""
        self._daemon_log.add(line.text, time.monotonic())

    def on_disconnected(self) -> None:
        """The messages up to the next connection are missed."""
        self._daemon_log.forget()

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
                if pending.event.pm_id == event.pm_id and pending.hints.was_requested and pending.verb is None:
                    pending.verb = VERBS[event.event]

    def _begin(self, event: ProcessEvent) -> _PendingExit:
        now_s = time.monotonic()
        context = self._context_of(event.name, event.pm_id)
        listed_age_s = None if self._daemon_log.has_seen_start(event.pm_id) else context.age_s
        hints = self._daemon_log.take(event.pm_id, event.name, now_s, is_old=event.is_old)
        announced = expected_exits.lookup(event.pm_id) if hints.was_requested else None
        if announced:
            expected_exits.use_up(event.pm_id, announced)
        is_killed = not hints.was_requested and hints.exit_line is not None and hints.exit_line.signal == "SIGKILL"
        return _PendingExit(
            event=event,
            instance=context.instance,
            due_s=now_s + SETTLE_S,
            hints=hints,
            uptime_s=_uptime_s(event, listed_age_s if hints.age_s is None else hints.age_s),
            stderr_position=self._logs.stderr_position,
            verb=announced.verb if announced else None,
            by=announced.by if announced else None,
            samples=self._usage_history.last_minute(event.pm_id, context.pid),
            oom_claim=self._oom_kills.claim((event.pm_id, context.pid), now_s, hints.age_s) if is_killed else None,
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
        event, hints = pending.event, pending.hints
        stderr = self._logs.take_stderr(event.pm_id, pending.stderr_position, event.at_ms + STDERR_GRACE_MS)
        evidence = Evidence(
            exit_code=hints.exit_line.code if hints.exit_line else event.exit_code,
            signal=hints.exit_line.signal if hints.exit_line else None,
            was_requested=hints.was_requested,
            stderr=stderr,
            verb=pending.verb,
            by=pending.by,
            watched_file=hints.watched_file,
            over_limit_bytes=hints.over_limit_bytes,
            has_cron=pending.has_cron,
            oom_kill=self._oom_kills.judge(pending.oom_claim, time.monotonic()),
        )
        at = datetime.fromtimestamp(event.at_ms / 1000, UTC) if event.at_ms else datetime.now(UTC)
        return _build_exit(pending.instance, at, event.name, event.pm_id, evidence, pending.samples, pending.uptime_s)

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


def _uptime_s(event: ProcessEvent, seen_s: float | None) -> float | None:
    """By PM2's times, unless its clock was set meanwhile: then as this server has seen it, which may be late."""
    if not event.started_ms:
        return seen_s
    stated_s = (event.at_ms - event.started_ms) / 1000
    return stated_s if seen_s is None or abs(stated_s - seen_s) <= AGE_TOLERANCE_S else seen_s


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

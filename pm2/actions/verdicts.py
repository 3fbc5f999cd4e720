"""Whether an action on a process has taken effect, by PM2's list before and after. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

from pm2.actions.outcomes import Outcome, ProcessOutcome
from pm2.daemon.process import RUNNING, Process, Status
from pm2.daemon.process_settings import ProcessSettings


@dataclass(frozen=True, slots=True)
class SelectedProcess:
    """A process to act on, as it was listed before. `port`: which it serves once it is started, if it is a framework's
    server."""

    process: Process
    settings: ProcessSettings
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`is_final`: false for what counts only once it has lasted, because it may change in a moment."""

    outcome: Outcome
    message: str
    exit_code: int | None = None
    is_final: bool = True

    def of(self, process: Process) -> ProcessOutcome:
        return ProcessOutcome(process.pm_id, process.name, self.outcome, self.message)


def done(message: str) -> Verdict:
    return Verdict(Outcome.DONE, message)


def failed(message: str, exit_code: int | None = None) -> Verdict:
    return Verdict(Outcome.FAILED, message, exit_code)


def judge_stop(before: SelectedProcess, now: Process | None) -> Verdict | None:
    """None: not stopped yet."""
    if now is None:
        return done("stopped, and removed from PM2's list")
    if now.status is Status.ERRORED and now.pid:
        return failed(f"it could not be stopped: pid {now.pid} did not end after SIGKILL")
    return None if now.status in RUNNING else done(str(now.status))


def judge_delete(before: SelectedProcess, now: Process | None) -> Verdict | None:
    """None: still listed."""
    return done("deleted") if now is None else None


def judge_start(before: SelectedProcess, now: Process | None) -> Verdict | None:
    """After PM2 has started the process (again). None: not online yet.

    A process that is not to be restarted may end: with exit code 0, or one of its `stop_exit_codes`, it has done its
    work.
    """
    was_running = before.process.status in RUNNING
    if now is None:
        return failed("it was removed from PM2's list during startup")
    # PM2 counts a restart of a running process as one; any further one follows an exit.
    has_exited_again = now.restarts > before.process.restarts + was_running
    if now.status in (Status.STOPPED, Status.WAITING) and before.settings.may_end(now.exit_code):
        if now.exit_code == 0 or now.exit_code in before.settings.stop_exit_codes:
            return done(f"ran, ended with {now.exit_code}")
        return failed("it exited during startup", now.exit_code)
    if now.status in (Status.ERRORED, Status.WAITING) or has_exited_again:
        return failed("it exited again during startup", now.exit_code)
    if now.status is Status.STOPPED:
        return Verdict(Outcome.FAILED, "it was stopped during startup", is_final=False)
    if now.status is Status.ONLINE and now.pid != before.process.pid:
        return Verdict(Outcome.DONE, f"online, pid {now.pid}", is_final=False)
    return None

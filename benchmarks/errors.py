"""What can go wrong with benchmarks. [pure]

BenchmarkError
├── BadUsage           a command line that asks for nothing, or for what cannot be
├── InvalidScenario    a run was asked for that cannot be made
├── UnknownPlace       what should be host:port is none, or does not resolve
├── InvalidParts       a result was sent with parts that cannot be kept
├── TargetNotAllowed   the address is not one that this server may load
├── TargetNotRunning   the framework to be measured is not online
├── GeneratorMissing   no load generator, or not the one asked for, is installed
├── NotDelivered       a server did not take a result that was measured elsewhere
├── QueueFull          ten runs are waiting already
├── RunNotFound        the history has no such run
├── NoHistogram        the run has no latencies of single requests
├── RunUnfinished      the action needs a run that is over
├── UnfitBaseline      the run is not good enough to hold others against
├── NoBaseline         a comparison with, or the end of, a baseline that is not there
├── RunFinished        the action needs a run that is not over
├── PreflightFailed    the target does not answer as it should
├── GeneratorFailed    the load generator ended in another way than with a result
├── HistoryUnreadable  a history file that cannot be read as one
├── BackupFailed       the export before a deletion could not be written
├── InvalidCursor      a cursor that no page has given
└── UnreadableOutput   the load generator's output holds no result
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class BenchmarkError(Exception):
    """The root of this app's errors. `fields` travels to the client as it is."""

    fields: Mapping[str, object] | None = None


class BadUsage(BenchmarkError):
    """A command line that asks for nothing, or for what cannot be."""


class InvalidScenario(BenchmarkError):
    """A run was asked for that cannot be made."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"The request is not valid: {field}: {sentence}")
        self.fields = {field: [sentence]}


class InvalidDetails(BenchmarkError):
    """A result was sent with parts that cannot be kept."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The request is not valid: {reason}.")
        self.fields = {reason.partition(" ")[0].partition(".")[0]: [f"{reason}."]}


class InvalidTargetAddress(BenchmarkError):
    """What should be host:port is none, or does not resolve."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text} cannot be loaded: {reason}")
        self.reason = reason
        self.fields = {"host": [reason]}


class TargetNotAllowed(BenchmarkError):
    """The address is not one that this server may load."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"{host} must not be loaded by this server: {reason}")
        self.fields = {"host": [reason]}


class TargetNotRunning(BenchmarkError):
    """The framework to be measured is not online."""

    def __init__(self, framework: str, online: Sequence[str]) -> None:
        runs = f"Online: {', '.join(online)}." if online else "No framework is online."
        how = f'Start it with POST /api/pm2/start {{"framework": "{framework}"}}.'
        super().__init__(f"{framework} is not online. {runs} {how}")
        self.fields = {"framework": framework, "online": list(online)}


class GeneratorMissing(BenchmarkError):
    """No load generator, or not the one asked for, is installed."""

    def __init__(self, wanted: str | None, found: Sequence[str]) -> None:
        what = f"The load generator {wanted} is" if wanted else "No load generator is"
        rest = f" Found: {', '.join(found)}." if found else ""
        super().__init__(f"{what} not installed.{rest} Install wrk, or run: make setup (autocannon).")


class NotDelivered(BenchmarkError):
    """A server did not take a result that was measured elsewhere."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} did not take the result: {reason}")


class QueueFull(BenchmarkError):
    """Ten runs are waiting already."""

    def __init__(self, queued: int, retry_after_s: float) -> None:
        super().__init__(f"{queued} runs are waiting already. Try again in {retry_after_s:.0f} s.")
        self.retry_after_s = retry_after_s


class RunNotFound(BenchmarkError):
    """The history has no such run."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"There is no run {run_id[:60]!r} in the history.")


class NoHistogram(BenchmarkError):
    """The run has no latencies of single requests."""

    def __init__(self, run_id: str, kind: str) -> None:
        super().__init__(f"Run {run_id} has no {kind} histogram. wrk writes one, and h2load at a fixed rate.")


class RunUnfinished(BenchmarkError):
    """The action needs a run that is over."""

    def __init__(self, run_id: str, state: str) -> None:
        super().__init__(f"Run {run_id} is {state}. Cancel it first.")


class UnfitBaseline(BenchmarkError):
    """The run is not good enough to hold others against."""

    def __init__(self, run_id: str, reasons: Sequence[str]) -> None:
        super().__init__(f"Run {run_id} cannot be a baseline. {' '.join(reasons)}")
        self.fields = {"reasons": list(reasons)}


class NoBaseline(BenchmarkError):
    """A comparison with, or the end of, a baseline that is not there."""


class RunFinished(BenchmarkError):
    """The action needs a run that is not over."""

    def __init__(self, run_id: str, state: str) -> None:
        super().__init__(f"Run {run_id} is over: {state}. There is nothing to cancel.")


class PreflightFailed(BenchmarkError):
    """The target does not answer as it should."""


class GeneratorFailed(BenchmarkError):
    """The load generator ended in another way than with a result."""


class UnreadableOutput(BenchmarkError):
    """The load generator's output holds no result."""

    def __init__(self, generator: str, reason: str) -> None:
        super().__init__(f"The output of {generator} cannot be read: {reason}")


class HistoryUnreadable(BenchmarkError):
    """A history file that cannot be read as one; nothing was changed. Line and column count from 1."""

    def __init__(self, path: str, reason: str, line: int | None = None, column: int | None = None) -> None:
        where = f", line {line}, column {column}" if line else ""
        super().__init__(f"{path}{where}: {reason}. Nothing was imported.")
        self.fields = {"path": path, "line": line, "column": column}


class BackupFailed(BenchmarkError):
    """The export that goes before a deletion could not be written; so nothing was deleted."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"The backup {path} could not be written: {reason}. Nothing was deleted.")


class InvalidCursor(BenchmarkError):
    """A cursor that no page of ours has given."""

    def __init__(self) -> None:
        super().__init__("cursor is not one that a page of this server gave as `next`.")
        self.fields = {"cursor": ["Take it from `next` of the page before."]}

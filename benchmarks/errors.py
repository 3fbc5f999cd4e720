"""The exceptions of benchmarks. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from system.lib import installation
from system.lib.errors import Conflict, Invalid, NotFound, ReportedError, Unavailable, Upstream
from system.lib.quantities import pluralize


def sentence(reason: str) -> str:
    """With a full stop, which some reasons have already."""
    return reason if reason.endswith(".") else reason + "."


class BenchmarkError(ReportedError):
    """The base of this app's errors."""


class BadUsage(BenchmarkError, Invalid):
    """A command line without a target, or with contradictory options."""

    code = "bad_request"


class InvalidRunRequest(BenchmarkError, Invalid):
    """The requested run is not possible."""

    code = "bad_request"

    def __init__(self, field: str, sentence: str, code: str = "bad_request") -> None:
        self.sentence = sentence
        super().__init__(f"The request is not valid: {field}: {sentence}", **{field: [sentence]})
        self.code = code


class InvalidTargetAddress(BenchmarkError, Invalid):
    """Not host:port, or it does not resolve."""

    code = "bad_request"

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text} cannot be benchmarked: {reason}", host=[reason])
        self.reason = reason


class TargetNotAllowed(BenchmarkError, Invalid):
    """This server may not benchmark the address."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"This server may not benchmark {host}: {reason}", host=[reason])


class TargetNotRunning(BenchmarkError, Conflict):
    """The framework to be measured is not online."""

    def __init__(self, framework: str, online: Sequence[str]) -> None:
        others = f"Online: {', '.join(online)}." if online else "No framework is online."
        advice = f'Start it with POST /api/pm2/start {{"framework": "{framework}"}}.'
        super().__init__(f"{framework} is not online. {others} {advice}", framework=framework, online=list(online))


class GeneratorMissing(BenchmarkError, Unavailable):
    """No load generator, or not the requested one, is installed."""

    def __init__(self, requested: str | None, installed: Sequence[str]) -> None:
        problem = f"The load generator {requested} is not" if requested else "No load generator is"
        others = f" Installed: {', '.join(installed)}." if installed else ""
        super().__init__(f"{problem} installed.{others} Install wrk, or run: {installation.SETUP} (autocannon).")


class NotDelivered(BenchmarkError, Upstream):
    """A server did not accept a result that was measured elsewhere. `answer`: its HTTP status; None for no answer."""

    def __init__(self, url: str, reason: str, answer: int | None = None) -> None:
        super().__init__(f"{url} did not accept the result: {reason}")
        self.answer = answer

    @property
    def is_refused(self) -> bool:
        """Whether the server requires another credential."""
        return self.answer in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

    @property
    def is_of_this_result(self) -> bool:
        """Whether the server may accept other results nevertheless: the answer is about this one."""
        return self.answer in (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)


class QueueFull(BenchmarkError):
    """Ten runs are already waiting."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, queued: int, retry_after_s: float) -> None:
        super().__init__(f"{queued} runs are already waiting. Try again in {retry_after_s:.0f} s.")
        self.retry_after_s = retry_after_s


class RunNotFound(BenchmarkError, NotFound):
    """The history has no such run."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"There is no run {run_id[:60]!r} in the history.")


class NoHistogram(BenchmarkError, NotFound):
    """The run has no latencies of single requests."""

    def __init__(self, run_id: str, kind: str) -> None:
        super().__init__(f"Run {run_id} has no {kind} histogram. Use wrk, or h2load at a fixed rate.")


class NoSweep(BenchmarkError, NotFound):
    """The run did not look for the highest rate that its target holds, or has no step yet."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"Run {run_id} has no steps of a sweep. Run one with the profile sweep.")


class RunUnfinished(BenchmarkError, Conflict):
    """The action requires a finished run."""

    def __init__(self, run_id: str, state: str) -> None:
        super().__init__(f"Run {run_id} is {state}. Cancel it first.")


class UnfitBaseline(BenchmarkError, Conflict):
    """The run does not qualify as a baseline."""

    def __init__(self, run_id: str, reasons: Sequence[str]) -> None:
        super().__init__(f"Run {run_id} cannot be a baseline. {' '.join(reasons)}", reasons=list(reasons))


class NoBaseline(BenchmarkError, NotFound):
    """There is no baseline to compare with or to remove."""


class RunFinished(BenchmarkError, Conflict):
    """The action requires an unfinished run."""

    def __init__(self, run_id: str, state: str) -> None:
        super().__init__(f"Run {run_id} has already ended ({state}). There is nothing to cancel.")


class RunSilent(BenchmarkError, Upstream):
    """The process of a run neither ends nor gives a sign of life."""

    def __init__(self, run_id: str, pid: int | None, silence_s: float) -> None:
        self.silence_s = silence_s
        self._problem = f"The process of this run (pid {pid}) gave no sign of life for {silence_s:.0f} s"
        self.reason = f"{self._problem} and was ended. Measurements so far are kept."
        super().__init__(f"Run {run_id}: {self.reason}")

    def notice(self, left_s: float) -> str:
        """`left_s`: seconds until it is ended."""
        return f"{self._problem}. Unless it does within {left_s:.0f} s, it is ended and the run fails."


class CredentialsGone(BenchmarkError, Unavailable):
    """The credentials of a queued run cannot be read."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The credentials of this run cannot be read: {reason}. Queue it again, with its headers.")


class PreflightFailed(BenchmarkError, Upstream):
    """The target does not respond as expected."""


class GeneratorFailed(BenchmarkError, Upstream):
    """The load generator ended without a result."""


class UnreadableOutput(BenchmarkError, Upstream):
    """The load generator's output contains no result."""

    def __init__(self, generator: str, reason: str) -> None:
        super().__init__(f"The output of {generator} cannot be read: {reason}")


class HistoryUnreadable(BenchmarkError):
    """A history file is malformed; nothing was imported. Line and column count from 1."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, path: str, reason: str, line: int | None = None, column: int | None = None) -> None:
        where = f", line {line}, column {column}" if line else ""
        super().__init__(f"{path}{where}: {reason}. Nothing was imported.", path=path, line=line, column=column)


class BackupFailed(BenchmarkError, Unavailable):
    """The export before a deletion could not be written, so nothing was deleted."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"The backup {path} could not be written: {reason}. Nothing was deleted.")


class ClearIncomplete(BenchmarkError, Unavailable):
    """A deletion ended early, after its backup was complete."""

    def __init__(self, deleted: int, total: int, path: str, reason: str) -> None:
        super().__init__(
            f"Deleted {deleted} of {pluralize(total, 'run')}, then it ended: {sentence(reason)} "
            f"All are kept in {path}. Repeat it to delete the rest.",
            deleted=deleted, total=total, backup=path,
        )  # fmt: skip


class ImportIncomplete(BenchmarkError, Unavailable):
    """An import ended early. Every entry is either imported completely or not at all."""

    def __init__(self, path: str, imported: int, reason: str) -> None:
        super().__init__(
            f"Imported {pluralize(imported, 'run')} from {path}, then it ended: {sentence(reason)} "
            "Repeat it to import the rest.",
            path=path, imported=imported,
        )  # fmt: skip


class InvalidCursor(BenchmarkError, Invalid):
    """A cursor that no page has returned."""

    code = "bad_request"

    def __init__(self) -> None:
        super().__init__(
            "cursor was not returned by this server as `next`.", cursor=["Use `next` of the previous page."]
        )


class RunUnreadable(BenchmarkError, Unavailable):
    """A column holds something else than its type: SQLite stores any type in any column."""

    def __init__(self, run_id: object, column: str, value: object) -> None:
        super().__init__(f"Run {run_id} cannot be read from the database: {column} is {value!r:.50}.")


class RunsUnreadable(BenchmarkError, Unavailable):
    """So many consecutive rows are damaged that a list cannot go on behind them."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} consecutive runs of the history cannot be read. The server's log names them.")

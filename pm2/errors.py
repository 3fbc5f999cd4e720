"""Errors of the PM2 app. [pure]"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from system.lib.errors import Conflict, Invalid, NotFound, ReportedError, TimedOut, Unavailable, Upstream
from system.lib.quantities import pluralize

_ERROR = re.compile(r"\w*(?:Error|Exception)\b")
SHOWN_REASONS = 5
_STACK_FRAME = re.compile(r"at |Node\.js v|\^+$|node:internal|\}$")


ProcessResult = Mapping[str, object]  # a `ProcessOutcome` on the wire


class PM2Error(ReportedError):
    """The base of this app's errors."""


class DaemonNotRunning(PM2Error, Unavailable):
    """Nothing listens on PM2's socket."""

    code = "daemon_down"

    def __init__(self, home: str, *, is_disk_full: bool = False) -> None:
        full = f"The disk of {home} is full, and PM2's daemon ends when its log cannot be written: make room first. "
        super().__init__(
            f"PM2's daemon for {home} is not running. {full if is_disk_full else ''}Starting a process starts it; "
            "`pm2 resurrect`, too, with those of a saved list."
        )
        self.home = home


class DaemonUnreachable(PM2Error, Unavailable):
    """The daemon is running, but nobody can connect to it. A second one would not know its apps."""

    def __init__(self, home: str, pid: int, reason: str, unit: str | None) -> None:
        restart = f"systemctl restart {unit}" if unit else "restart the service or the container that started it"
        super().__init__(
            f"PM2's daemon for {home} is running (pid {pid}), but {reason}. Its apps go on running, and no command can "
            f"reach it. Only a new daemon can be reached, and the apps end with this one: {restart}."
        )
        self.pid = pid


class SocketForbidden(PM2Error, Unavailable):
    """PM2's socket belongs to another user."""

    def __init__(self, path: str, owner: str, user: str) -> None:
        super().__init__(
            f"PM2's socket {path} cannot be opened by {user}: {owner}. Run this as the user who runs PM2, or set "
            f"PM2_HOME to a folder of {user}."
        )


class DaemonHangs(PM2Error, Unavailable):
    """The daemon is running but not responding."""

    def __init__(self, home: str, pid: int | None, is_stopped: bool = False) -> None:
        reason = "it is stopped, by a signal or a debugger" if is_stopped else "it is not responding"
        super().__init__(
            f"PM2's daemon for {home} (pid {pid}) runs no commands: {reason}. No command was sent, because it would "
            f"run when the daemon resumes. This shows its state: ps -o pid,stat,etime,args -p {pid}."
        )
        self.pid = pid


class DaemonNotStarted(PM2Error, Unavailable):
    """PM2's command line could not start a daemon."""

    def __init__(self, home: str, reason: str) -> None:
        super().__init__(f"PM2's daemon for {home} could not be started: {reason}")


class CallTimeout(PM2Error, TimedOut):
    """The daemon did not complete a call or an action in time. `results`: what became of each process."""

    code = "pm2_timeout"

    def __init__(self, method: str, timeout_s: float, results: Sequence[ProcessResult] = ()) -> None:
        fields = {"results": list(results)} if results else {}
        super().__init__(
            f"PM2 did not complete {method} within {timeout_s:g} s (see PM2_TIMEOUT). It may still do so.", **fields
        )
        self.method = method
        self.timeout_s = timeout_s
        self.results = results


class CallFailed(PM2Error, Upstream):
    """The daemon rejected a call."""

    code = "pm2_refused"

    def __init__(self, method: str, reason: str) -> None:
        super().__init__(f"PM2 refused {method}: {reason}")
        self.method = method
        self.reason = reason


class ProtocolError(PM2Error, Upstream):
    """The daemon sent an invalid message."""

    code = "pm2_unreadable"


class InvalidHome(PM2Error, Unavailable):
    """PM2_HOME is too long: the path of a unix socket is limited to 107 bytes."""

    code = "pm2_home_too_long"

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} exceeds the 107 bytes of a socket path. Set a shorter PM2_HOME.")


# PM2's command line has the word `all`; here it could be a name.
ALL_ADVICE = " All processes are selected by giving no name, and in the API by restartAll, stopAll and the like."


class ProcessNotFound(PM2Error, NotFound):
    """No process has that name or pm_id."""

    def __init__(self, selection: str, name: str | None = None) -> None:
        """`selection`: the end of `No PM2 process is …`; `name`: the word or the name in it, if it has one."""
        super().__init__(f"No PM2 process is {selection}.{ALL_ADVICE if name == 'all' else ''}")


class ExitNotFound(PM2Error, NotFound):
    """No stored exit has this number."""

    code = "exit_not_found"

    def __init__(self, number: int) -> None:
        super().__init__(f"No exit has the id {number}. Only the newest ones are kept.")


class UnknownFramework(PM2Error, NotFound):
    """The registry has no such framework. `kind`: what else could have had the name."""

    def __init__(self, name: str, known: Sequence[str], kind: str = "framework") -> None:
        super().__init__(
            f"No {kind} is named {name!r}. Available: {', '.join(known)}.", framework=[f"One of {', '.join(known)}."]
        )


class NothingToStart(PM2Error, NotFound):
    """Neither a listed process nor a framework has that name."""

    code = "process_not_found"

    def __init__(self, name: str, frameworks: Sequence[str]) -> None:
        super().__init__(
            f"Neither a process in PM2's list nor a framework is named {name!r}. Frameworks: {', '.join(frameworks)}. "
            "An ecosystem file is started by its path."
        )


class NotInstalled(PM2Error, Unavailable):
    """The framework or its interpreter is missing."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} cannot be started: {reason}")


class AlreadyRunning(PM2Error, Conflict):
    """The framework to start is already running or starting."""

    def __init__(self, name: str, instances: int) -> None:
        state = f"running ({pluralize(instances, 'instance')})" if instances else "starting"
        super().__init__(
            f"{name} is already {state}. Restart it, or stop or delete it first.", choices=["restart", "stop", "delete"]
        )


def find_error_line(stderr: Sequence[str]) -> str:
    """The line of stderr that describes the error: the last that names an exception, else the last that is neither a
    stack frame nor Node's version; empty if there is none."""
    lines = [line.strip() for line in stderr if line.strip()]
    messages = [line for line in lines if not _STACK_FRAME.match(line)]
    exceptions = [line for line in messages if _ERROR.search(line)]
    return (exceptions or messages or lines or [""])[-1]


class StartFailed(PM2Error, Upstream):
    """An instance did not come up, or did not stay up, or could not be stopped."""

    def __init__(
        self,
        name: str,
        reason: str,
        exit_code: int | None,
        stderr: Sequence[str],
        results: Sequence[ProcessResult] = (),
    ) -> None:
        self.results = results
        super().__init__(
            f"{name} did not come up: {reason}.{_quote(stderr)}",
            exitCode=exit_code, stderr=list(stderr), results=list(results),
        )  # fmt: skip


class ActionFailed(PM2Error, Upstream):
    """An action on several processes, or a stop, did not succeed for all. `reasons`: one for each that failed."""

    def __init__(
        self,
        done: str,
        reasons: Sequence[str],
        exit_code: int | None,
        stderr: Sequence[str],
        results: Sequence[ProcessResult],
    ) -> None:
        more = f" And {len(reasons) - SHOWN_REASONS} more." if len(reasons) > SHOWN_REASONS else ""
        super().__init__(
            f"{done}. {'. '.join(reasons[:SHOWN_REASONS])}.{more}{_quote(stderr)}",
            exitCode=exit_code, stderr=list(stderr), results=list(results),
        )  # fmt: skip


def _quote(stderr: Sequence[str]) -> str:
    error_line = find_error_line(stderr)
    return f" Error output: {error_line}" if error_line else ""


class RollingRestartFailed(PM2Error, Upstream):
    """An instance did not come up: the remaining ones were not restarted."""

    def __init__(self, cause: StartFailed | CallTimeout) -> None:
        by_outcome: dict[str, list[ProcessResult]] = {}
        for result in cause.results:
            by_outcome.setdefault(str(result["outcome"]), []).append(result)
        done, left = by_outcome.pop("done", []), by_outcome.pop("skipped", [])
        [[failed]] = by_outcome.values()
        remaining = f" {len(left)} more were not restarted." if left else ""
        super().__init__(
            f"Rolling restart of {failed['name']} stopped at instance {failed['pmId']}: {cause}{remaining}",
            failed=failed["pmId"],
            done=[result["pmId"] for result in done],
            left=[result["pmId"] for result in left],
            **(cause.fields or {}),
        )


class CannotReload(PM2Error, Conflict):
    """PM2 would restart the process instead of reloading it."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"{name} cannot be reloaded without downtime: {reason}. Use rolling-restart or restart.",
            choices=["rolling-restart", "restart"],
        )


class CannotScale(PM2Error, Conflict):
    """The process cannot run more than one instance."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} cannot be scaled: {reason}.")


class InvalidPattern(PM2Error, Invalid):
    """A regular expression is invalid or too large."""

    code = "bad_pattern"

    def __init__(self, pattern: str, reason: str) -> None:
        super().__init__(f"The pattern {pattern!r} cannot be used: {reason}.", search=[reason])


class InvalidRegistry(PM2Error):
    """registry.toml is invalid; the message names the entry and the key."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class OperationInProgress(PM2Error, Conflict):
    """Another action on the same processes is in progress. `holder`: which other server or command runs it."""

    def __init__(self, name: str, action: str, holder: str | None = None) -> None:
        progress = f"{holder} runs {action} of {name}" if holder else f"{action} is in progress"
        super().__init__(f"{name} is busy: {progress}. Try again when it is done.")


class PortTaken(PM2Error, Conflict):
    """The port of a framework is in use by another program."""

    def __init__(self, name: str, port: int, holder: str, advice: str) -> None:
        super().__init__(f"{name} cannot be started: port {port} is in use by {holder}. {advice}")

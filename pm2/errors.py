"""What can go wrong with PM2. [pure]

PM2Error
├── DaemonNotRunning    nothing answers on PM2's socket
├── DaemonHangs         the daemon is there and does not answer
├── DaemonNotStarted    PM2's command line could not bring a daemon up
├── CallTimeout         the daemon did not answer in time
├── CallFailed          the daemon refused a call
├── ProtocolError       the daemon sent what nobody can read
├── InvalidHome         PM2_HOME is too long for a unix socket
├── ProcessNotFound     no process of that name or pm_id
├── UnknownFramework    the registry has no such framework
├── NotInstalled        the framework, or what runs it, is missing
├── AlreadyRunning      start, where it runs already
├── OperationInProgress another action on the same processes is under way
├── PortTaken           the port of a framework belongs to another program
├── StartFailed         an instance did not come up, or did not stay
├── RollingRestartFailed one of them did not come up: the rest was left alone
├── CannotReload        PM2 would restart it, which is not what was asked for
├── CannotScale         a process that cannot have brothers
├── PatternTooSlow      a regular expression that takes too long
└── InvalidRegistry     registry.toml cannot be used
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ERROR = re.compile(r"\w*(?:Error|Exception)\b")
_FRAME = re.compile(r"at |Node\.js v|\^+$|node:internal|\}$")


class PM2Error(Exception):
    """The root of this app's errors. `fields` travels to the client as it is."""

    fields: dict[str, object] | None = None


class DaemonNotRunning(PM2Error):
    """Nothing answers on PM2's socket."""

    def __init__(self, home: str) -> None:
        super().__init__(f"PM2's daemon for {home} is not running. Starting a framework starts it.")
        self.home = home


class DaemonHangs(PM2Error):
    """The daemon is there and does not answer."""

    def __init__(self, home: str, pid: int | None) -> None:
        super().__init__(
            f"PM2's daemon for {home} (pid {pid}) does not answer, and nothing was asked of it: it would do so when it "
            f"wakes. If it was stopped, continue it: kill -CONT {pid}."
        )


class DaemonNotStarted(PM2Error):
    """PM2's command line could not bring a daemon up."""

    def __init__(self, home: str, reason: str) -> None:
        super().__init__(f"PM2's daemon for {home} could not be started: {reason}")


class CallTimeout(PM2Error):
    """The daemon did not answer in time."""

    def __init__(self, method: str, timeout_s: float) -> None:
        super().__init__(f"PM2 did not answer {method} within {timeout_s:g} s (see PM2_TIMEOUT).")
        self.method = method
        self.timeout_s = timeout_s


class CallFailed(PM2Error):
    """The daemon refused a call."""

    def __init__(self, method: str, reason: str) -> None:
        super().__init__(f"PM2 refused {method}: {reason}")
        self.method = method
        self.reason = reason


class ProtocolError(PM2Error):
    """The daemon sent what nobody can read."""


class InvalidHome(PM2Error):
    """PM2_HOME is too long: a unix socket's path holds 107 bytes."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is longer than the 107 bytes of a socket path. Set a shorter PM2_HOME.")


class ProcessNotFound(PM2Error):
    """No process of that name or pm_id."""

    def __init__(self, target: str) -> None:
        super().__init__(f"No PM2 process is {target}.")


class UnknownFramework(PM2Error):
    """The registry has no such framework."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"No framework is named {name!r}. There are: {', '.join(known)}.")
        self.fields = {"framework": [f"One of {', '.join(known)}."]}


class NotInstalled(PM2Error):
    """The framework, or what runs it, is missing."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} cannot be started: {reason}")


class AlreadyRunning(PM2Error):
    """`start`, where the framework runs already, or a start is under way."""

    def __init__(self, name: str, instances: int) -> None:
        state = (
            f"runs already, {instances} instance{'s' * (instances != 1)}" if instances else "is being started just now"
        )
        super().__init__(f"{name} {state}. Restart it, or stop or delete it first.")
        self.fields = {"choices": ["restart", "stop", "delete"]}


def last_words(stderr: Sequence[str]) -> str:
    """The line that says what went wrong: the last that names an error, else the last that is neither a frame of the
    stack nor Node's name; empty when there is none."""
    lines = [line.strip() for line in stderr if line.strip()]
    telling = [line for line in lines if not _FRAME.match(line)]
    named = [line for line in telling if _ERROR.search(line)]
    return (named or telling or lines or [""])[-1]


class StartFailed(PM2Error):
    """An instance did not come up, or did not stay."""

    def __init__(self, name: str, reason: str, exit_code: int | None, stderr: Sequence[str]) -> None:
        words = last_words(stderr)
        tail = f" It said: {words}" if words else ""
        super().__init__(f"{name} did not come up: {reason}.{tail}")
        self.fields = {"exitCode": exit_code, "stderr": list(stderr)}


class RollingRestartFailed(PM2Error):
    """One of them did not come up: the rest was left alone."""

    def __init__(self, name: str, failed: int, done: Sequence[int], left: Sequence[int], cause: StartFailed) -> None:
        rest = f" {len(left)} were left as they were." if left else ""
        super().__init__(f"Rolling restart of {name} stopped at instance {failed}: {cause}{rest}")
        self.fields = {"failed": failed, "done": list(done), "left": list(left), **(cause.fields or {})}


class CannotReload(PM2Error):
    """PM2 would restart it, which is not what was asked for."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} cannot be reloaded without a gap: {reason}. Use rolling-restart, or restart.")
        self.fields = {"choices": ["rolling-restart", "restart"]}


class CannotScale(PM2Error):
    """A process that cannot have brothers."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} cannot be scaled: {reason}.")


class PatternTooSlow(PM2Error):
    """A regular expression that cannot be used, or takes too long."""

    def __init__(self, pattern: str, reason: str) -> None:
        super().__init__(f"The pattern {pattern!r} cannot be used: {reason}.")
        self.fields = {"search": [reason]}


class InvalidRegistry(PM2Error):
    """registry.toml cannot be used; the message names the entry and the key."""


class OperationInProgress(PM2Error):
    """Another action on the same processes is under way."""

    def __init__(self, name: str, verb: str) -> None:
        super().__init__(f"{name} is busy: {verb} is under way. Try again when it is done.")


class PortTaken(PM2Error):
    """The port of a framework belongs to another program."""

    def __init__(self, name: str, port: int, holder: str, pid: int | None) -> None:
        whose = (
            f"{holder} (pid {pid}), which is not under PM2. Stop it first" if pid else "a program that is not under PM2"
        )
        advice = f": kill {pid}" if pid else ". Stop that first"
        super().__init__(f"{name} cannot be started: port {port} is taken by {whose}{advice}.")

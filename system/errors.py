"""Errors of the host, of its child processes, and of long work. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from system.lib.errors import ReportedError, TimedOut, Unavailable


class HostError(ReportedError):
    """The base of this app's errors."""


class BinaryMissing(HostError, Unavailable):
    def __init__(self, name: str, hint: str) -> None:
        super().__init__(f"{name} is not installed. {hint}")
        self.name = name


class ChildFailed(HostError, Unavailable):
    """The operating system refused to start a child process."""

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(f"{program} could not be started: {reason}.")
        self.program = program


class ChildTimeout(HostError, TimedOut):
    """A child process exceeded its time limit and was killed together with its process group."""

    def __init__(self, program: str, timeout_s: float, stderr_tail: str) -> None:
        super().__init__(f"{program} did not finish within {timeout_s:g} s and was killed.")
        self.program = program
        self.timeout_s = timeout_s
        self.stderr_tail = stderr_tail


class ServerStops(HostError, Unavailable):
    """The server stops between two steps of long work. The error of the work itself says what was done until then."""

    code = "server_stopping"

    def __init__(self) -> None:
        super().__init__("The server is stopping.")


class InstallationFailed(Exception):
    """npm or pip did not succeed. Only the command `setup` meets it, never a client of the server."""

    def __init__(self, argv: Sequence[str], exit_code: int | None, output: str) -> None:
        super().__init__(f"{' '.join(argv)} failed with exit code {exit_code}:\n{output}")

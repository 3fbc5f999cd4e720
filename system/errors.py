"""What can go wrong with the host and its child processes. [pure]

SystemProblem
├── BinaryMissing     a program is not installed
├── ChildFailed       a child process could not be started
└── ChildTimeout      a child process was killed because it took too long
"""

from __future__ import annotations


class SystemProblem(Exception):
    """The root of this app's errors."""


class BinaryMissing(SystemProblem):
    """A program that the action needs is not installed."""

    def __init__(self, name: str, hint: str) -> None:
        super().__init__(f"{name} is not installed. {hint}")
        self.name = name


class ChildFailed(SystemProblem):
    """The operating system refused to start a child process."""

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(f"{program} could not be started: {reason}.")
        self.program = program


class ChildTimeout(SystemProblem):
    """A child process did not end in time and was killed together with its group."""

    def __init__(self, program: str, timeout_s: float, stderr_tail: str) -> None:
        super().__init__(f"{program} did not end within {timeout_s:g} s and was killed.")
        self.program = program
        self.timeout_s = timeout_s
        self.stderr_tail = stderr_tail

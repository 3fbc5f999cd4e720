"""Errors of the host and its child processes. [pure]

HostError
├── BinaryMissing     a program is not installed
├── ChildFailed       a child process could not be started
└── ChildTimeout      a child process exceeded its time limit and was killed
"""

from __future__ import annotations


class HostError(Exception):
    """The base of this app's errors."""


class BinaryMissing(HostError):
    def __init__(self, name: str, hint: str) -> None:
        super().__init__(f"{name} is not installed. {hint}")
        self.name = name


class ChildFailed(HostError):
    """The operating system refused to start a child process."""

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(f"{program} could not be started: {reason}.")
        self.program = program


class ChildTimeout(HostError):
    """A child process exceeded its time limit and was killed together with its process group."""

    def __init__(self, program: str, timeout_s: float, stderr_tail: str) -> None:
        super().__init__(f"{program} did not finish within {timeout_s:g} s and was killed.")
        self.program = program
        self.timeout_s = timeout_s
        self.stderr_tail = stderr_tail

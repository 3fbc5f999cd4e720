"""Prints to the terminal: what targets, load generators and servers say is escaped. [io: stderr]"""

from __future__ import annotations

import shutil
import sys

from system.lib.text import printable


def print_stderr(text: str) -> None:
    """One line."""
    print(printable(text), file=sys.stderr, flush=True)


class ProgressLine:
    """One line on stderr, overwritten by the next. Without a terminal, each phase is printed once."""

    def __init__(self) -> None:
        self.is_terminal = sys.stderr.isatty()
        self.last_phase = ""

    def show(self, phase: str, figures: str) -> None:
        if self.is_terminal:
            line = printable(f"{phase}  {figures}")[: shutil.get_terminal_size().columns - 1]
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
        elif phase != self.last_phase:
            print_stderr(phase)
        self.last_phase = phase

    def clear(self) -> None:
        if self.is_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

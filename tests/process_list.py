"""What runs on this machine, without the tools that a small machine may lack."""

from __future__ import annotations

import os
from contextlib import suppress

import psutil


def commands_with(text: str) -> list[str]:
    """Command lines, other than our own, that hold `text`."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            command = " ".join(process.cmdline())
            if text in command and process.pid != os.getpid():
                found.append(command)
    return found

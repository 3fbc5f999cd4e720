"""Runs a program in the terminal of this one, with its output and its Ctrl-C. [io: subprocess]"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping, Sequence


async def run_in_foreground(argv: Sequence[str], *, env: Mapping[str, str]) -> int:
    """The program's exit code, negative for a signal. Raises OSError if it cannot be started.

    A cancellation waits for the program: Ctrl-C has reached it too, and it may have something to end.
    """
    process = subprocess.Popen(argv, env=env)  # noqa: ASYNC220 - returns at once; a pipe would hide the terminal
    waiting = asyncio.ensure_future(asyncio.to_thread(process.wait))
    try:
        return await asyncio.shield(waiting)
    except asyncio.CancelledError:
        await waiting
        raise

"""Runs blocking calls in threads that end before the operation that is cancelled goes on."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def run_to_end(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """As `asyncio.to_thread`, but a cancelled caller still waits for the end of the call.

    A thread cannot be stopped: the nodes that it starts, or the file that it writes, would come after the undoing.
    """
    context = contextvars.copy_context()
    # A future of the executor, not a task: the end of `asyncio.run` cancels all tasks, and a cancelled one says nothing
    # about its thread.
    call = asyncio.get_running_loop().run_in_executor(None, partial(context.run, function, *arguments, **options))
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        await asyncio.wait([call])
        call.exception()  # retrieved, or asyncio logs it
        raise

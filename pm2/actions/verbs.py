"""The actions on PM2 that the API and `manage.py pm2` offer: what each needs, and the function that performs it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from pm2.actions import lifecycle, scaling, upkeep
from pm2.actions.result import ActionResult
from pm2.actions.selection import ALL, ProcessSelector


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """`selector`: by default all processes; `instances`, `signal`: only for verbs that take a number or a signal; `by`:
    who requested it, for the list of exits."""

    selector: ProcessSelector = ALL
    instances: int | None = None
    by: str = ""
    signal: str = ""


Perform = Callable[[ActionRequest], Coroutine[Any, Any, ActionResult]]


@dataclass(frozen=True, slots=True)
class Verb:
    """`name`: also the last part of its address in the API. `needs_name`: on the command line; the API always needs a
    selector, and has `path_for_all`, if any, for all processes. `instances`: whether a number of instances is required,
    optional, or (None) not accepted; `takes_signal`: whether the name of a signal is. `is_destructive`: the command
    line asks before it acts on all processes."""

    name: str
    help: str
    perform: Perform
    needs_name: bool = False
    instances: str | None = None
    is_destructive: bool = False
    path_for_all: str = ""
    takes_signal: bool = False


def _on_processes(action: Callable[[ProcessSelector, str], Coroutine[Any, Any, ActionResult]]) -> Perform:
    async def perform(request: ActionRequest) -> ActionResult:
        return await action(request.selector, request.by)

    return perform


async def _start(request: ActionRequest) -> ActionResult:
    if request.selector.framework is None:
        return await lifecycle.start_selected(request.selector, request.by)
    return await lifecycle.start(request.selector.framework, request.instances)


async def _scale(request: ActionRequest) -> ActionResult:
    assert request.instances  # noqa: S101 - the number is required
    return await scaling.scale(request.selector, request.instances, request.by)


async def _signal(request: ActionRequest) -> ActionResult:
    return await upkeep.send_signal(request.selector, request.signal, request.by)


_VERBS = (
    Verb(
        "start",
        "Start a framework, stopped processes, or an ecosystem file; responds once every process is online, and a"
        " framework's port open.",
        _start, needs_name=True, instances="optional",
    ),
    Verb(
        "stop", "Stop processes; they remain in PM2's list.", _on_processes(lifecycle.stop),
        is_destructive=True, path_for_all="stopAll",
    ),
    Verb(
        "restart", "Restart processes; responds once they are online, and frameworks serve their port.",
        _on_processes(lifecycle.restart), path_for_all="restartAll",
    ),
    Verb(
        "reload", "Replace each instance without downtime; cluster mode only.", _on_processes(scaling.reload),
        path_for_all="reloadAll",
    ),
    Verb(
        "rolling-restart", "Restart instances one by one; stops at the first that does not come up.",
        _on_processes(scaling.rolling_restart),
    ),
    Verb(
        "scale",
        "Change the number of instances; the newest are removed first, and finish their pending requests.", _scale,
        needs_name=True, instances="required",
    ),
    Verb(
        "delete", "Stop processes and remove them from PM2's list.", _on_processes(lifecycle.delete),
        is_destructive=True, path_for_all="deleteAll",
    ),
    Verb(
        "flush", "Empty the log files of processes.", _on_processes(upkeep.flush),
        is_destructive=True, path_for_all="flushAll",
    ),
    Verb(
        "reset", "Set PM2's counters of restarts to 0; the restarts in lists here go on counting.",
        _on_processes(upkeep.reset), path_for_all="resetAll",
    ),
    Verb("signal", "Send a signal to processes.", _signal, needs_name=True, takes_signal=True),
)  # fmt: skip
VERBS = {verb.name: verb for verb in _VERBS}

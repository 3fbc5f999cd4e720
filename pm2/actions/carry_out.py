"""Sends an action to the daemon for each process, and polls until it has taken effect, or cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from pm2.actions.outcomes import Outcome, ProcessOutcome, wire_results
from pm2.actions.verdicts import SelectedProcess, Verdict, failed, judge_start
from pm2.daemon.process import Process, Status
from pm2.daemon.rpc_client import DaemonConnection
from pm2.errors import ActionFailed, CallFailed, CallTimeout, StartFailed
from pm2.logs import log_files
from pm2.monitor import listing
from system.host import ports, process_trees
from system.lib.quantities import pluralize

CLUSTER = "cluster_mode"
POLL_S = 0.05
STEADY_S = 0.3  # an instance that stays online this long has not crashed at startup
STDERR_LINES = 20  # of Node: up to four about the place, the error, ten of its stack, and its version
PER_PROCESS_S = 0.3  # a hundred Node processes take half a minute to start on two cores
MAX_ACTION_S = 590.0  # below the 600 s that the server gives a request


def action_timeout_s(count: int, own_s: float = 0.0) -> float:
    """Timeout of an action on `count` processes: they share the CPUs, and the daemon handles one at a time. `own_s`:
    the longest time that their own settings allow, such as kill_timeout."""
    return min(settings.PM2_TIMEOUT + PER_PROCESS_S * count + own_s, MAX_ACTION_S)


Send = Callable[[DaemonConnection, SelectedProcess, float], Awaitable[None]]  # the last: a timeout in seconds
Judge = Callable[[SelectedProcess, Process | None], Verdict | None]


@dataclass(frozen=True, slots=True)
class Action:
    """What is done to one process. `name`, `past_tense`: of the verb, for messages. `judge`: whether it has taken
    effect; `starts`: that takes until a framework's server serves its port. `own_s`: how long the process's
    settings allow it to take."""

    name: str
    past_tense: str
    send: Send
    judge: Judge
    own_s: Callable[[SelectedProcess], float]
    starts: bool = False


@dataclass(slots=True)
class _Progress:
    """`seen`: the verdict last seen of each process, and since when. `closed`: the pm_ids of those that are online
    without their port."""

    verdicts: dict[int, Verdict] = field(default_factory=dict)
    seen: dict[int, tuple[Verdict, float]] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)

    def note(self, pm_id: int, verdict: Verdict | None, now_s: float) -> None:
        if verdict is None:
            self.seen.pop(pm_id, None)
            return
        before, since_s = self.seen.get(pm_id, (verdict, now_s))
        since_s = since_s if before == verdict else now_s
        self.seen[pm_id] = verdict, since_s
        if verdict.is_final or now_s - since_s >= STEADY_S:
            self.verdicts[pm_id] = verdict


@dataclass(frozen=True, slots=True)
class Effect:
    """`verdicts`: by pm_id, of every selected process. `after`: those of them that PM2 listed last."""

    action: Action
    selected: tuple[SelectedProcess, ...]
    verdicts: Mapping[int, Verdict]
    after: tuple[Process, ...]
    timeout_s: float

    @property
    def outcomes(self) -> tuple[ProcessOutcome, ...]:
        return tuple(self.verdicts[one.process.pm_id].of(one.process) for one in self.selected)

    @property
    def done_pm_ids(self) -> list[int]:
        return [pm_id for pm_id, verdict in self.verdicts.items() if verdict.outcome is Outcome.DONE]


async def carry_out(daemon: DaemonConnection, action: Action, selected: Sequence[SelectedProcess]) -> Effect:
    """Acts on all at once. What becomes of a process is in the Effect. Raises the errors of a connection, such as
    DaemonNotRunning."""
    loop = asyncio.get_running_loop()
    timeout_s = action_timeout_s(len(selected), max((action.own_s(one) for one in selected), default=0.0))
    deadline_s = loop.time() + timeout_s
    progress = _Progress()
    await _send_to_each(daemon, action, selected, timeout_s, progress)
    while True:
        listed = {process.pm_id: process for process in await listing.list_processes(daemon)}
        open_ones = [one for one in selected if one.process.pm_id not in progress.verdicts]
        for one in open_ones:
            verdict = await _judge(action, one, listed.get(one.process.pm_id), progress.closed)
            progress.note(one.process.pm_id, verdict, loop.time())
        is_late = loop.time() > deadline_s
        if is_late or len(progress.verdicts) == len(selected):
            verdicts = {
                one.process.pm_id: progress.verdicts.get(one.process.pm_id) or _late(action, one, progress, timeout_s)
                for one in selected
            }
            after = tuple(listed[pm_id] for pm_id in verdicts if pm_id in listed)
            return Effect(action, tuple(selected), verdicts, after, timeout_s)
        await asyncio.sleep(POLL_S)


async def _send_to_each(
    daemon: DaemonConnection, action: Action, selected: Sequence[SelectedProcess], timeout_s: float, progress: _Progress
) -> None:
    replies = await asyncio.gather(*(action.send(daemon, one, timeout_s) for one in selected), return_exceptions=True)
    for one, reply in zip(selected, replies, strict=True):
        if isinstance(reply, CallFailed):
            message = f"PM2 refused it: {reply.reason}. Stop it, then start it again"
            progress.verdicts[one.process.pm_id] = Verdict(Outcome.FAILED, message)
        elif isinstance(reply, BaseException) and not isinstance(reply, CallTimeout):
            raise reply


async def _judge(action: Action, one: SelectedProcess, now: Process | None, closed: set[int]) -> Verdict | None:
    verdict = action.judge(one, now)
    closed.discard(one.process.pm_id)
    if verdict is None or one.port is None or now is None or now.status is not Status.ONLINE or not action.starts:
        return verdict
    if await _is_serving(now, one.port):
        return verdict
    closed.add(one.process.pm_id)
    return None


async def _is_serving(process: Process, port: int) -> bool:
    """Whether the instance itself serves the port, as far as that can be seen."""
    if process.exec_mode == CLUSTER:  # the daemon listens, for all instances
        return await asyncio.to_thread(ports.is_listening, port)
    return port in await process_trees.listening_ports(process.pid)  # siblings may share it


def _late(action: Action, one: SelectedProcess, progress: _Progress, timeout_s: float) -> Verdict:
    if one.process.pm_id in progress.closed:
        return failed(not_listening(one.port, timeout_s))
    message = f"not {action.past_tense.lower()} within {timeout_s:g} s (see PM2_TIMEOUT)"
    return Verdict(Outcome.UNFINISHED, message)


def not_listening(port: int | None, timeout_s: float) -> str:
    """Why a framework's server has not come up."""
    return f"it was not online with port {port} open within {timeout_s:g} s (see PM2_TIMEOUT)"


async def raise_failure(
    daemon: DaemonConnection,
    effect: Effect,
    earlier: Sequence[ProcessOutcome] = (),
    later: Sequence[ProcessOutcome] = (),
) -> None:
    """Does nothing if every process is done. Raises StartFailed or CallTimeout for a single process, else ActionFailed,
    with what became of each. `earlier`, `later`: outcomes of processes that are handled one after the other."""
    bad = [one for one in effect.selected if effect.verdicts[one.process.pm_id].outcome is not Outcome.DONE]
    if not bad:
        return
    results = wire_results([*earlier, *effect.outcomes, *later])
    verdicts = [effect.verdicts[one.process.pm_id] for one in bad]
    name, verdict = bad[0].process.name, verdicts[0]
    if all(verdict.outcome is Outcome.UNFINISHED for verdict in verdicts):
        names = ", ".join(sorted({one.process.name for one in bad}))
        raise CallTimeout(f"{effect.action.name} of {names}", effect.timeout_s, results=results)
    stderr = await read_stderr(daemon, bad[0].process)
    if len(effect.selected) == 1 and effect.action.judge is judge_start:
        raise StartFailed(name, with_exit_code(verdict), verdict.exit_code, stderr, results=results)
    reasons = [
        f"{one.process.name} {one.process.pm_id}: {with_exit_code(verdict)}"
        for one, verdict in zip(bad, verdicts, strict=True)
    ]
    done = f"{effect.action.past_tense} {len(results) - len(bad)} of {pluralize(len(results), 'process')}"
    raise ActionFailed(done, reasons, verdict.exit_code, stderr, results)


def with_exit_code(verdict: Verdict) -> str:
    return verdict.message + (f", exit code {verdict.exit_code}" if verdict.exit_code else "")


async def read_stderr(daemon: DaemonConnection, process: Process) -> list[str]:
    """The end of its error log."""
    files = listing.log_files_by_process(await listing.fetch_entries(daemon)).get((process.name, process.pm_id))
    return await asyncio.to_thread(log_files.read_last_lines, Path(files.err), STDERR_LINES) if files else []


async def call_for_each(daemon: DaemonConnection, method: str, pm_ids: Collection[int], timeout_s: float) -> None:
    """Calls `method` for each process, concurrently."""
    await asyncio.gather(*(daemon.call(method, pm_id, timeout_s=timeout_s) for pm_id in pm_ids))

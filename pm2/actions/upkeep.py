"""Flush, reset and signal: what is done to processes that go on running."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from pm2.actions import action_steps, name_locks
from pm2.actions.outcomes import ProcessOutcome, wire_results
from pm2.actions.result import ActionResult, build_result
from pm2.actions.selection import ProcessSelector
from pm2.actions.verdicts import SelectedProcess, Verdict, done, failed
from pm2.daemon.process import as_int, as_text, pm2_env
from pm2.daemon.rpc_client import DaemonConnection
from pm2.errors import ActionFailed, CallFailed
from pm2.exits import expected_exits
from pm2.monitor import listing
from system.lib.quantities import pluralize

SIGNALS = tuple(sorted(one.name for one in signal.Signals))
ENDING = frozenset({"SIGINT", "SIGTERM", "SIGKILL", "SIGQUIT"})  # an exit follows, and is no crash
LOG_PATHS = ("pm_out_log_path", "pm_err_log_path", "pm_log_path")


async def flush(selector: ProcessSelector, by: str = "") -> ActionResult:
    """Empties the log files of processes. Raises ProcessNotFound, ActionFailed."""
    return await action_steps.run_to_completion(_flush(selector))


async def _flush(selector: ProcessSelector) -> ActionResult:
    async with action_steps.responsive_daemon(selector) as daemon:
        selected, skipped = await action_steps.select_processes(daemon, selector)
        entries = await listing.fetch_entries(daemon)
    paths = {as_int(entry.get("pm_id")): _log_paths(pm2_env(entry)) for entry in entries}
    verdicts = [await asyncio.to_thread(_empty_files, paths.get(one.process.pm_id, [])) for one in selected]
    outcomes = _raise_unless_done("Emptied the logs", selected, verdicts)
    message = f"Emptied the logs of {action_steps.join_names(selected)}: {pluralize(len(selected), 'process')}"
    return build_result(message, [one.process for one in selected], skipped=skipped, results=outcomes)


def _log_paths(env: object) -> list[Path]:
    texts = [as_text(env.get(key)) for key in LOG_PATHS] if isinstance(env, dict) else []
    return [Path(text) for text in dict.fromkeys(texts) if text and text != "/dev/null"]


def _empty_files(paths: Sequence[Path]) -> Verdict:
    """Only regular files of the owner of PM2_HOME: an app names its log files, and this may be root."""
    owner = Path(settings.PM2_HOME).stat().st_uid
    size = 0
    for path in paths:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:  # it has not written anything yet
            continue
        except OSError as error:
            return failed(f"{path} cannot be emptied: {(error.strerror or str(error)).lower()}")
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != owner:
                return failed(f"{path} was left: it is not a regular file of the owner of PM2_HOME")
            os.ftruncate(descriptor, 0)
            size += status.st_size
        finally:
            os.close(descriptor)
    return done(f"{pluralize(size, 'byte')} emptied")


async def reset(selector: ProcessSelector, by: str = "") -> ActionResult:
    """Sets PM2's counters of restarts to 0. Raises ProcessNotFound, ActionFailed."""
    return await action_steps.run_to_completion(_reset(selector))


async def _reset(selector: ProcessSelector) -> ActionResult:
    async with action_steps.responsive_daemon(selector) as daemon:
        selected, skipped = await action_steps.select_processes(daemon, selector)
        with name_locks.hold_names(action_steps.names_of(selected), "reset"):
            verdicts = [await _reset_one(daemon, one) for one in selected]
        outcomes = _raise_unless_done("Reset", selected, verdicts)
        ids = {one.process.pm_id for one in selected}
        after = [process for process in await listing.list_processes(daemon) if process.pm_id in ids]
    message = f"Reset PM2's counters of {action_steps.join_names(selected)}: {pluralize(len(selected), 'process')}"
    return build_result(message, after, skipped=skipped, results=outcomes)


async def _reset_one(daemon: DaemonConnection, one: SelectedProcess) -> Verdict:
    try:
        await daemon.call("resetMetaProcessId", one.process.pm_id)
    except CallFailed as error:
        return failed(f"PM2 refused it: {error.reason}")
    return done("reset")


async def send_signal(selector: ProcessSelector, name: str, by: str = "") -> ActionResult:
    """`name`: one of SIGNALS. Raises ProcessNotFound, ActionFailed."""
    return await action_steps.run_to_completion(_send_signal(selector, name, by))


async def _send_signal(selector: ProcessSelector, name: str, by: str) -> ActionResult:
    async with action_steps.responsive_daemon(selector) as daemon:
        selected, skipped = await action_steps.select_processes(daemon, selector)
        with name_locks.hold_names(action_steps.names_of(selected), "signal"):
            verdicts = [await _signal_one(daemon, one, name, by) for one in selected]
    outcomes = _raise_unless_done(f"Sent {name} to", selected, verdicts)
    message = f"Sent {name} to {action_steps.join_names(selected)}: {pluralize(len(selected), 'process')}"
    return build_result(message, [one.process for one in selected], skipped=skipped, results=outcomes)


async def _signal_one(daemon: DaemonConnection, one: SelectedProcess, name: str, by: str) -> Verdict:
    """Not by PM2's own call: it signals the daemon's whole group if the process has just ended (its pid is 0 then). The
    descriptor belongs to one process even if its pid is used again, and PM2 lists that pid after it was opened."""
    pid = one.process.pid
    if not pid:
        return failed(f"it is not running: {one.process.status}")
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return failed("it has just ended")
    try:
        listed = await listing.list_processes(daemon)
        if not any((now.pm_id, now.pid) == (one.process.pm_id, pid) for now in listed):
            return failed("it has just ended")
        if name in ENDING:
            expected_exits.expect_exits([one.process.pm_id], f"sent {name}", by)
        signal.pidfd_send_signal(descriptor, signal.Signals[name])
    except ProcessLookupError:
        return failed("it has just ended")
    except OSError as error:
        return failed(f"{(error.strerror or str(error)).lower()}")
    finally:
        with suppress(OSError):
            os.close(descriptor)
    return done(f"{name} sent to pid {pid}")


def _raise_unless_done(
    past_tense: str, selected: Sequence[SelectedProcess], verdicts: Sequence[Verdict]
) -> list[ProcessOutcome]:
    """What became of each. Raises ActionFailed."""
    outcomes = [verdict.of(one.process) for one, verdict in zip(selected, verdicts, strict=True)]
    bad = [outcome for outcome in outcomes if outcome.outcome != "done"]
    if bad:
        counted = f"{past_tense} {len(outcomes) - len(bad)} of {pluralize(len(outcomes), 'process')}"
        reasons = [f"{outcome.name} {outcome.pm_id}: {outcome.message}" for outcome in bad]
        raise ActionFailed(counted, reasons, None, [], wire_results(outcomes))
    return outcomes

"""Saves PM2's list, so that a reboot brings it back, and starts what was saved."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from django.conf import settings

from pm2.actions import action_steps, name_locks, start_steps
from pm2.actions.carry_out import raise_failure
from pm2.actions.result import ActionResult, Skipped, build_result
from pm2.actions.selection import ALL
from pm2.daemon import rpc_client
from pm2.daemon.process import as_text
from pm2.ecosystem import file_trust
from pm2.ecosystem.start_from_file import send_prepares
from pm2.file_errors import NoSavedList, NothingToSave, NotSaved, SavedListDamaged, SavedListUnsafe
from pm2.monitor import listing
from pm2.saved_list import dump_file
from pm2.saved_list.dump_file import Entry
from system.lib import files
from system.lib.quantities import pluralize


async def save(*, is_forced: bool = False) -> ActionResult:
    """Writes PM2's list to its dump file, as `pm2 save` does. Raises NothingToSave for an empty list unless it is
    forced, NotSaved, DaemonNotRunning."""
    return await action_steps.run_to_completion(_save(is_forced))


async def _save(is_forced: bool) -> ActionResult:
    home = Path(settings.PM2_HOME)
    path = dump_file.dump_path(home)
    async with action_steps.responsive_daemon(ALL) as daemon:
        entries = await listing.fetch_entries(daemon)
    saved = dump_file.saved_form(entries)
    if not saved and not is_forced:
        raise NothingToSave(str(path))
    try:
        await asyncio.to_thread(dump_file.replace, home, saved)
    except OSError as error:
        raise NotSaved(files.describe_refusal(path, error)) from error
    own = tuple(process for process in listing.parse_entries(entries) if not process.is_module)
    return build_result(f"Saved {pluralize(len(saved), 'process')} in {path}", own)


async def resurrect() -> ActionResult:
    """Starts what the saved list has and PM2's list does not, by name, as `pm2 resurrect` does. Raises NoSavedList,
    SavedListUnsafe, SavedListDamaged, StartFailed, ActionFailed, CallTimeout."""
    return await action_steps.run_to_completion(_resurrect())


async def _resurrect() -> ActionResult:
    saved = await asyncio.to_thread(_read_safely, dump_file.dump_path(Path(settings.PM2_HOME)))
    await action_steps.ensure_responsive(ALL)
    with name_locks.hold_names({as_text(entry.get("name")) for entry in saved}, "resurrect"):
        await start_steps.ensure_daemon()
        async with rpc_client.connect() as daemon:
            present = {process.name for process in await listing.list_processes(daemon)}
            absent = [entry for entry in saved if as_text(entry.get("name")) not in present]
            effect = await send_prepares(daemon, absent)
            await raise_failure(daemon, effect)
    listed = dict.fromkeys(as_text(entry.get("name")) for entry in saved)
    skipped = tuple(Skipped(name, "it is listed already") for name in listed if name in present)
    number = pluralize(len(effect.selected), "process")
    names = f"Resurrected {action_steps.join_names(effect.selected)}: {number}"
    message = names if effect.selected else "Resurrected nothing: the processes of the saved list are listed already"
    return build_result(message, effect.after, skipped=skipped, results=effect.outcomes)


def _read_safely(path: Path) -> tuple[Entry, ...]:
    resolved = Path(os.path.realpath(path))
    try:
        risk = file_trust.find_risk(resolved)
    except OSError as error:
        raise NoSavedList(str(path)) from error
    if risk:
        raise SavedListUnsafe(str(path), risk)
    saved = dump_file.read(resolved)
    if saved.problem:
        raise SavedListDamaged(saved.problem)
    broken = [
        entry for entry in saved.entries if not isinstance(entry.get("env"), dict) or not entry.get("pm_exec_path")
    ]
    if broken:
        raise SavedListDamaged(
            f"{path} is damaged: {pluralize(len(broken), 'process')} without a script. Save it again."
        )
    return saved.entries

"""Locks of process names, which live with the PM2_HOME: they hold for all servers and commands on one daemon."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import structlog
from django.conf import settings

from pm2.daemon import origin, shared_folder
from pm2.errors import OperationInProgress
from system.lib import locks

log = structlog.get_logger("pm2.actions.name_locks")
_reported: set[str] = set()


@contextmanager
def hold_names(names: Collection[str], action: str) -> Iterator[None]:
    """Allows one action per name at a time, across threads, event loops, processes and servers. Raises
    OperationInProgress."""
    with ExitStack() as held:
        for name in sorted(names):
            label = _hold(held, name, action)
            if label is not None:
                raise _in_progress(name, label)
        yield


def check_free(names: Iterable[str]) -> None:
    """Raises OperationInProgress if an action on one of them is running."""
    for name in sorted(names):
        shared, private = _lock_files(name)
        with suppress(OSError):
            label = locks.holder(shared, shared_folder.open_shared) or locks.holder(private)
            if label is not None:
                raise _in_progress(name, label)


def _lock_files(name: str) -> tuple[Path, Path]:
    """In PM2_HOME, and in DATA_DIR."""
    home = Path(settings.PM2_HOME)
    shared, private = (
        hashlib.sha256(text.encode(errors="replace")).hexdigest()[:24] for text in (name, f"{home}\0{name}")
    )
    return shared_folder.path_of(home, f"lock-{shared}"), Path(settings.DATA_DIR) / "locks" / f"pm2-{private}"


def _hold(held: ExitStack, name: str, action: str) -> str | None:
    """The label of the holder; None if the lock is ours. Where the folder in PM2_HOME cannot be used, such as on a
    read-only file system, the lock is one of this DATA_DIR, which excludes its own server and commands."""
    label = origin.to_json(action=action)
    shared, private = _lock_files(name)
    try:
        return held.enter_context(locks.exclusive(shared, label, open_file=shared_folder.open_shared))
    except OSError as error:
        _report(f"{error.filename or shared}: {error.strerror or error}")
    return held.enter_context(locks.exclusive(private, label))


def _report(reason: str) -> None:
    if reason not in _reported:
        _reported.add(reason)
        log.warning("no lock in PM2_HOME: another server on it may act at the same time", reason=reason)


def _in_progress(name: str, label: str) -> OperationInProgress:
    try:
        fields = json.loads(label)
        holder, action = origin.from_fields(fields), str(fields["action"])
    except (ValueError, KeyError, TypeError):  # written on a full disk, or not by us
        return OperationInProgress(name, "another action")
    is_own = holder == origin.this_process()
    return OperationInProgress(name, action, None if is_own else str(holder))

"""Processes that are not our children: who works in a folder, who listens on a port. [io: psutil]"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import psutil

from system.host.child_processes import Identity, identify


@dataclass(frozen=True, slots=True)
class Seen:
    """A live process. `executable` and `folder` are None when the system does not tell them to us.

    `leads`: it leads its process group, as whoever was started by us does and what it forks does not.
    `ends`: it has let go of its program, and will be gone in a moment.
    """

    identity: Identity
    name: str
    executable: Path | None
    folder: Path | None
    leads: bool
    ends: bool = False


def see(pid: int) -> Seen | None:
    """None when it is gone."""
    identity = identify(pid)
    if identity is None:
        return None
    try:
        process = psutil.Process(pid)
        program, folder = _path(process, "exe"), _path(process, "cwd")
        leads = os.getpgid(pid) == pid
        return Seen(identity, process.name(), program, folder, leads, program is None and _ends(process))
    except (psutil.Error, OSError):
        return None


def _ends(process: psutil.Process) -> bool:
    """Neither program nor words, as opposed to those of another user that we may not see."""
    try:
        return not process.exe() and not process.cmdline()
    except psutil.AccessDenied:
        return False


def _path(process: psutil.Process, what: str) -> Path | None:
    try:
        text = getattr(process, what)()
    except (psutil.Error, OSError):
        return None
    return Path(text) if text else None


def working_in(folders: Collection[Path]) -> list[Seen]:
    """The processes whose working directory is one of these very folders."""
    there = [process.pid for process in psutil.process_iter() if _path(process, "cwd") in folders]
    return [seen for pid in there if (seen := see(pid)) and seen.folder in folders]


def listener(port: int) -> Seen | None:
    """Who listens on the TCP port, when the system tells us."""
    try:
        sockets = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return None
    for each in sockets:
        if each.status == psutil.CONN_LISTEN and each.pid and each.laddr and each.laddr.port == port:
            return see(each.pid)
    return None

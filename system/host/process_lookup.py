"""Processes that are not our children: which work in a folder, which listens on a port. [io: psutil]"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import psutil

from system.host.child_processes import Identity, identify


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """A live process. `executable` and `working_dir` are None where the system does not let us read them.

    `is_group_leader`: true for processes that we started, false for those that they fork.
    `is_exiting`: its executable is already unmapped; it will be gone in a moment.
    """

    identity: Identity
    name: str
    executable: Path | None
    working_dir: Path | None
    is_group_leader: bool
    is_exiting: bool = False


def inspect_process(pid: int) -> ProcessInfo | None:
    """None when the process is gone."""
    identity = identify(pid)
    if identity is None:
        return None
    try:
        process = psutil.Process(pid)
        executable, working_dir = _read_path(process, "exe"), _read_path(process, "cwd")
        is_leader = os.getpgid(pid) == pid
        is_exiting = executable is None and _is_exiting(process)
        return ProcessInfo(identity, process.name(), executable, working_dir, is_leader, is_exiting)
    except (psutil.Error, OSError):
        return None


def _is_exiting(process: psutil.Process) -> bool:
    """Neither executable nor command line, as opposed to another user's process, whose executable is unreadable."""
    try:
        return not process.exe() and not process.cmdline()
    except psutil.AccessDenied:
        return False


def _read_path(process: psutil.Process, attribute: str) -> Path | None:
    try:
        text = getattr(process, attribute)()
    except (psutil.Error, OSError):
        return None
    return Path(text) if text else None


def processes_in(folders: Collection[Path]) -> list[ProcessInfo]:
    """The processes whose working directory is exactly one of `folders`, not below it."""
    pids = [process.pid for process in psutil.process_iter() if _read_path(process, "cwd") in folders]
    return [info for pid in pids if (info := inspect_process(pid)) and info.working_dir in folders]


def find_listener(port: int) -> ProcessInfo | None:
    """The process that listens on the TCP port; None where there is none or the system hides it."""
    try:
        sockets = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return None
    for socket in sockets:
        if socket.status == psutil.CONN_LISTEN and socket.pid and socket.laddr and socket.laddr.port == port:
            return inspect_process(socket.pid)
    return None


def ancestry_of(pid: int) -> frozenset[int]:
    """The pids of the process and of all its ancestors; of one that is gone, its pid alone."""
    try:
        return frozenset({pid, *(parent.pid for parent in psutil.Process(pid).parents())})
    except psutil.Error:
        return frozenset({pid})


def descendants_of(pid: int) -> tuple[Identity, ...]:
    """The children of the process and theirs; none of one that is gone."""
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return ()
    return tuple(identity for child in children if (identity := identify(child.pid)))


def pids_by_name(names: Collection[str]) -> tuple[int, ...]:
    """The pids of all processes with one of these names."""
    pids = []
    for process in psutil.process_iter():
        try:
            if process.name() in names:
                pids.append(process.pid)
        except psutil.Error:
            continue
    return tuple(pids)


def pids_serving(port: int) -> tuple[int, ...]:
    """The processes with connections accepted on a local TCP port, or if there are none, those that listen on it.

    In PM2's cluster mode the daemon listens and the workers hold the connections.
    """
    try:
        sockets = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return ()
    on_port = [socket for socket in sockets if socket.laddr and socket.laddr.port == port and socket.pid]
    states = (psutil.CONN_ESTABLISHED, psutil.CONN_LISTEN)
    by_state = [{int(socket.pid or 0) for socket in on_port if socket.status == state} for state in states]
    return tuple(sorted(by_state[0] or by_state[1]))

"""The daemon's process, found by PM2's pid file, and why its sockets cannot be reached. [io: files, /proc]"""

from __future__ import annotations

import errno
import os
import pwd
import re
import time
from contextlib import suppress
from pathlib import Path

from pm2.errors import DaemonNotRunning, DaemonUnreachable, PM2Error, SocketForbidden
from system.host import child_processes

STARTUP_S = 5.0  # the daemon writes its pid file before it listens
_TITLE = re.compile(r"^PM2 v[^\0]*: God Daemon \(([^\0]*)\)")
_UNIT = re.compile(r"/(pm2[^/\n]*\.service)")  # `pm2 startup` creates pm2-USER.service


def read_pid(home: Path) -> int | None:
    """From PM2's pid file, which outlives a daemon that was killed; None if there is none."""
    try:
        return int((home / "pm2.pid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def living_daemon(home: Path) -> child_processes.Identity | None:
    """The daemon that wrote the pid file, if it lives; None if its pid belongs to another program now."""
    pid = read_pid(home)
    identity = child_processes.identify(pid) if pid else None
    return identity if identity and _is_daemon(identity.pid, home) else None


def _is_daemon(pid: int, home: Path) -> bool:
    """By its title, or by its environment if PM2_DAEMON_TITLE replaced the title."""
    title = _read_proc(pid, "cmdline")
    return f"God Daemon ({home})" in title or f"PM2_HOME={home}" in _read_proc(pid, "environ").split("\0")


def _read_proc(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:  # gone, or another user's
        return ""


def home_of(pid: int) -> str | None:
    """The PM2_HOME in the title of a daemon; None for any other process."""
    title = _TITLE.search(_read_proc(pid, "cmdline"))
    return title[1] if title else None


def is_starting(daemon: child_processes.Identity) -> bool:
    """Whether it is so young that it may not listen yet."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - daemon.started_at < STARTUP_S


def is_stopped(pid: int) -> bool:
    """Whether a signal (SIGSTOP) or a debugger stopped it."""
    return _read_proc(pid, "stat").rpartition(")")[2].split()[:1] in (["T"], ["t"])


def not_running(home: Path) -> DaemonNotRunning:
    """The error of a missing daemon, with the reason if that is a full disk."""
    try:
        free = os.statvfs(home)
    except OSError:
        return DaemonNotRunning(str(home))
    return DaemonNotRunning(str(home), is_disk_full=free.f_blocks > 0 and free.f_bavail == 0)


def explain_refusal(home: Path, socket: str, error: OSError) -> PM2Error:
    """Why a socket of the daemon cannot be connected."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return SocketForbidden(socket, _owner(Path(socket)), _user_name(os.geteuid()))
    daemon = living_daemon(home)
    if daemon is None or is_starting(daemon):
        return not_running(home)
    reason = "was deleted" if error.errno == errno.ENOENT else "has no listener"
    unit = _UNIT.search(_read_proc(daemon.pid, "cgroup"))
    return DaemonUnreachable(str(home), daemon.pid, f"its socket {socket} {reason}", unit[1] if unit else None)


def _owner(path: Path) -> str:
    """Who owns the file, or the nearest folder above it that we can see: `/root, which belongs to root`."""
    for place in (path, *path.parents):
        with suppress(OSError):
            return f"{place} belongs to {_user_name(place.stat().st_uid)}"
    return f"{path} belongs to another user"


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"

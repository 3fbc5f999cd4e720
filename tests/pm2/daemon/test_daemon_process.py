"""A daemon that runs and cannot be reached, on a real PM2."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from pm2.actions import lifecycle, start_steps
from pm2.actions.selection import ProcessSelector
from pm2.daemon import daemon_process
from pm2.daemon.rpc_client import open_socket
from pm2.errors import DaemonNotRunning, DaemonUnreachable, SocketForbidden
from pm2.monitor import current_monitor
from pm2.monitor.listing import DaemonStatus
from tests.fixtures.process_list import commands_with

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]


async def start_daemon(home: Path) -> int:
    await start_steps.ensure_daemon()
    pid = daemon_process.read_pid(home)
    assert pid
    return pid


def unreachable(home: Path, pid: int) -> str:
    return (
        f"PM2's daemon for {home} is running (pid {pid}), but its socket {home}/rpc.sock was deleted. Its apps go on"
        " running, and no command can reach it. Only a new daemon can be reached, and the apps end with this one:"
        " restart the service or the container that started it."
    )


async def test_a_daemon_whose_sockets_were_deleted_is_not_started_again(
    new_pm2_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_process, "STARTUP_S", 0.0)
    pid = await start_daemon(new_pm2_home)
    for name in ("rpc.sock", "pub.sock"):
        (new_pm2_home / name).unlink()
    message = unreachable(new_pm2_home, pid)

    daemon = (await current_monitor.sample()).daemon
    assert daemon == DaemonStatus("down", None, pid, str(new_pm2_home), message, "daemon_unreachable")
    for action in (lifecycle.start("node", 1), lifecycle.stop(ProcessSelector(name="node"))):
        with pytest.raises(DaemonUnreachable) as caught:
            await action
        assert str(caught.value) == message
    assert len(commands_with(f"God Daemon ({new_pm2_home})")) == 1


async def test_a_daemon_that_does_not_listen_yet_is_not_unreachable(new_pm2_home: Path) -> None:
    await start_daemon(new_pm2_home)
    (new_pm2_home / "rpc.sock").unlink()

    with pytest.raises(DaemonNotRunning):
        await open_socket(new_pm2_home)


@contextmanager
def another_user(socket: Path) -> Iterator[tuple[str, str]]:
    """Takes away the right to connect. Yields our user's name now, and the file that refuses with its owner."""
    us = pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() != 0:
        socket.chmod(0)
        yield us, f"{socket} belongs to {us}"
        return
    nobody = pwd.getpwnam("nobody")
    os.seteuid(nobody.pw_uid)
    try:
        yield "nobody", f"{socket.parent} belongs to root"
    finally:
        os.seteuid(0)


async def test_a_socket_of_another_user_is_named(new_pm2_home: Path) -> None:
    await start_daemon(new_pm2_home)
    socket = new_pm2_home / "rpc.sock"

    with another_user(socket) as (user, owner):
        with pytest.raises(SocketForbidden) as caught:
            await start_steps.ensure_daemon()
        daemon = (await current_monitor.sample()).daemon

    assert str(caught.value) == (
        f"PM2's socket {socket} cannot be opened by {user}: {owner}. Run this as the user who runs PM2, or set PM2_HOME"
        f" to a folder of {user}."
    )
    assert (daemon.state, daemon.message, daemon.code) == ("down", str(caught.value), "socket_forbidden")


@pytest.mark.parametrize("content", ["", "soon", "0", "-1", "999999999", "1"])
def test_a_pid_file_that_names_no_daemon_is_ignored(tmp_path: Path, content: str) -> None:
    (tmp_path / "pm2.pid").write_text(content)

    assert daemon_process.living_daemon(tmp_path) is None


@pytest.mark.parametrize(("blocks", "available", "is_full"), [(100, 0, True), (100, 1, False), (0, 0, False)])
def test_a_missing_daemon_on_a_full_disk_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: int, available: int, is_full: bool
) -> None:
    disk = SimpleNamespace(f_blocks=blocks, f_bavail=available)
    monkeypatch.setattr(os, "statvfs", lambda path: disk if path == tmp_path else None)
    reason = f"The disk of {tmp_path} is full, and PM2's daemon ends when its log cannot be written: make room first. "

    assert str(daemon_process.not_running(tmp_path)) == (
        f"PM2's daemon for {tmp_path} is not running. {reason if is_full else ''}Starting a process starts it; `pm2 resurrect`, too, with those of a saved list."
    )


def test_a_missing_daemon_without_a_home_is_just_missing(tmp_path: Path) -> None:
    home = tmp_path / "none"

    assert str(daemon_process.not_running(home)) == (
        f"PM2's daemon for {home} is not running. Starting a process starts it; `pm2 resurrect`, too, with those of a saved list."
    )

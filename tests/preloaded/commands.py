"""`subprocess.run` for `manage.py`, by the fork server of this worker."""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.fixtures.isolation import FOLDER
from tests.preloaded import fork_server

ROOT = Path(__file__).resolve().parents[2]
MANAGE = [sys.executable, str(ROOT / "manage.py")]


def run_manage(
    arguments: list[str], env: dict[str, str], *, timeout_s: float, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Exit code and output of `manage.py arguments…`. Raises TimeoutExpired, after the command was killed."""
    argv = [*MANAGE, *arguments]
    request = json.dumps({"argv": argv[1:], "env": env, "folder": str(folder)})
    with (
        socket.socket(socket.AF_UNIX) as connection, Path(os.devnull).open("rb") as nothing,
        tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr,
    ):  # fmt: skip
        connection.settimeout(timeout_s)
        connection.connect(_address())
        socket.send_fds(connection, [request.encode()], [stream.fileno() for stream in (nothing, stdout, stderr)])
        pid = _read_number(connection)
        try:
            code = _read_number(connection)
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            connection.settimeout(None)
            _read_number(connection)
            raise subprocess.TimeoutExpired(argv, timeout_s) from None
        for stream in (stdout, stderr):
            stream.seek(0)
        return subprocess.CompletedProcess(argv, code, stdout.read().decode(), stderr.read().decode())


def _read_number(connection: socket.socket) -> int:
    """The next line of the answer, byte by byte: a file could not be read again after a timeout."""
    line = b""
    while byte := connection.recv(1).strip(b"\n"):
        line += byte
    return int(line)


@functools.cache
def _address() -> str:
    """Of the fork server, which ends with this process: its standard input is a pipe from here."""
    path = str(FOLDER / "fork-server")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        _keep.append(
            subprocess.Popen(
                [sys.executable, "-m", fork_server.__name__, str(listener.fileno())], cwd=ROOT,
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[listener.fileno()],
                env={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            )
        )  # fmt: skip
    return path


_keep: list[subprocess.Popen[bytes]] = []

"""`subprocess.Popen` and `subprocess.run` for `manage.py`, by the fork server of this worker."""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from tests.fixtures.isolation import FOLDER
from tests.preloaded import fork_server

ROOT = Path(__file__).resolve().parents[2]
MANAGE = [sys.executable, str(ROOT / "manage.py")]
START_S = 60


class ForkedCommand:
    """`manage.py arguments…`, with the methods of Popen: a forked command is not a child of this process."""

    def __init__(
        self, arguments: Sequence[str], env: dict[str, str], stdout: IO[bytes], stderr: IO[bytes], folder: Path = ROOT
    ) -> None:
        self.args = [*MANAGE, *arguments]
        self.returncode: int | None = None
        request = json.dumps({"argv": self.args[1:], "env": env, "folder": str(folder)})
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.settimeout(START_S)
        self._connection.connect(_address())
        with Path(os.devnull).open("rb") as nothing:
            descriptors = [stream.fileno() for stream in (nothing, stdout, stderr)]
            socket.send_fds(self._connection, [request.encode()], descriptors)
        self.pid = _read_number(self._connection)

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutExpired."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = _read_number(self._connection)
            except TimeoutError:
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
            self._connection.close()
        return self.returncode

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0.0005)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def can_fork(env: dict[str, str]) -> bool:
    """Whether the variables that an interpreter reads at its start, as its locale, are those of the fork server."""
    names = {name for name in env if name.startswith(("LANG", "LC_", "PYTHON"))}
    return names <= {"LANG"} and env.get("LANG") == os.environ.get("LANG")


def run_manage(
    arguments: list[str], env: dict[str, str], *, timeout_s: float, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Exit code and output of `manage.py arguments…`. Raises TimeoutExpired, after the command was killed."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        command = ForkedCommand(arguments, env, stdout, stderr, folder)
        try:
            code = command.wait(timeout_s)
        except subprocess.TimeoutExpired:
            command.kill()
            command.wait()
            raise
        for stream in (stdout, stderr):
            stream.seek(0)
        return subprocess.CompletedProcess(command.args, code, stdout.read().decode(), stderr.read().decode())


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

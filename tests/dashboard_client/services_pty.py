"""The dashboard in a terminal of its own: a real pty, with an emulator at its other end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyte

from tests.services_server import ROOT

DEADLINE_S = 40.0
# pyte prints the body of a DCS, and stumbles over private questions; none of them needs an answer.
_QUESTIONS = re.compile(rb"\x1bP[^\x1b]*\x1b\\|\x1b\[[?>=]\d*(?:\$p|[ncqu])")
_UNFINISHED = re.compile(rb"\x1b(?:P[^\x1b]*\x1b?|\[[?>=]?\d*\$?)?\Z")
KEYS = {
    "up": b"\x1b[A", "down": b"\x1b[B", "right": b"\x1b[C", "left": b"\x1b[D", "enter": b"\r", "escape": b"\x1b",
    "tab": b"\t", "ctrl-c": b"\x03", "ctrl-z": b"\x1a", "ctrl-l": b"\x0c", "ctrl-r": b"\x12", "backspace": b"\x7f",
}  # fmt: skip


class _Emulator(pyte.Screen):
    """Answers where the cursor is, as real terminals do."""

    def __init__(self, columns: int, rows: int, descriptor: int) -> None:
        super().__init__(columns, rows)
        self.descriptor = descriptor

    def write_process_input(self, data: str) -> None:
        with contextlib.suppress(OSError):  # closed meanwhile
            os.write(self.descriptor, data.encode())


class Screen:
    """A running `python -m dashboard_client`. `env` is added to an almost empty environment."""

    def __init__(self, *arguments: str, rows: int = 32, columns: int = 120, is_deaf: bool = False, **env: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="dash", dir="/tmp"))
        self.master, slave = pty.openpty()
        self.raw = bytearray()
        self._lock = threading.Lock()
        self._emulator = _Emulator(columns, rows, self.master)
        self._is_deaf = is_deaf
        self._stream = pyte.ByteStream(self._emulator)
        self._size(rows, columns)
        inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        own = {"TERM": "xterm-256color", "HOME": str(self.home), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
        self.began_s = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dashboard_client", *arguments],
            stdin=slave, stdout=slave, stderr=slave, cwd=self.home, env=inherited | own | env, close_fds=True,
            preexec_fn=_own_terminal,
        )  # fmt: skip
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        held = b""  # the beginning of a sequence whose rest has not come yet
        while True:
            try:
                select.select([self.master], [], [])
                data = os.read(self.master, 65536)
            except OSError:
                return
            if not data:
                return
            with self._lock:
                self.raw += data
                data, held = _whole(held + data)
                if self._is_deaf:
                    data = data.replace(b"\x1b[6n", b"")
                self._stream.feed(_QUESTIONS.sub(b"", data))

    def rows(self) -> list[str]:
        with self._lock:
            return list(self._emulator.display)

    def text(self) -> str:
        return "\n".join(row.rstrip() for row in self.rows())

    def until(self, holds: Callable[[str], object] | str) -> str:
        """The picture, once it holds; a text: once it is there."""
        ends = time.monotonic() + DEADLINE_S
        while time.monotonic() < ends:
            text = self.text()
            if holds in text if isinstance(holds, str) else holds(text):
                return text
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"Not seen (exit {self.process.poll()}): {holds}\n{self.text()}")

    def press(self, *keys: str) -> None:
        """Names of `KEYS`, or text as it is typed."""
        for key in keys:
            os.write(self.master, KEYS.get(key) or key.encode())
            if key == "escape":
                time.sleep(0.1)  # what follows at once would belong to its sequence

    def resize(self, rows: int, columns: int) -> None:
        with self._lock:
            self._emulator.resize(rows, columns)
        self._size(rows, columns)
        self.process.send_signal(signal.SIGWINCH)

    def ended(self) -> int:
        """The exit code, once it has ended by itself."""
        code = self.process.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)  # until the last of its output is on the screen
        return code

    def settings(self) -> list[object]:
        """Of the terminal: what `stty -a` shows."""
        return termios.tcgetattr(self.master)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE_S)
        # Closed under its reader, the descriptor would be the next screen's, and the reader would eat its pictures.
        self._reader.join(DEADLINE_S)
        assert not self._reader.is_alive(), "Somebody still holds the terminal open"
        os.close(self.master)


def _whole(data: bytes) -> tuple[bytes, bytes]:
    """What can be shown, and the unfinished sequence at its end."""
    unfinished = _UNFINISHED.search(data)
    at = unfinished.start() if unfinished else len(data)
    return data[:at], data[at:]


def _own_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)

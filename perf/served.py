"""Starts a server for a measurement, with its own data folder, PM2 home and port."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NODE_PROJECT = ROOT / "pm2" / "frameworks"
START_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A running server, and the environment it was started with."""

    url: str
    pid: int
    pm2_home: Path
    environment: dict[str, str]

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Sends a GET, or a POST if there is a body; returns the decoded JSON response."""
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def run_server(prepare: Callable[[dict[str, str]], None] | None = None, **settings: str) -> Iterator[ServerProcess]:
    """Starts `manage.py serve` with these settings, waits until it responds, and removes everything on exit.

    `prepare` is called with the server's environment before the start.
    """
    folder = Path(tempfile.mkdtemp(prefix="b", dir="/tmp"))
    port = free_port()
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = inherited | {
        "API_PORT": str(port),
        "DATA_DIR": str(folder / "var"),
        "PM2_HOME": str(folder / "pm2"),
        "LOG_LEVEL": "WARNING",
        **settings,
    }
    if prepare:
        Path(environment["DATA_DIR"]).mkdir()
        prepare(environment)
    with (folder / "server.txt").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "serve"], env=environment, stdout=output, stderr=output
        )
    server = ServerProcess(f"http://127.0.0.1:{port}", process.pid, folder / "pm2", environment)
    try:
        _wait_until_ready(server, process, folder)
        yield server
    finally:
        process.terminate()
        process.wait(20)
        subprocess.run([*pm2_command(), "kill"], env=environment, capture_output=True, timeout=60, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def pm2_command() -> list[str]:
    """The argv of PM2's own command line."""
    return [shutil.which("node") or "node", str(NODE_PROJECT / "node_modules" / "pm2" / "bin" / "pm2")]


def _wait_until_ready(server: ServerProcess, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server.call("/health")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("[ERROR] The server did not start:\n" + (folder / "server.txt").read_text())

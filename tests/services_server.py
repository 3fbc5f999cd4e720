"""The real server as a process of its own: private data, private PM2 home, free port."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import psutil
import pytest
import requests

from tests import ports

ROOT = Path(__file__).resolve().parent.parent
START_S = 60
ADMIN = "tester"


class Server:
    """A running `manage.py serve`. `log` holds what it printed; `admin_password` that of the user `tester`."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.log = folder, folder / "output.txt"
        self.port = int(env.get("API_PORT") or ports.free_port())
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {
            "API_PORT": str(self.port),
            "DATA_DIR": str(folder / "var"),
            "PM2_HOME": str(folder / "pm2"),
            "BENCH_HISTORY_FILE": str(folder / "history.json"),
            "FRAMEWORK_PORT_OFFSET": str(ports.FRAMEWORK_PORT_OFFSET),
            "REDIS_BASE_PORT": str(ports.SERVERS_REDIS),
        }
        self.env = inherited | own | env
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}/ws"
        self.admin_name, self.admin_password = ADMIN, ""
        self.process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    def manage(self, *arguments: str) -> str:
        """What `manage.py …` prints on the server's data."""
        argv = [sys.executable, str(ROOT / "manage.py"), *arguments]
        finished = subprocess.run(argv, env=self.env, capture_output=True, text=True, timeout=START_S, check=True)
        return finished.stdout

    def start(self) -> Server:
        with self.log.open("ab") as output:
            argv = [sys.executable, str(ROOT / "manage.py"), "serve"]
            self.process = subprocess.Popen(argv, env=self.env, stdout=output, stderr=output, cwd=self.folder)
        ends = time.monotonic() + START_S
        while time.monotonic() < ends and self.process.poll() is None:
            with suppress(requests.ConnectionError):
                requests.get(self.url + "/health", timeout=5)
                return self
            time.sleep(0.05)
        raise AssertionError("The server did not start:\n" + self.log.read_text())

    def make_admin(self) -> Server:
        found = re.search(r"password (\S+)", self.manage("admin", ADMIN))
        assert found
        self.admin_password = found[1]
        return self

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_S)

    def clean(self) -> None:
        """Take down what it left running: PM2's daemon with what is under it, and runs."""
        with suppress(subprocess.TimeoutExpired):
            self.stop()
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("PM2_HOME") == self.env["PM2_HOME"]:
                    process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def new_server(**env: str) -> Server:
    """One that has not been started. A socket path holds 107 bytes, and pytest's folders are longer."""
    return Server(Path(tempfile.mkdtemp(prefix="s", dir="/tmp")), env)


class StartServer(Protocol):
    def __call__(self, **env: str) -> Server: ...


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    """Start servers with environments of the test's choice; all are stopped at its end."""
    servers: list[Server] = []

    def start(**env: str) -> Server:
        server = new_server(**env)
        servers.append(server)
        return server.start()

    yield start
    for server in servers:
        server.clean()


@pytest.fixture
def server(start_server: Callable[[], Server]) -> Server:
    """A server with default settings and an admin user."""
    return start_server().make_admin()

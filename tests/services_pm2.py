"""A real PM2 daemon in a home of its own."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from pytest_django import Settings

from pm2 import sampling
from system.ports import is_listening
from tests.ports import FRAMEWORK_PORTS


def kill_all_of(home: Path) -> None:
    """The daemon and everything that was started under it, told by the environment: apps in fork mode have no
    PM2_HOME there, but the place of their pid file. The daemon goes first, so that it starts nothing again."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            environment = process.environ()
            is_under = environment.get("pm_pid_path", "").startswith(f"{home}/")
            if (environment.get("PM2_HOME") == str(home) or is_under) and process.pid != os.getpid():
                found.insert(len(found) if is_under else 0, process)
    for process in found:
        with suppress(psutil.Error):
            process.send_signal(signal.SIGCONT)
            process.kill()
    # The next test may want the same ports: a framework always listens on its own.
    ends = time.monotonic() + 20
    while any(is_listening(port) for port in FRAMEWORK_PORTS) and time.monotonic() < ends:
        time.sleep(0.05)


@pytest.fixture
def pm2_home(settings: Settings) -> Iterator[Path]:
    """An empty PM2_HOME; the first `start` brings its daemon up."""
    home = Path(tempfile.mkdtemp(prefix="p", dir="/tmp"))
    settings.PM2_HOME = home
    sampling._last = None
    yield home
    kill_all_of(home)
    shutil.rmtree(home, ignore_errors=True)

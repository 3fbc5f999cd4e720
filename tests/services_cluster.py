"""The product's own cluster, in a folder and on ports that no other test uses; gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from pytest_django import Settings

from rediscluster import plan, watching
from rediscluster.plan import Plan
from tests import ports

BASE_PORT = ports.REDIS
FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH = range(BASE_PORT, BASE_PORT + 6)


def kill_all_in(folder: Path) -> None:
    """Whatever works in the folder: a test may have made orphans."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if Path(process.cwd()).is_relative_to(folder) and process.pid != os.getpid():
                process.send_signal(signal.SIGKILL)
                with suppress(psutil.TimeoutExpired):
                    process.wait(5)


def running_in(folder: Path) -> list[int]:
    """The pids of what works in the folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder):
                found.append(process.pid)
    return found


@pytest.fixture
def cluster_folder(settings: Settings) -> Iterator[Path]:
    """REDIS_CLUSTER_DIR, not made yet."""
    parent = Path(tempfile.mkdtemp(prefix="rc", dir="/tmp"))
    settings.REDIS_CLUSTER_DIR = parent / "cluster"
    settings.REDIS_BASE_PORT = BASE_PORT
    watching.forget()
    yield parent / "cluster"
    kill_all_in(parent)
    watching.forget()
    shutil.rmtree(parent)


def three_masters() -> Plan:
    return plan.make(3, replicas=0, base_port=BASE_PORT, max_nodes=30)


def six_nodes() -> Plan:
    return plan.make(6, replicas=1, base_port=BASE_PORT, max_nodes=30)

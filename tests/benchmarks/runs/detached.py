"""A data folder of its own, whose runs are executed by detached processes."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.engine import generator_execution
from tests.benchmarks.runs import without_warm_up
from tests.fixtures.server import migrated_database
from tests.preloaded.commands import run_manage

DEADLINE_S = 60


def wait_until(condition: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


class Detached:
    """A separate data folder whose runs are executed by detached processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "DATA_DIR": str(folder)}
        shutil.copy(migrated_database(), folder / "pm2site.sqlite3")

    def python(self, source: str) -> None:
        finished = run_manage(["shell", "--no-imports", "-c", source], self.env, timeout_s=2 * DEADLINE_S)
        assert finished.returncode == 0, finished.stderr

    def enqueue(self, port: int, duration_s: int, trials: int = 1) -> None:
        """Trials that are longer than a second begin without a warm-up."""
        argv = [sys.executable, "-m", without_warm_up.__name__]
        self.python(
            "from benchmarks.runs import queue; from benchmarks.models import Run; from system.lib import installation\n"
            + f"installation.manage_argv = lambda *arguments: [*{argv}, *arguments]\n" * (duration_s > 1)
            + f"queue.enqueue(Run(framework='node', host='localhost:{port}', address='127.0.0.1', endpoint='/simple',"
            f" generator='{generator_execution.installed_generators()[0]}', planned_duration_s={duration_s},"
            f" trials_planned={trials}, connections=4, workers=1))"
        )

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.folder / "pm2site.sqlite3", timeout=20) as database:
            rows = database.execute(statement).fetchall()
        database.close()
        return rows

    def rows(self) -> list[tuple[str, int]]:
        return [(state, pid) for state, pid in self.query("select state, pid from benchmarks_run order by created_at")]

    def trial_rates(self) -> list[float]:
        """Rates of the finished trials."""
        return [rate for (rate,) in self.query("select req_per_sec from benchmarks_trial where not is_warmup")]

    def wait_for(self, *states: str) -> list[int]:
        """Wait until the runs are in these states; returns their pids."""
        deadline_s = time.monotonic() + DEADLINE_S
        while [state for state, _ in self.rows()] != list(states):
            assert time.monotonic() < deadline_s, (self.rows(), self.log())
            time.sleep(0.1)
        return [pid for _, pid in self.rows()]

    def log(self) -> str:
        file = self.folder / "logs/benchmarks.log"
        return file.read_text()[-2000:] if file.exists() else ""


@pytest.fixture
def detached(tmp_path: Path) -> Iterator[Detached]:
    installation = Detached(tmp_path)
    yield installation
    for state, pid in installation.rows():
        if state in ("preflight", "warming", "running"):
            os.kill(pid, signal.SIGKILL)

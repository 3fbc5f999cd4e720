"""What recording costs: the same server with HISTORY=0 and with HISTORY=1, in alternating turns, with 100 processes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from perf.finding import Finding, cpu_seconds
from perf.pm2_load import run_pm2
from perf.served import ROOT, ServerProcess, run_server

APPS, INSTANCES = 20, 5
CLIENTS = 1000
SETTLING_S, TURN_S, TURNS = 15.0, 20.0, 5
TURN_OF_CLIENTS_S = 15.0
MAX_PERCENT = 1.0
SCRIPT = "setInterval(() => {}, 1000)"


@dataclass(slots=True)
class Turn:
    """CPU of the server in percent of a core, and its memory."""

    percent: float
    megabytes: float


def findings() -> list[Finding]:
    """Both servers watch the same PM2, so that its noise affects both; only one is measured at a time."""
    with ExitStack() as running:
        without = running.enter_context(run_server(HISTORY="0"))
        recording = running.enter_context(run_server(HISTORY="1", PM2_HOME=str(without.pm2_home)))
        _start_processes(without)
        time.sleep(SETTLING_S)
        servers = (without, recording)
        idle = [[_idle_turn(server) for server in servers] for _ in range(TURNS)]
        watched = [[_watched_turn(server) for server in servers] for _ in range(TURNS)]
        run_pm2(without, "delete", "all")
    return [*_compare("idle, 100 processes", idle), *_compare(f"{CLIENTS} clients, 100 processes", watched)]


def _start_processes(server: ServerProcess) -> None:
    folder = Path(server.environment["DATA_DIR"])
    (folder / "app.js").write_text(SCRIPT)
    app = {"script": str(folder / "app.js"), "instances": INSTANCES, "exec_mode": "fork"}
    apps = [{"name": f"app-{number}", **app} for number in range(APPS)]
    (folder / "apps.json").write_text(json.dumps({"apps": apps}))
    run_pm2(server, "start", str(folder / "apps.json"))


def _idle_turn(server: ServerProcess) -> Turn:
    return _measure(psutil.Process(server.pid), TURN_S)


def _measure(process: psutil.Process, seconds: float) -> Turn:
    before_s, began_s = cpu_seconds(process), time.perf_counter()
    time.sleep(seconds)
    percent = 100 * (cpu_seconds(process) - before_s) / (time.perf_counter() - began_s)
    return Turn(percent, process.memory_info().rss / 2**20)


def _watched_turn(server: ServerProcess) -> Turn:
    argv = [sys.executable, "-m", "perf.feed_load", server.url.replace("http", "ws") + "/ws"]
    load = subprocess.Popen(
        [*argv, str(CLIENTS), str(TURN_OF_CLIENTS_S)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert load.stdin
    assert load.stdout
    assert load.stdout.readline() == "ready\n"
    load.stdin.write("\n")
    load.stdin.flush()
    time.sleep(1)
    turn = _measure(psutil.Process(server.pid), TURN_OF_CLIENTS_S - 2)
    load.stdout.read()
    load.wait(60)
    time.sleep(6)  # samplers linger for 5 s
    return turn


def _compare(name: str, turns: list[list[Turn]]) -> list[Finding]:
    """Medians of both, and the median of the differences: neighbouring turns share the machine's noise."""
    percents = [[turn.percent for turn in column] for column in zip(*turns, strict=True)]
    differences = [after - before for before, after in zip(*percents, strict=True)]
    more, is_noisy = statistics.median(differences), max(differences) - min(differences) > 2 * MAX_PERCENT
    megabytes = [statistics.median(turn.megabytes for turn in column) for column in zip(*turns, strict=True)]
    figures = ", ".join(f"{statistics.median(column):.2f} %" for column in percents)
    return [
        Finding(
            f"{name}, CPU without and with history", f"{figures}; {more:+.2f} % of a core", f"< +{MAX_PERCENT:g} %",
            None if is_noisy else more < MAX_PERCENT,
        ),
        Finding(f"{name}, memory", f"{megabytes[0]:.0f} MB, {megabytes[1]:.0f} MB", "shown", True),
    ]  # fmt: skip

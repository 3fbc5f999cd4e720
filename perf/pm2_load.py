"""Measures the server with many PM2 processes, with a flood of log lines, and while the daemon hangs or is killed."""

from __future__ import annotations

import itertools
import json
import math
import os
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import requests
from websockets.sync.client import connect

from perf.finding import Finding, cpu_seconds, time_ms
from perf.served import ServerProcess, pm2_command, run_server

PROCESS_COUNT = 200
MEASUREMENT_S = 20.0
FLOOD_SCRIPT = "const text = ('x'.repeat(90) + '\\n').repeat(500); setInterval(() => process.stdout.write(text), 10);"


def collect_messages(
    server: ServerProcess, streams: list[str], seconds: float, messages: dict[str, list[tuple[float, Any]]]
) -> None:
    """Subscribes to the streams and collects every message with the time of its arrival, by type and stream."""
    with connect(server.url.replace("http", "ws") + "/ws", max_size=2**24) as ws:
        ws.recv()
        for stream in streams:
            ws.send(json.dumps({"type": "subscribe", "stream": stream, "interval": 1000 if "stats" in stream else 250}))
        deadline_s = time.monotonic() + seconds
        while (left_s := deadline_s - time.monotonic()) > 0:
            try:
                message = json.loads(ws.recv(timeout=left_s))
            except TimeoutError:
                return
            key = f"{message['type']} {message.get('stream')}"
            messages.setdefault(key, []).append((time.monotonic(), message))


def measure_subscription(
    server: ServerProcess, streams: list[str], seconds: float
) -> tuple[dict[str, list[tuple[float, Any]]], float]:
    """The messages that one client received, and the server's CPU in percent of a core."""
    messages: dict[str, list[tuple[float, Any]]] = {}
    client = threading.Thread(target=collect_messages, args=(server, streams, seconds + 2, messages))
    client.start()
    time.sleep(2)
    process = psutil.Process(server.pid)
    cpu_before_s = cpu_seconds(process)
    time.sleep(seconds)
    percent = 100 * (cpu_seconds(process) - cpu_before_s) / seconds
    client.join()
    return messages, percent


def run_pm2(server: ServerProcess, *arguments: str) -> None:
    subprocess.run([*pm2_command(), *arguments], env=server.environment, capture_output=True, check=True)


def many_processes(server: ServerProcess, folder: Path) -> list[Finding]:
    sleeper = {"script": "/bin/sleep", "args": "100000", "interpreter": "none"}
    (folder / "many.json").write_text(
        json.dumps({"apps": [{"name": f"sleeper-{n}", **sleeper} for n in range(PROCESS_COUNT)]})
    )
    run_pm2(server, "start", str(folder / "many.json"))
    time.sleep(3)
    session = requests.Session()
    times_ms = []
    for _ in range(30):
        time.sleep(0.3)  # so that no sample is reused
        times_ms.append(time_ms(lambda: session.get(server.url + "/api/pm2/stats", timeout=10)))
    online = session.get(server.url + "/api/pm2/stats", timeout=10).json()["counts"]["online"]
    _, percent = measure_subscription(server, ["pm2:stats"], MEASUREMENT_S)
    run_pm2(server, "delete", "all")
    median_ms, name = statistics.median(times_ms), f"{online} processes"
    figure = f"{median_ms:.0f} ms median, {max(times_ms):.0f} ms worst"
    return [
        Finding(f"{name}, GET stats", figure, "< 50 ms", median_ms < 50),
        Finding(f"{name}, CPU at 1 s ticks", f"{percent:.1f} % of a core", "< 5 %", percent < 5),
    ]


def log_flood(server: ServerProcess, folder: Path) -> list[Finding]:
    (folder / "flood.js").write_text(FLOOD_SCRIPT)
    daemon = psutil.Process(int((server.pm2_home / "pm2.pid").read_text()))
    processes = (daemon, psutil.Process(server.pid))
    rss_before = [process.memory_info().rss for process in processes]
    run_pm2(server, "start", str(folder / "flood.js"))
    messages, percent = measure_subscription(server, ["system:metrics", "pm2:stats", "pm2:logs"], MEASUREMENT_S)
    daemon_mb, server_mb = (
        (process.memory_info().rss - before) / 2**20 for process, before in zip(processes, rss_before, strict=True)
    )
    run_pm2(server, "delete", "all")
    missed = sum(message["missed"] or 0 for _, message in messages.get("gap pm2:logs", []))
    lines = sum(len(message["data"]["lines"]) for _, message in messages.get("metric pm2:logs", []))
    arrivals_s = [arrival_s for arrival_s, _ in messages.get("metric pm2:stats", [])]
    gap_s = max((later - earlier for earlier, later in itertools.pairwise(arrivals_s)), default=math.inf)
    rate = f"{(missed + lines) / MEASUREMENT_S:,.0f} lines/s, {lines} delivered, {missed} reported as missed"
    return [
        Finding("log flood, lines", rate, "counted", missed > 0),
        Finding(
            "log flood, PM2's daemon", f"{daemon_mb:+.0f} MB in {MEASUREMENT_S:.0f} s", "< 150 MB", daemon_mb < 150
        ),
        Finding("log flood, server", f"{server_mb:+.0f} MB, {percent:.0f} % of a core", "< 60 MB", server_mb < 60),
        Finding("log flood, longest gap of pm2:stats", f"{gap_s:.2f} s", "< 2 s at 1 s ticks", gap_s < 2),
    ]


def daemon_state_changes(server: ServerProcess) -> list[Finding]:
    """Time until a client of /ws is notified that the daemon hangs, responds again, was killed, was restarted."""
    home = server.pm2_home
    states: list[tuple[float, str]] = []
    done = threading.Event()

    def listen() -> None:
        with connect(server.url.replace("http", "ws") + "/ws", max_size=2**24) as ws:
            ws.recv()
            ws.send(json.dumps({"type": "subscribe", "stream": "pm2:stats", "interval": 1000}))
            while not done.is_set():
                message = json.loads(ws.recv(timeout=30))
                if message["type"] == "metric":
                    states.append((time.monotonic(), message["data"]["daemon"]["state"]))

    def seconds_until(expected: str, action: Callable[[], object]) -> float:
        started_s = time.monotonic()
        action()
        while True:
            received_s = next((at_s for at_s, state in list(states) if at_s >= started_s and state == expected), None)
            if received_s is not None or time.monotonic() - started_s > 30:
                return (received_s or math.inf) - started_s
            time.sleep(0.01)

    client = threading.Thread(target=listen)
    client.start()
    time.sleep(2)
    pid = int((home / "pm2.pid").read_text())
    times_s = {
        "suspended (SIGSTOP), until notified": seconds_until("down", lambda: os.kill(pid, signal.SIGSTOP)),
        "resumed (SIGCONT), until notified": seconds_until("up", lambda: os.kill(pid, signal.SIGCONT)),
        "killed (SIGKILL), until notified": seconds_until("down", lambda: os.kill(pid, signal.SIGKILL)),
    }
    run_pm2(server, "ping")
    times_s["restarted, until notified"] = seconds_until("up", lambda: None)
    done.set()
    client.join()
    return [Finding(f"daemon {name}", f"{seconds:.2f} s", "< 3 s", seconds < 3) for name, seconds in times_s.items()]


def findings() -> list[Finding]:
    with run_server() as server:
        folder = Path(server.environment["DATA_DIR"])
        server.call("/api/pm2/start", {"framework": "node", "instances": 1})
        return many_processes(server, folder) + log_flood(server, folder) + daemon_state_changes(server)

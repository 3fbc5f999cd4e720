"""PM2 with many processes, and with one that floods its log: what it costs the server, and what others notice."""

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

from perf.finding import Finding, cpu_seconds, timed_ms
from perf.served import Served, pm2, served

MANY = 200
WINDOW_S = 20.0
FLOOD = "const text = ('x'.repeat(90) + '\\n').repeat(500); setInterval(() => process.stdout.write(text), 10);"


def heard(server: Served, streams: list[str], seconds: float, into: dict[str, list[tuple[float, Any]]]) -> None:
    """Every message of the streams, with when it came."""
    with connect(server.url.replace("http", "ws") + "/ws", max_size=2**24) as ws:
        ws.recv()
        for stream in streams:
            ws.send(json.dumps({"type": "subscribe", "stream": stream, "interval": 1000 if "stats" in stream else 250}))
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            try:
                shape = json.loads(ws.recv(timeout=left))
            except TimeoutError:
                return
            into.setdefault(f"{shape['type']} {shape.get('stream')}", []).append((time.monotonic(), shape))


def watched(server: Served, streams: list[str], seconds: float) -> tuple[dict[str, list[tuple[float, Any]]], float]:
    """What a client heard, and the CPU of the server meanwhile in percent of a core."""
    into: dict[str, list[tuple[float, Any]]] = {}
    client = threading.Thread(target=heard, args=(server, streams, seconds + 2, into))
    client.start()
    time.sleep(2)
    process = psutil.Process(server.pid)
    before = cpu_seconds(process)
    time.sleep(seconds)
    percent = 100 * (cpu_seconds(process) - before) / seconds
    client.join()
    return into, percent


def under_pm2(server: Served, *arguments: str) -> None:
    subprocess.run([*pm2(), *arguments], env=server.environment, capture_output=True, check=True)


def many_processes(server: Served, folder: Path) -> list[Finding]:
    sleeper = {"script": "/bin/sleep", "args": "100000", "interpreter": "none"}
    (folder / "many.json").write_text(json.dumps({"apps": [{"name": f"sleeper-{n}", **sleeper} for n in range(MANY)]}))
    under_pm2(server, "start", str(folder / "many.json"))
    time.sleep(3)
    session = requests.Session()
    times = []
    for _ in range(30):
        time.sleep(0.3)  # so that no answer is shared
        times.append(timed_ms(lambda: session.get(server.url + "/api/pm2/stats", timeout=10)))
    listed = session.get(server.url + "/api/pm2/stats", timeout=10).json()["counts"]["online"]
    _, percent = watched(server, ["pm2:stats"], WINDOW_S)
    under_pm2(server, "delete", "all")
    middle, name = statistics.median(times), f"{listed} processes"
    figure = f"{middle:.0f} ms median, {max(times):.0f} ms worst"
    return [
        Finding(f"{name}, GET stats", figure, "< 50 ms", middle < 50),
        Finding(f"{name}, CPU at 1 s ticks", f"{percent:.1f} % of a core", "< 5 %", percent < 5),
    ]


def a_flood(server: Served, folder: Path) -> list[Finding]:
    (folder / "flood.js").write_text(FLOOD)
    daemon = psutil.Process(int((server.pm2_home / "pm2.pid").read_text()))
    ours = psutil.Process(server.pid)
    before = [each.memory_info().rss for each in (daemon, ours)]
    under_pm2(server, "start", str(folder / "flood.js"))
    messages, percent = watched(server, ["system:metrics", "pm2:stats", "pm2:logs"], WINDOW_S)
    daemon_mb, ours_mb = (
        (each.memory_info().rss - then) / 2**20 for each, then in zip((daemon, ours), before, strict=True)
    )
    under_pm2(server, "delete", "all")
    missed = sum(shape["missed"] or 0 for _, shape in messages.get("gap pm2:logs", []))
    lines = sum(len(shape["data"]["lines"]) for _, shape in messages.get("metric pm2:logs", []))
    moments = [at for at, _ in messages.get("metric pm2:stats", [])]
    gap = max((later - earlier for earlier, later in itertools.pairwise(moments)), default=math.inf)
    rate = f"{(missed + lines) / WINDOW_S:,.0f} a second, {lines} shown, {missed} missed and told so"
    return [
        Finding("log flood, lines", rate, "counted", missed > 0),
        Finding("log flood, PM2's daemon", f"{daemon_mb:+.0f} MB in {WINDOW_S:.0f} s", "< 150 MB", daemon_mb < 150),
        Finding("log flood, server", f"{ours_mb:+.0f} MB, {percent:.0f} % of a core", "< 60 MB", ours_mb < 60),
        Finding("log flood, longest gap of pm2:stats", f"{gap:.2f} s", "< 2 s at 1 s ticks", gap < 2),
    ]


def fates(server: Served) -> list[Finding]:
    """How soon a client of /ws learns that the daemon hangs, answers again, is dead, is back."""
    home = server.pm2_home
    told: list[tuple[float, str]] = []
    ends = threading.Event()

    def listen() -> None:
        with connect(server.url.replace("http", "ws") + "/ws", max_size=2**24) as ws:
            ws.recv()
            ws.send(json.dumps({"type": "subscribe", "stream": "pm2:stats", "interval": 1000}))
            while not ends.is_set():
                shape = json.loads(ws.recv(timeout=30))
                if shape["type"] == "metric":
                    told.append((time.monotonic(), shape["data"]["daemon"]["state"]))

    def seconds_until(state: str, act: Callable[[], object]) -> float:
        begun = time.monotonic()
        act()
        while True:
            found = next((at for at, said in list(told) if at >= begun and said == state), None)
            if found is not None or time.monotonic() - begun > 30:
                return (found or math.inf) - begun
            time.sleep(0.01)

    client = threading.Thread(target=listen)
    client.start()
    time.sleep(2)
    pid = int((home / "pm2.pid").read_text())
    times = {
        "stopped (SIGSTOP) until told": seconds_until("down", lambda: os.kill(pid, signal.SIGSTOP)),
        "continued until told": seconds_until("up", lambda: os.kill(pid, signal.SIGCONT)),
        "killed (SIGKILL) until told": seconds_until("down", lambda: os.kill(pid, signal.SIGKILL)),
    }
    under_pm2(server, "ping")
    times["back until told"] = seconds_until("up", lambda: None)
    ends.set()
    client.join()
    return [Finding(f"daemon {name}", f"{seconds:.2f} s", "< 3 s", seconds < 3) for name, seconds in times.items()]


def findings() -> list[Finding]:
    with served() as server:
        folder = Path(server.environment["DATA_DIR"])
        server.call("/api/pm2/start", {"framework": "node", "instances": 1})
        return many_processes(server, folder) + a_flood(server, folder) + fates(server)

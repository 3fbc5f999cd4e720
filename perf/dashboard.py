"""Measures the dashboard in a real terminal: time to the first frame, key latency, CPU and memory.

`python -m perf dashboard`. Key latency is the time from the write to the pseudo-terminal to the read of the change; it
excludes the work of a terminal emulator.
"""

from __future__ import annotations

import fcntl
import os
import pty
import random
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from dashboard_client.tui.model import effects, events
from dashboard_client.tui.model.state import State
from dashboard_client.tui.screen import painter, theme
from dashboard_client.tui.screen.frame import Frame
from dashboard_client.tui.view.render import render
from dashboard_client.wire.host_and_pm2 import LogLine, LogLines
from perf.finding import Finding, cpu_seconds
from perf.pm2_load import FLOOD_SCRIPT, run_pm2
from perf.served import ROOT, ServerProcess, free_port, run_server
from tests.dashboard_client.tui import scenes

STARTS = 7
KEYS = 200
MEASUREMENT_S = 30.0
WARM_UP_S, HOUR_S = 1800, 3600  # until the bounded caches are full; then an hour
READ_TIMEOUT_S = 20.0
CURSOR_POSITION_QUERY = b"\x1b[6n"  # the last of blessed's queries; it waits for the response
# Letters that occur neither in the panels nor in the flood, so that only their keys can bring them to the screen.
LETTERS = b"QZXJ"


class DashboardTerminal:
    """`python -m dashboard_client` in a pseudo-terminal. `is_silent`: the terminal answers no queries."""

    def __init__(self, server: str, rows: int, columns: int, *, is_silent: bool = False, theme: str = "dark") -> None:
        self.is_silent = is_silent
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.home = tempfile.TemporaryDirectory(prefix="d", dir="/tmp")
        self.started_s = time.perf_counter()
        environment = {
            "PATH": os.environ["PATH"], "HOME": self.home.name, "TERM": "xterm-256color", "COLORTERM": "truecolor",
            "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), "API_SERVER": server,
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dashboard_client", "--theme", theme], stdin=slave, stdout=slave, stderr=slave,
            cwd=self.home.name, env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(slave)

    def read_until(self, expected: bytes, within_s: float = READ_TIMEOUT_S) -> float:
        """Reads until `expected` appears; returns the time at which it was read. Raises TimeoutError."""
        tail, deadline_s = b"", time.perf_counter() + within_s
        while (left_s := deadline_s - time.perf_counter()) > 0:
            tail = tail[-64:] + self.read(left_s)
            if expected in tail:
                return time.perf_counter()
        raise TimeoutError(f"{expected!r} did not appear within {within_s:g} s")

    def read_for(self, seconds: float) -> None:
        """Reads and discards output, so that the terminal's buffer does not fill up."""
        deadline_s = time.perf_counter() + seconds
        while (left_s := deadline_s - time.perf_counter()) > 0:
            self.read(left_s)

    def read(self, within_s: float) -> bytes:
        """The output that arrives within this time; empty if there is none."""
        if not select.select([self.master], [], [], within_s)[0]:
            return b""
        data = os.read(self.master, 65536)
        if CURSOR_POSITION_QUERY in data and not self.is_silent:
            self.press(b"\x1b[1;1R")
        return data

    def press(self, data: bytes) -> float:
        os.write(self.master, data)
        return time.perf_counter()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        self.home.cleanup()


@contextmanager
def open_dashboard(
    server: str, rows: int = 32, columns: int = 120, *, is_silent: bool = False, theme: str = "dark"
) -> Iterator[DashboardTerminal]:
    terminal = DashboardTerminal(server, rows, columns, is_silent=is_silent, theme=theme)
    try:
        yield terminal
    finally:
        with suppress(OSError):
            terminal.close()


def time_to_first_frame() -> list[Finding]:
    """From the start of the process to the complete first frame, without a server."""
    unreachable = f"http://127.0.0.1:{free_port()}"
    findings = []
    for name, is_silent, goal_ms in (("", False, 500), (", terminal answers no queries", True, 1500)):
        times_ms = []
        for _ in range(STARTS):
            with open_dashboard(unreachable, is_silent=is_silent) as terminal:
                times_ms.append(1000 * (terminal.read_until(b"quit") - terminal.started_s))
        median_ms = statistics.median(times_ms)
        figure = f"{median_ms:.0f} ms (median of {STARTS}, minimum {min(times_ms):.0f})"
        findings.append(Finding(f"first frame, server down{name}", figure, f"< {goal_ms} ms", median_ms < goal_ms))
    return findings


def key_latency_under_flood(server: ServerProcess) -> list[Finding]:
    """Letters typed into the log search while an app writes 50,000 lines/s and three streams are subscribed."""
    (server.pm2_home / "flood.js").write_text(FLOOD_SCRIPT)
    run_pm2(server, "start", str(server.pm2_home / "flood.js"))
    rng, times_ms, lost = random.Random(1), [], 0
    with open_dashboard(server.url, 45, 160) as terminal:
        terminal.read_until(b"flood")
        terminal.press(b":logs of all\r")
        terminal.read_until(b"xxxxxxxxxx")
        terminal.press(b"/")
        terminal.read_for(2)
        for number in range(KEYS):
            letter = LETTERS[number % len(LETTERS) :][:1]
            pressed_s = terminal.press(letter)
            try:
                times_ms.append(1000 * (terminal.read_until(letter, 2) - pressed_s))
            except TimeoutError:
                lost += 1
            terminal.read_for(rng.uniform(0.02, 0.12))
            if number % 40 == 39:
                terminal.press(b"\x15")  # Ctrl-U clears the line
                terminal.read_for(0.3)
    run_pm2(server, "delete", "all")
    times_ms.sort()
    p99 = times_ms[int(0.99 * len(times_ms))] if times_ms else float("inf")
    figure = f"p99 {p99:.0f} ms, p50 {statistics.median(times_ms or [0]):.0f} ms, of {len(times_ms)} keys"
    return [Finding("key to paint, 160x45, logs flood", figure, "p99 < 50 ms, none lost", p99 < 50 and not lost)]


def steady_load(server: ServerProcess) -> list[Finding]:
    """160x45 at 1 s ticks, with two processes and a moving chart."""
    server.call("/api/pm2/start", {"framework": "fastify", "instances": 2})
    with open_dashboard(server.url, 45, 160) as terminal:
        terminal.read_until(b"fastify")
        terminal.read_for(3)
        process = psutil.Process(terminal.process.pid)
        cpu_before_s = cpu_seconds(process)
        terminal.read_for(MEASUREMENT_S)
        percent = 100 * (cpu_seconds(process) - cpu_before_s) / MEASUREMENT_S
        memory_mb = process.memory_info().rss / 2**20
    server.call("/api/pm2/deleteAll", {})
    return [
        Finding("160x45 at 1 s ticks, CPU", f"{percent:.1f} % of a core", "< 2 %", percent < 2),
        Finding("  memory", f"{memory_mb:.0f} MB", "shown", True),
    ]


def memory_growth() -> list[Finding]:
    """90 minutes of ticks, metrics, logs and messages through update, render and painter, on a simulated clock."""
    state = scenes.keys(scenes.running(160, 45), "L")[0]
    styles, painted, settled_bytes = theme.sequences(256, False), None, 0
    tracemalloc.start()
    for second in range(1, WARM_UP_S + HOUR_S + 1):
        state, painted = _simulate_second(state, painted, second, styles)
        if second == WARM_UP_S:
            settled_bytes, _ = tracemalloc.get_traced_memory()
    final_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    growth_kb = (final_bytes - settled_bytes) / 1024
    figure = f"{settled_bytes / 2**20:.1f} MB after {WARM_UP_S // 60} minutes, {growth_kb:+.0f} kB an hour later"
    return [Finding("an hour of ticks, messages and logs", figure, "< 256 kB more", growth_kb < 256)]


def _simulate_second(state: State, painted: Frame | None, second: int, styles: tuple[str, ...]) -> tuple[State, Frame]:
    at_s = scenes.NOW_S + second
    lines = tuple(LogLine(f"line {second}.{number} {'x' * 60}", "fastify", 0) for number in range(20))
    state, _ = scenes.play(
        state, events.Tick(at_s, scenes.WALL),
        events.StreamData("system:metrics", scenes.host(second % 100, 3000), at_s),
        events.StreamData("pm2:stats", scenes.PM2, at_s), events.StreamData("pm2:logs", LogLines(lines), at_s),
        events.ErrorReported(f"message of second {second}"),
    )  # fmt: skip
    if second % 60 == 0:  # the user opens other screens and returns
        state, requested = scenes.keys(state, "escape", "b", "escape", "?", "escape", "L")
        call_ids = [effect.call_id for effect in requested if isinstance(effect, effects.Call)]
        state, _ = scenes.play(state, *(events.ApiFailed(call_id, "not now") for call_id in call_ids))
    frame = render(state, theme.BRAILLE)
    painter.paint(painted, frame, styles)
    return state, frame


def findings() -> list[Finding]:
    results = time_to_first_frame()
    with run_server() as server:
        Path(server.pm2_home).mkdir(exist_ok=True)
        results += steady_load(server)
        results += key_latency_under_flood(server)
    return results + memory_growth()

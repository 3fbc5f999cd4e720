"""The terminal dashboard in a real terminal: how soon it shows, how soon a key shows, what it costs all day.

`python -m perf dashboard`. A key is timed from the write into the terminal to the read of what it changes, so the work
of a terminal emulator is not in the figures.
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
from perf.pm2_load import FLOOD, under_pm2
from perf.served import ROOT, Served, free_port, served
from tests.dashboard_client.tui import scenes

STARTS = 7
KEYS = 200
WINDOW_S = 30.0
SETTLED_S, HOUR_S = 1800, 3600  # until bounded caches are full, and the hour after it
PATIENCE_S = 20.0
WHERE = b"\x1b[6n"  # the terminal is asked for its cursor; the last of blessed's questions waits for the answer
# Letters that neither the panels nor the flood show: what brings one to the screen is its key.
LETTERS = b"QZXJ"


class Pty:
    """`python -m dashboard_client` in a terminal. `is_deaf`: one that answers no question."""

    def __init__(self, server: str, rows: int, columns: int, *, is_deaf: bool = False, theme: str = "dark") -> None:
        self.is_deaf = is_deaf
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.home = tempfile.TemporaryDirectory(prefix="d", dir="/tmp")
        self.began_s = time.perf_counter()
        environment = {
            "PATH": os.environ["PATH"], "HOME": self.home.name, "TERM": "xterm-256color", "COLORTERM": "truecolor",
            "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), "API_SERVER": server,
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dashboard_client", "--theme", theme], stdin=slave, stdout=slave, stderr=slave,
            cwd=self.home.name, env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(slave)

    def read_until(self, wanted: bytes, within_s: float = PATIENCE_S) -> float:
        """When `wanted` was read. Raises TimeoutError."""
        seen, ends_s = b"", time.perf_counter() + within_s
        while (left_s := ends_s - time.perf_counter()) > 0:
            seen = seen[-64:] + self.read(left_s)
            if wanted in seen:
                return time.perf_counter()
        raise TimeoutError(f"{wanted!r} never came to the screen")

    def read_for(self, seconds: float) -> None:
        """Keep the screen from filling its pipe."""
        ends_s = time.perf_counter() + seconds
        while (left_s := ends_s - time.perf_counter()) > 0:
            self.read(left_s)

    def read(self, within_s: float) -> bytes:
        """What came within this time; empty when nothing did."""
        if not select.select([self.master], [], [], within_s)[0]:
            return b""
        data = os.read(self.master, 65536)
        if WHERE in data and not self.is_deaf:
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
def screen(
    server: str, rows: int = 32, columns: int = 120, *, is_deaf: bool = False, theme: str = "dark"
) -> Iterator[Pty]:
    made = Pty(server, rows, columns, is_deaf=is_deaf, theme=theme)
    try:
        yield made
    finally:
        with suppress(OSError):
            made.close()


def first_frames() -> list[Finding]:
    """From the start of the process to the whole first picture; nothing listens where the server should be."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    findings = []
    for name, is_deaf, goal_ms in (("", False, 500), (", a terminal that does not answer", True, 1500)):
        times_ms = []
        for _ in range(STARTS):
            with screen(nowhere, is_deaf=is_deaf) as shown:
                times_ms.append(1000 * (shown.read_until(b"quit") - shown.began_s))
        middle, least = statistics.median(times_ms), min(times_ms)
        figure = f"{middle:.0f} ms (median of {STARTS}, least {least:.0f})"
        findings.append(Finding(f"first frame, server down{name}", figure, f"< {goal_ms} ms", middle < goal_ms))
    return findings


def keys_under_flood(server: Served) -> list[Finding]:
    """Letters typed into the search of the logs, while an app writes 50,000 lines a second and three streams tick."""
    (server.pm2_home / "flood.js").write_text(FLOOD)
    under_pm2(server, "start", str(server.pm2_home / "flood.js"))
    dice, times_ms, missed = random.Random(1), [], 0
    with screen(server.url, 45, 160) as shown:
        shown.read_until(b"flood")
        shown.press(b":logs of all\r")
        shown.read_until(b"xxxxxxxxxx")
        shown.press(b"/")
        shown.read_for(2)
        for number in range(KEYS):
            letter = LETTERS[number % len(LETTERS) :][:1]
            pressed_s = shown.press(letter)
            try:
                times_ms.append(1000 * (shown.read_until(letter, 2) - pressed_s))
            except TimeoutError:
                missed += 1
            shown.read_for(dice.uniform(0.02, 0.12))
            if number % 40 == 39:
                shown.press(b"\x15")  # Ctrl-U: the line is empty again
                shown.read_for(0.3)
    under_pm2(server, "delete", "all")
    times_ms.sort()
    p99 = times_ms[int(0.99 * len(times_ms))] if times_ms else float("inf")
    figure = f"p99 {p99:.0f} ms, p50 {statistics.median(times_ms or [0]):.0f} ms, of {len(times_ms)} keys"
    return [Finding("key to paint, 160x45, logs flood", figure, "p99 < 50 ms, none lost", p99 < 50 and not missed)]


def all_day(server: Served) -> list[Finding]:
    """160x45 at 1 s ticks, with processes and a busy chart."""
    server.call("/api/pm2/start", {"framework": "fastify", "instances": 2})
    with screen(server.url, 45, 160) as shown:
        shown.read_until(b"fastify")
        shown.read_for(3)
        process = psutil.Process(shown.process.pid)
        before = cpu_seconds(process)
        shown.read_for(WINDOW_S)
        percent = 100 * (cpu_seconds(process) - before) / WINDOW_S
        memory_mb = process.memory_info().rss / 2**20
    server.call("/api/pm2/deleteAll", {})
    return [
        Finding("160x45 at 1 s ticks, CPU", f"{percent:.1f} % of a core", "< 2 %", percent < 2),
        Finding("  memory", f"{memory_mb:.0f} MB", "shown", True),
    ]


def an_hour() -> list[Finding]:
    """An hour and a half of ticks, gauges, logs and news, through update, render and painter, by a clock that runs."""
    state = scenes.keys(scenes.running(160, 45), "L")[0]
    styles, painted, settled = theme.sequences(256, False), None, 0
    tracemalloc.start()
    for second in range(1, SETTLED_S + HOUR_S + 1):
        state, painted = _second(state, painted, second, styles)
        if second == SETTLED_S:
            settled, _ = tracemalloc.get_traced_memory()
    ended, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    grown_kb = (ended - settled) / 1024
    figure = f"{settled / 2**20:.1f} MB after {SETTLED_S // 60} minutes, {grown_kb:+.0f} kB an hour later"
    return [Finding("an hour of ticks, news and logs", figure, "< 256 kB more", grown_kb < 256)]


def _second(state: State, painted: Frame | None, second: int, styles: tuple[str, ...]) -> tuple[State, Frame]:
    at_s = scenes.NOW_S + second
    lines = tuple(LogLine(f"line {second}.{number} {'x' * 60}", "fastify", 0) for number in range(20))
    state, _ = scenes.play(
        state, events.Tick(at_s, scenes.WALL), events.Metric("system:metrics", scenes.host(second % 100, 3000), at_s),
        events.Metric("pm2:stats", scenes.PM2, at_s), events.Metric("pm2:logs", LogLines(lines), at_s),
        events.ErrorReported(f"news of second {second}"),
    )  # fmt: skip
    if second % 60 == 0:  # somebody looks at something else, and comes back
        state, wanted = scenes.keys(state, "escape", "b", "escape", "?", "escape", "L")
        asked = [each.call_id for each in wanted if isinstance(each, effects.Call)]
        state, _ = scenes.play(state, *(events.ApiFailed(call_id, "not now") for call_id in asked))
    frame = render(state, theme.BRAILLE)
    painter.paint(painted, frame, styles)
    return state, frame


def findings() -> list[Finding]:
    found = first_frames()
    with served() as server:
        Path(server.pm2_home).mkdir(exist_ok=True)
        found += all_day(server)
        found += keys_under_flood(server)
    return found + an_hour()

"""Renders the screenshots of the documents: `python -m perf.screenshots [dashboard] [page]`, about three minutes.

Starts a server, six Redis nodes, two frameworks, a process that crashes, and benchmarks. `dashboard`: the dashboard in
a dark terminal of 120x32 and a light one of 80x24, cell by cell, as SVG; `page`: the page's views in Chromium, light
and dark, as PNG. Both are written into docs/ while a benchmark is running.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from itertools import groupby
from pathlib import Path

import pyte

from perf.browser.pictures import take_pictures
from perf.dashboard import DashboardTerminal, open_dashboard
from perf.pm2_load import run_pm2
from perf.served import ROOT, ServerProcess, run_server

DOCS = ROOT / "docs"
PAGE = DOCS / "page"  # only pictures that a document shows are in the repository
CELL, LINE, MARGIN, FONT = 8.43, 16.5, 12, 14
# pyte prints the body of a DCS and fails on private queries; none of them needs a response here.
UNSUPPORTED_SEQUENCES = re.compile(rb"\x1bP[^\x1b]*\x1b\\|\x1b\[[?>=]\d*(?:\$p|[ncqu])")
THEME_COLOURS = {"dark": ("#16181d", "#d7dae0"), "light": ("#ffffff", "#24292f")}
SETTLING_S = 8.0
# Ends after ten seconds, as a process does whose database is gone.
CRASHING_APP = """console.log("mailer: 3 messages are due");
setTimeout(() => { throw new Error("connect ECONNREFUSED 127.0.0.1:5432"); }, 10000);"""
NO_BREAK = "\N{NO-BREAK SPACE}"  # SVG collapses consecutive ordinary spaces


def read_screen(terminal: DashboardTerminal, rows: int, columns: int, seconds: float) -> pyte.Screen:
    """Feeds the terminal's output to an emulator for so many seconds; returns its screen."""
    emulator = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(emulator)
    deadline_s = time.monotonic() + seconds
    while (left_s := deadline_s - time.monotonic()) > 0:
        stream.feed(UNSUPPORTED_SEQUENCES.sub(b"", terminal.read(left_s)))
    return emulator


def render_svg(emulator: pyte.Screen, theme: str, title: str) -> str:
    """Text with its colours. A run of cells with equal attributes becomes one element of their exact width."""
    background, foreground = THEME_COLOURS[theme]
    width, height = emulator.columns * CELL + 2 * MARGIN, emulator.lines * LINE + 2 * MARGIN
    body = "\n".join(part for y in range(emulator.lines) for part in _render_row(emulator, y, background, foreground))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
        f' height="{height:g}" role="img"><title>{escape(title)}</title>\n'
        f'<rect width="100%" height="100%" rx="6" fill="{background}"/>\n'
        f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT}">\n'
        f"{body}\n</g></svg>\n"
    )


def _render_row(emulator: pyte.Screen, y: int, background: str, foreground: str) -> Iterator[str]:
    row = emulator.buffer[y]
    cells = [(x, row[x]) for x in range(emulator.columns) if row[x].data]
    for (fg, bg, is_bold), run in groupby(cells, lambda cell: _colours(cell[1], background, foreground)):
        cells_of_run = list(run)
        x, text = (
            MARGIN + cells_of_run[0][0] * CELL,
            "".join(char.data for _, char in cells_of_run).replace(" ", NO_BREAK),
        )
        run_width = len(cells_of_run) * CELL
        if bg != background:
            yield f'<rect x="{x:.1f}" y="{MARGIN + y * LINE:.1f}" width="{run_width:.1f}" height="{LINE}" fill="{bg}"/>'
        if text.strip():
            bold = ' font-weight="bold"' if is_bold else ""
            yield (
                f'<text x="{x:.1f}" y="{MARGIN + y * LINE + 12.8:.1f}" textLength="{run_width:.1f}"'
                f' lengthAdjust="spacingAndGlyphs" fill="{fg}"{bold}>{escape(text)}</text>'
            )


def _colours(char: pyte.screens.Char, background: str, foreground: str) -> tuple[str, str, bool]:
    fg = foreground if char.fg == "default" else f"#{char.fg}"
    bg = background if char.bg == "default" else f"#{char.bg}"
    return (bg, fg, char.bold) if char.reverse else (fg, bg, char.bold)


def prepare(server: ServerProcess) -> dict[str, object]:
    """Sets up a cluster, two frameworks, a process with exits and three finished runs, so that every panel has content.

    Returns what the paths of the page's views name.
    """
    crashing = Path(server.environment["DATA_DIR"]) / "mailer.js"
    crashing.write_text(CRASHING_APP, encoding="utf-8")
    server.call("/api/redis/setup", {"nodeCount": 6})
    server.call("/api/pm2/start", {"framework": "fastify", "instances": 2})
    server.call("/api/pm2/start", {"framework": "express", "instances": 1})
    run_pm2(server, "start", str(crashing), "--name", "mailer", "--restart-delay", "15000")
    first, _, last = (
        run_benchmark(server, {"framework": framework, "duration": 3, "trials": 3})
        for framework in ("fastify", "express", "fastify")
    )
    processes = server.call("/api/pm2/stats")["processes"]
    process = next(process["pmId"] for process in processes if process["name"] == "fastify")
    node = server.call("/api/redis/stats")["cluster"]["shards"][0]["masterPort"]
    while not (exits := server.call("/api/pm2/exits?limit=1")["exits"]):
        time.sleep(0.5)
    return {
        "process": process, "node": node, "run": last, "base": first, "new": last, "exit": exits[0]["id"],
    }  # fmt: skip


def run_benchmark(server: ServerProcess, scenario: dict[str, object]) -> str:
    """Starts a run and waits until it has ended; returns its id."""
    run_id = str(server.call("/api/benchmark/run", scenario)["benchmark"]["id"])
    while server.call(f"/api/benchmark/runs/{run_id}")["state"] in ("queued", "preflight", "warming", "running"):
        time.sleep(0.5)
    return run_id


def render_dashboard(server: ServerProcess) -> None:
    for theme, rows, columns in (("dark", 32, 120), ("light", 24, 80)):
        with open_dashboard(server.url, rows, columns, theme=theme) as terminal:
            emulator = read_screen(terminal, rows, columns, 4 * SETTLING_S if theme == "dark" else SETTLING_S)
        file = DOCS / f"dashboard-{columns}x{rows}-{theme}.svg"
        file.write_text(render_svg(emulator, theme, f"The terminal dashboard, {columns}x{rows}"), encoding="utf-8")
        print(f"{file.relative_to(ROOT)}\n" + "\n".join(emulator.display))


def main(parts: list[str]) -> int:
    if not set(parts) <= {"dashboard", "page"}:
        print("[ERROR] The parts are: dashboard, page; the default is both.", file=sys.stderr)
        return 2
    PAGE.mkdir(parents=True, exist_ok=True)
    with run_server() as server:
        try:
            subjects = prepare(server)
            if not parts or "dashboard" in parts:
                with running_benchmark(server):
                    render_dashboard(server)
            if not parts or "page" in parts:
                with running_benchmark(server) as run_id:
                    for file in take_pictures(server.url, subjects | {"active_run": run_id}, PAGE):
                        print(file.relative_to(ROOT))
        finally:
            server.call("/api/redis/clean", {"confirm": True})
            server.call("/api/pm2/deleteAll", {})
    return 0


@contextmanager
def running_benchmark(server: ServerProcess) -> Iterator[str]:
    """A run of several minutes, past its warm-up; it is cancelled at the end."""
    scenario = {"framework": "fastify", "profile": "rigorous"}
    run_id = str(server.call("/api/benchmark/run", scenario)["benchmark"]["id"])
    while (runs := server.call("/api/benchmark/runs")["runs"]) and runs[0]["phase"] != "trial":
        time.sleep(0.5)
    yield run_id
    server.call(f"/api/benchmark/runs/{run_id}/cancel", {})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

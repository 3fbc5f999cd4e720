"""Renders the screenshots of the documents: `python -m perf.screenshots`, which takes about a minute.

Starts a server, six Redis nodes, two frameworks and a benchmark, opens the dashboard in a dark terminal of 120x32 and a
light one of 80x24, and writes each screen, cell by cell, as SVG into docs/.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from html import escape
from itertools import groupby

import pyte

from perf.dashboard import DashboardTerminal, open_dashboard
from perf.served import ROOT, ServerProcess, run_server

DOCS = ROOT / "docs"
CELL, LINE, MARGIN, FONT = 8.43, 16.5, 12, 14
# pyte prints the body of a DCS and fails on private queries; none of them needs a response here.
UNSUPPORTED_SEQUENCES = re.compile(rb"\x1bP[^\x1b]*\x1b\\|\x1b\[[?>=]\d*(?:\$p|[ncqu])")
THEME_COLOURS = {"dark": ("#16181d", "#d7dae0"), "light": ("#ffffff", "#24292f")}
SETTLING_S = 8.0
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


def prepare(server: ServerProcess) -> None:
    """Sets up a cluster, two frameworks and two finished runs, so that every panel has content."""
    server.call("/api/redis/setup", {"nodeCount": 6})
    server.call("/api/pm2/start", {"framework": "fastify", "instances": 2})
    server.call("/api/pm2/start", {"framework": "express", "instances": 1})
    for framework in ("fastify", "express"):
        run_benchmark(server, {"framework": framework, "duration": 3, "trials": 2})


def run_benchmark(server: ServerProcess, scenario: dict[str, object]) -> None:
    """Starts a run and waits until it has ended."""
    run_id = server.call("/api/benchmark/run", scenario)["benchmark"]["id"]
    while server.call(f"/api/benchmark/runs/{run_id}")["state"] not in ("done", "failed"):
        time.sleep(0.5)


def main() -> int:
    DOCS.mkdir(exist_ok=True)
    with run_server() as server:
        try:
            prepare(server)
            server.call("/api/benchmark/run", {"framework": "fastify", "profile": "standard"})
            for theme, rows, columns in (("dark", 32, 120), ("light", 24, 80)):
                with open_dashboard(server.url, rows, columns, theme=theme) as terminal:
                    emulator = read_screen(terminal, rows, columns, 4 * SETTLING_S if theme == "dark" else SETTLING_S)
                file = DOCS / f"dashboard-{columns}x{rows}-{theme}.svg"
                file.write_text(
                    render_svg(emulator, theme, f"The terminal dashboard, {columns}x{rows}"), encoding="utf-8"
                )
                print(f"{file.relative_to(ROOT)}\n" + "\n".join(emulator.display))
        finally:
            server.call("/api/redis/clean", {"confirm": True})
            server.call("/api/pm2/deleteAll", {})
    return 0


if __name__ == "__main__":
    sys.exit(main())

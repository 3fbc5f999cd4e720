"""The pictures of the README, from the real thing: `python -m perf.screenshots`, which takes about a minute.

A server, six Redis nodes, two frameworks and a benchmark under way; the dashboard in a terminal of 120x32 on dark and
of 80x24 on light; what that terminal shows, cell by cell, as SVG in docs/.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from html import escape
from itertools import groupby

import pyte

from perf.dashboard import Pty, screen
from perf.served import ROOT, Served, served

DOCS = ROOT / "docs"
CELL, LINE, MARGIN, FONT = 8.43, 16.5, 12, 14
# pyte prints the body of a DCS and stumbles over private questions; none of them needs an answer here.
QUESTIONS = re.compile(rb"\x1bP[^\x1b]*\x1b\\|\x1b\[[?>=]\d*(?:\$p|[ncqu])")
GROUNDS = {"dark": ("#16181d", "#d7dae0"), "light": ("#ffffff", "#24292f")}
SETTLE_S = 8.0
NO_BREAK = "\N{NO-BREAK SPACE}"  # other spaces are drawn as one


def shown(terminal: Pty, rows: int, columns: int, seconds: float) -> pyte.Screen:
    """What an emulator shows after so many seconds."""
    emulator = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(emulator)
    ends_s = time.monotonic() + seconds
    while (left_s := ends_s - time.monotonic()) > 0:
        stream.feed(QUESTIONS.sub(b"", terminal.read(left_s)))
    return emulator


def svg(emulator: pyte.Screen, theme: str, title: str) -> str:
    """Text with its colours; a run of cells alike is one element of exactly their width."""
    ground, ink = GROUNDS[theme]
    width, height = emulator.columns * CELL + 2 * MARGIN, emulator.lines * LINE + 2 * MARGIN
    body = "\n".join(part for y in range(emulator.lines) for part in _row(emulator, y, ground, ink))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
        f' height="{height:g}" role="img"><title>{escape(title)}</title>\n'
        f'<rect width="100%" height="100%" rx="6" fill="{ground}"/>\n'
        f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT}">\n'
        f"{body}\n</g></svg>\n"
    )


def _row(emulator: pyte.Screen, y: int, ground: str, ink: str) -> Iterator[str]:
    row = emulator.buffer[y]
    cells = [(x, row[x]) for x in range(emulator.columns) if row[x].data]
    for (fg, bg, is_bold), run in groupby(cells, lambda cell: _colours(cell[1], ground, ink)):
        part = list(run)
        x, text = MARGIN + part[0][0] * CELL, "".join(char.data for _, char in part).replace(" ", NO_BREAK)
        wide = len(part) * CELL
        if bg != ground:
            yield f'<rect x="{x:.1f}" y="{MARGIN + y * LINE:.1f}" width="{wide:.1f}" height="{LINE}" fill="{bg}"/>'
        if text.strip():
            bold = ' font-weight="bold"' if is_bold else ""
            yield (
                f'<text x="{x:.1f}" y="{MARGIN + y * LINE + 12.8:.1f}" textLength="{wide:.1f}"'
                f' lengthAdjust="spacingAndGlyphs" fill="{fg}"{bold}>{escape(text)}</text>'
            )


def _colours(char: pyte.screens.Char, ground: str, ink: str) -> tuple[str, str, bool]:
    fg = ink if char.fg == "default" else f"#{char.fg}"
    bg = ground if char.bg == "default" else f"#{char.bg}"
    return (bg, fg, char.bold) if char.reverse else (fg, bg, char.bold)


def prepared(server: Served) -> None:
    """Something to look at."""
    server.call("/api/redis/setup", {"nodeCount": 6})
    server.call("/api/pm2/start", {"framework": "fastify", "instances": 2})
    server.call("/api/pm2/start", {"framework": "express", "instances": 1})
    for framework in ("fastify", "express"):
        measured(server, {"framework": framework, "duration": 3, "trials": 2})


def measured(server: Served, scenario: dict[str, object]) -> None:
    """Run it, and wait for its end."""
    run = server.call("/api/benchmark/run", scenario)["benchmark"]["id"]
    while server.call(f"/api/benchmark/runs/{run}")["state"] not in ("done", "failed"):
        time.sleep(0.5)


def main() -> int:
    DOCS.mkdir(exist_ok=True)
    with served() as server:
        try:
            prepared(server)
            server.call("/api/benchmark/run", {"framework": "fastify", "profile": "standard"})
            for theme, rows, columns in (("dark", 32, 120), ("light", 24, 80)):
                with screen(server.url, rows, columns, theme=theme) as terminal:
                    picture = shown(terminal, rows, columns, 4 * SETTLE_S if theme == "dark" else SETTLE_S)
                file = DOCS / f"dashboard-{columns}x{rows}-{theme}.svg"
                file.write_text(svg(picture, theme, f"The terminal dashboard, {columns}x{rows}"), encoding="utf-8")
                print(f"{file.relative_to(ROOT)}\n" + "\n".join(picture.display))
        finally:
            server.call("/api/redis/clean", {"confirm": True})
            server.call("/api/pm2/deleteAll", {})
    return 0


if __name__ == "__main__":
    sys.exit(main())

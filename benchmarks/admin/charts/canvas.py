"""The paper of a picture: axes with units, title and description for those who hear it, every text escaped. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.admin.charts.scale import Scale

WIDTH, HEIGHT = 560, 240
LEFT, RIGHT, TOP, BOTTOM = 58, 548, 26, 196
INK, QUIET, LINE = "var(--body-fg, currentColor)", "var(--body-quiet-color, #777)", "var(--hairline-color, #ccc)"
ACCENT, WRONG = "var(--link-fg, #447e9b)", "var(--error-fg, #ba2121)"
STYLE = "width:100%;max-width:720px;min-width:420px;height:auto;font:12px sans-serif;overflow:visible"

Ticks = Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the marks. Ticks: value and label."""

    title: str
    description: str
    x: Scale
    y: Scale
    x_ticks: Ticks
    y_ticks: Ticks
    x_label: str
    y_label: str


def text(x: float, y: float, words: str, anchor: str = "start", fill: str = QUIET) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" style="fill:{fill}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = LINE, more: str = "") -> str:
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" style="stroke:{stroke};{more}"/>'


def path(points: Sequence[tuple[float, float]], stroke: str, more: str = "") -> str:
    """A line through pixels."""
    steps = "L".join(f"{x:g} {y:g}" for x, y in points)
    return f'<path d="M{steps}" style="fill:none;stroke:{stroke};stroke-width:1.5;{more}"/>' if steps else ""


def nothing(title: str, why: str) -> str:
    """In place of a picture."""
    return f'<p class="no-picture"><b>{escape(title)}:</b> {escape(why)}</p>'


def _inside(x: float, label: str) -> tuple[float, float, str, str]:
    """Where a label below the axis goes: under its tick, or to the left of the edge that would cut it."""
    is_cut = x + 3.5 * len(label) > RIGHT + 8
    return (RIGHT + 8 if is_cut else x), BOTTOM + 17, label, "end" if is_cut else "middle"


def drawn(frame: Frame, marks: Sequence[str]) -> str:
    """The whole picture."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {HEIGHT}" style="{STYLE}">',
        f"<title>{escape(frame.title)}</title><desc>{escape(frame.description)}</desc>",
        text(8, 14, frame.y_label),
        text(RIGHT, HEIGHT - 8, frame.x_label, "end"),
    ]
    for value, label in frame.y_ticks:
        y = frame.y.at(value)
        parts += [line(LEFT, y, RIGHT, y), text(LEFT - 6, y + 4, label, "end")]
    for value, label in frame.x_ticks:
        x = frame.x.at(value)
        parts += [line(x, BOTTOM, x, BOTTOM + 4), text(*_inside(x, label))]
    return "".join([*parts, *marks, "</svg>"])

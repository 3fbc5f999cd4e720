"""SVG elements and axes of a chart, with title and description for screen readers; all text is escaped. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from system.charts.scale import Scale

WIDTH, HEIGHT = 560, 240
LEFT, RIGHT, TOP, BOTTOM = 58, 548, 26, 196
FOREGROUND, MUTED, GRID = "var(--body-fg, currentColor)", "var(--body-quiet-color, #777)", "var(--hairline-color, #ccc)"
ACCENT, ERROR = "var(--link-fg, #447e9b)", "var(--error-fg, #ba2121)"
STYLE = "width:100%;max-width:720px;min-width:420px;height:auto;font:12px sans-serif;overflow:visible"

Ticks = Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Axes:
    """Title, description and axes of a chart. Ticks: value and label."""

    title: str
    description: str
    x: Scale
    y: Scale
    x_ticks: Ticks
    y_ticks: Ticks
    x_label: str
    y_label: str


def svg_text(x: float, y: float, content: str, anchor: str = "start", fill: str = MUTED) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" style="fill:{fill}">{escape(content)}</text>'


def svg_line(x1: float, y1: float, x2: float, y2: float, stroke: str = GRID, style: str = "") -> str:
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" style="stroke:{stroke};{style}"/>'


def svg_path(points: Sequence[tuple[float, float]], stroke: str, style: str = "") -> str:
    """A line through points in pixels."""
    steps = "L".join(f"{x:g} {y:g}" for x, y in points)
    return f'<path d="M{steps}" style="fill:none;stroke:{stroke};stroke-width:1.5;{style}"/>' if steps else ""


def render_placeholder(title: str, reason: str) -> str:
    """HTML in place of a chart that cannot be drawn."""
    return f'<p class="no-picture"><b>{escape(title)}:</b> {escape(reason)}</p>'


def _x_label(x: float, label: str) -> tuple[float, float, str, str]:
    """Arguments of the text below a tick: centred, or right-aligned to the edge that would clip it."""
    is_clipped = x + 3.5 * len(label) > RIGHT + 8
    return (RIGHT + 8 if is_clipped else x), BOTTOM + 17, label, "end" if is_clipped else "middle"


def render_chart(axes: Axes, marks: Sequence[str]) -> str:
    """The chart as one SVG element."""
    elements = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {HEIGHT}" style="{STYLE}">',
        f"<title>{escape(axes.title)}</title><desc>{escape(axes.description)}</desc>",
        svg_text(8, 14, axes.y_label),
        svg_text(RIGHT, HEIGHT - 8, axes.x_label, "end"),
    ]
    for value, label in axes.y_ticks:
        y = axes.y.at(value)
        elements += [svg_line(LEFT, y, RIGHT, y), svg_text(LEFT - 6, y + 4, label, "end")]
    for value, label in axes.x_ticks:
        x = axes.x.at(value)
        elements += [svg_line(x, BOTTOM, x, BOTTOM + 4), svg_text(*_x_label(x, label))]
    return "".join([*elements, *marks, "</svg>"])

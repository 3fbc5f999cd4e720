"""Marks of what happened, as rules across a chart; those that would cover each other are one. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from system.charts.canvas import ACCENT, BOTTOM, ERROR, FOREGROUND, LEFT, MUTED, RIGHT, TOP, svg_line, svg_text
from system.charts.scale import Scale

MIN_DISTANCE = 8.0  # pixels between two rules: the width of their heads
MAX_TEXTS = 8  # of a rule's tooltip
LABEL_WIDTH = 60
# Kind → colour and style, the one that matters most first: it gives a common rule its look.
LOOKS = {
    "exit": (ERROR, ""),
    "deploy": (ACCENT, ""),
    "run": (FOREGROUND, "stroke-dasharray:4 3;"),
    "restart": (MUTED, ""),
    "server": (MUTED, "stroke-dasharray:1 3;"),
    "clock": (MUTED, "stroke-dasharray:1 3;"),
}
SEVERITY = {kind: index for index, kind in enumerate(LOOKS)}


@dataclass(frozen=True, slots=True)
class Mark:
    """`at`: unix seconds; `link`: address of its page, or empty; `label`: drawn beside the one that a page is about."""

    at: float
    kind: str
    text: str
    link: str = ""
    label: str = ""


def render_marks(marks: Sequence[Mark], x: Scale, list_link: str) -> list[str]:
    """`marks`: in the order of their times; `list_link`: where a rule of several leads."""
    rules: list[list[Mark]] = []
    for mark in marks:
        if not x.low <= mark.at <= x.high:
            continue
        if rules and x.at(mark.at) - x.at(rules[-1][0].at) < MIN_DISTANCE:
            rules[-1].append(mark)
        else:
            rules.append([mark])
    return [_render_rule(rule, x, list_link) for rule in rules]


def _render_rule(rule: Sequence[Mark], x: Scale, list_link: str) -> str:
    labelled = next((mark for mark in rule if mark.label), None)
    main = labelled or min(rule, key=lambda mark: SEVERITY.get(mark.kind, len(SEVERITY)))
    colour, style = LOOKS.get(main.kind, LOOKS["clock"])
    left = x.at(main.at)
    texts = [f"{datetime.fromtimestamp(mark.at, UTC):%Y-%m-%d %H:%M:%S} {mark.text}" for mark in rule[:MAX_TEXTS]]
    if len(rule) > MAX_TEXTS:
        texts.append(f"and {len(rule) - MAX_TEXTS} more")
    parts = [
        f"<title>{escape(chr(10).join(texts))}</title>",
        svg_line(left, TOP, left, BOTTOM, "transparent", "stroke-width:7"),  # for the pointer
        svg_line(
            left,
            TOP,
            left,
            BOTTOM,
            colour,
            f"{style}stroke-width:{2 if labelled else 1};opacity:{1 if labelled else 0.6}",
        ),
        f'<path d="M{left - 4:g} {TOP - 6}h8l-4 7z" style="fill:{colour}"/>',
    ]
    if labelled:
        is_at_edge = left + LABEL_WIDTH > RIGHT
        parts.append(svg_text(*_beside(left, is_at_edge), labelled.label, "end" if is_at_edge else "start", colour))
    link = rule[0].link if len(rule) == 1 else list_link
    content = "".join(parts)
    # The list below has the same links for the keyboard.
    return f'<a href="{escape(link)}" tabindex="-1">{content}</a>' if link else f"<g>{content}</g>"


def _beside(left: float, is_at_edge: bool) -> tuple[float, float]:
    return (max(LEFT, left - 6) if is_at_edge else left + 6), TOP + 12.0

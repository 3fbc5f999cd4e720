"""Colours for each style, dark and light, from 24-bit to none; and the glyph sets. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from dashboard_client.tui.screen.frame import ASCII, ROUND, BoxLines

WARN_PERCENT, BAD_PERCENT = 60.0, 80.0  # thresholds of the colours


class Style(IntEnum):
    """The meaning of a cell; the theme defines its look. Frames store the number."""

    PLAIN = 0
    DIM = 1
    BOLD = 2
    LINE = 3
    FOCUS = 4
    TITLE = 5
    BAR = 6
    OK = 7
    WARN = 8
    BAD = 9
    INFO = 10
    SELECTED = 11
    KEY = 12
    DANGER = 13
    CHART = 14
    CHART_2 = 15
    MATCH = 16
    ALARM = 17


@dataclass(frozen=True, slots=True)
class Look:
    """Attributes (SGR 1 bold, 2 dim, 4 underlined, 7 reversed) and a colour: (24-bit hex, index of 256, of 16)."""

    attributes: tuple[int, ...] = ()
    colour: tuple[str, int, int] | None = None


_GREY, _LINE = ("8a8f98", 245, 8), ("5c6370", 240, 8)
_CYAN, _GREEN, _AMBER, _RED = ("56b6c2", 73, 6), ("8cc265", 107, 2), ("e5b567", 179, 3), ("e8615a", 167, 1)
_BLUE, _VIOLET = ("61afef", 75, 4), ("c678dd", 176, 5)
_DARK: dict[Style, Look] = {
    Style.PLAIN: Look(),
    Style.DIM: Look((2,), _GREY),
    Style.BOLD: Look((1,)),
    Style.LINE: Look((), _LINE),
    Style.FOCUS: Look((1,), _CYAN),
    Style.TITLE: Look((1,)),
    Style.BAR: Look((7,)),
    Style.OK: Look((), _GREEN),
    Style.WARN: Look((), _AMBER),
    Style.BAD: Look((1,), _RED),
    Style.INFO: Look((), _BLUE),
    Style.SELECTED: Look((7,)),
    Style.KEY: Look((1,), _CYAN),
    Style.DANGER: Look((1, 7), _RED),
    Style.CHART: Look((), _GREEN),
    Style.CHART_2: Look((), _VIOLET),
    Style.MATCH: Look((4,), _AMBER),
    Style.ALARM: Look((1, 7), _AMBER),
}
# The same colours, dark enough for a light background.
_ON_LIGHT = {
    _GREY: ("5f6570", 241, 8), _LINE: ("9aa0a8", 247, 8), _CYAN: ("0b7285", 30, 6), _GREEN: ("2b7a0b", 28, 2),
    _AMBER: ("8a5a00", 94, 3), _RED: ("b3261e", 124, 1), _BLUE: ("1c5fb0", 25, 4), _VIOLET: ("7b2fa0", 91, 5),
}  # fmt: skip

DEPTHS = (0, 16, 256, 1 << 24)


@lru_cache(maxsize=16)
def sequences(depth: int, is_light: bool) -> tuple[str, ...]:
    """The escape sequence of each style; each resets the previous one. `depth`: one of `DEPTHS`."""
    return tuple(_sequence(_DARK[style], depth, is_light) for style in Style)


def _sequence(look: Look, depth: int, is_light: bool) -> str:
    codes = ["0", *map(str, look.attributes)]
    if look.colour and depth:
        codes.append(_colour(_ON_LIGHT[look.colour] if is_light else look.colour, depth))
    return f"\x1b[{';'.join(codes)}m"


def _colour(colour: tuple[str, int, int], depth: int) -> str:
    rgb, of_256, of_16 = colour
    if depth > 256:
        red, green, blue = (int(rgb[at : at + 2], 16) for at in (0, 2, 4))
        return f"38;2;{red};{green};{blue}"
    if depth == 256:
        return f"38;5;{of_256}"
    return str(30 + of_16 if of_16 < 8 else 82 + of_16)


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Characters to draw with. `dots`: braille charts; otherwise `blocks`, from empty to full in eighths."""

    lines: BoxLines
    up: str
    down: str
    part: str
    selected: str
    full: str
    empty: str
    blocks: str
    dots: bool
    rising: str
    falling: str
    check: str
    dot: str
    more: str
    about: str


BRAILLE = Glyphs(ROUND, "●", "✖", "◐", "▌", "█", "░", " ▁▂▃▄▅▆▇█", True, "▲", "▼", "✓", "·", "…", "±")
BLOCKS = Glyphs(ROUND, "●", "✖", "◐", "▌", "█", "░", " ▁▂▃▄▅▆▇█", False, "▲", "▼", "✓", "·", "…", "±")
PLAIN_ASCII = Glyphs(ASCII, "*", "x", "~", ">", "#", ".", " ..::--##", False, "^", "v", "v", "-", "...", "+-")


def select_glyphs(encoding: str, terminal: str, *, is_ascii: bool = False) -> Glyphs:
    """Braille, except on the Linux console (blocks) and where the output encoding is not UTF-8 (ASCII). `terminal`: the
    value of TERM."""
    if is_ascii or encoding.lower().replace("-", "") != "utf8":
        return PLAIN_ASCII
    return BLOCKS if terminal == "linux" else BRAILLE


def level_style(percent: float) -> Style:
    """The style of a utilisation."""
    return Style.BAD if percent >= BAD_PERCENT else Style.WARN if percent >= WARN_PERCENT else Style.OK

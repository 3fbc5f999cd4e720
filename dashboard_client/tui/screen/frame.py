"""A picture of the terminal: a character and a style for each cell. [pure]

A wide character stands in its first cell, and the second is empty. Styles are numbers that `theme` knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard_client.formatting.width import cells, clipped, width_of

PLAIN = 0


@dataclass(frozen=True, slots=True)
class Rect:
    """A part of the screen, in cells from its upper left corner."""

    y: int
    x: int
    height: int
    width: int

    @property
    def inner(self) -> Rect:
        """Within a box's lines."""
        return Rect(self.y + 1, self.x + 1, max(0, self.height - 2), max(0, self.width - 2))

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def right(self) -> int:
        return self.x + self.width

    def row(self, index: int) -> Rect:
        """One line of it; empty beyond its end."""
        return Rect(self.y + index, self.x, 1 if 0 <= index < self.height else 0, self.width)

    def within(self, y: int, x: int) -> bool:
        return self.y <= y < self.bottom and self.x <= x < self.right


@dataclass(frozen=True, slots=True)
class Lines:
    """The characters that a box is drawn with."""

    top_left: str
    top_right: str
    bottom_left: str
    bottom_right: str
    across: str
    down: str


ROUND = Lines("╭", "╮", "╰", "╯", "─", "│")
ASCII = Lines("+", "+", "+", "+", "-", "|")


class Frame:
    """`height` rows of `width` cells, blank at first. What is drawn outside is left out."""

    __slots__ = ("chars", "height", "styles", "width")

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.chars = [[" "] * width for _ in range(height)]
        self.styles = [[PLAIN] * width for _ in range(height)]

    @property
    def rect(self) -> Rect:
        return Rect(0, 0, self.height, self.width)

    def text(self, y: int, x: int, text: str, style: int = PLAIN, width: int | None = None) -> int:
        """Write to the right of (y, x), at most `width` cells; the column after it."""
        if not 0 <= y < self.height or x >= self.width or x < 0:
            return x
        room = self.width - x if width is None else min(width, self.width - x)
        if room <= 0:
            return x
        found = cells(text, room)
        if found:
            self._put(y, x, found, style)
        return x + len(found)

    def _put(self, y: int, x: int, found: list[str], style: int) -> None:
        chars, end = self.chars[y], x + len(found)
        if chars[x] == "" and x:  # the second half of a wide character goes: so must the first
            chars[x - 1] = " "
        if end < self.width and chars[end] == "":
            chars[end] = " "
        chars[x:end] = found
        self.styles[y][x:end] = [style] * len(found)

    def right(self, y: int, end: int, text: str, style: int = PLAIN) -> int:
        """Write so that the last cell is the one before column `end`; the first column of it."""
        found = cells(text)[: max(0, end)]
        x = end - len(found)
        if found and 0 <= y < self.height and end <= self.width:
            self._put(y, x, found, style)
        return x

    def segments(self, y: int, x: int, parts: Sequence[tuple[str, int]], width: int) -> int:
        """Texts with styles one after another, at most `width` cells together."""
        end = x + width
        for text, style in parts:
            if x >= end:
                break
            x = self.text(y, x, text, style, end - x)
        return x

    def fill(self, rect: Rect, character: str = " ", style: int = PLAIN) -> None:
        left, right = max(0, rect.x), min(self.width, rect.right)
        for y in range(max(0, rect.y), min(self.height, rect.bottom)):
            if right > left:
                self._put(y, left, [character] * (right - left), style)

    def paint(self, rect: Rect, style: int) -> None:
        """Another style for what is there."""
        left, right = max(0, rect.x), min(self.width, rect.right)
        for y in range(max(0, rect.y), min(self.height, rect.bottom)):
            self.styles[y][left:right] = [style] * max(0, right - left)

    def box(self, rect: Rect, lines: Lines, style: int) -> None:
        if rect.height < 2 or rect.width < 2:
            return
        across = lines.across * (rect.width - 2)
        self.text(rect.y, rect.x, lines.top_left + across + lines.top_right, style)
        for y in range(rect.y + 1, rect.bottom - 1):
            self.text(y, rect.x, lines.down, style)
            self.text(y, rect.right - 1, lines.down, style)
        self.text(rect.bottom - 1, rect.x, lines.bottom_left + across + lines.bottom_right, style)

    def on_line(self, y: int, rect: Rect, left: tuple[str, int], right: tuple[str, int] = ("", PLAIN)) -> None:
        """A text to the left and one to the right upon a box's line; the left one gives way."""
        room = rect.width - 4
        shown = clipped(right[0], room)
        if shown:
            self.right(y, rect.right - 2, f" {shown} ", right[1])
        room -= width_of(shown) + 3 if shown else 0
        if left[0] and room > 1:
            self.text(y, rect.x + 2, f" {clipped(left[0], room - 2)} ", left[1])

    def rows(self) -> list[str]:
        """As text, a string per row."""
        return ["".join(row) for row in self.chars]

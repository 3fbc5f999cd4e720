"""A frame: one character and one style per terminal cell. [pure]

A wide character is stored in its first cell; the second is empty. Styles are `theme.Style` values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard_client.formatting.width import cells, clipped, width_of

PLAIN = 0


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle of cells; the origin is the upper left corner of the screen."""

    y: int
    x: int
    height: int
    width: int

    @property
    def inner(self) -> Rect:
        """The area inside a box's border."""
        return Rect(self.y + 1, self.x + 1, max(0, self.height - 2), max(0, self.width - 2))

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def right(self) -> int:
        return self.x + self.width

    def row(self, index: int) -> Rect:
        """One row; empty if out of range."""
        return Rect(self.y + index, self.x, 1 if 0 <= index < self.height else 0, self.width)

    def within(self, y: int, x: int) -> bool:
        return self.y <= y < self.bottom and self.x <= x < self.right


@dataclass(frozen=True, slots=True)
class BoxLines:
    """Box-drawing characters."""

    top_left: str
    top_right: str
    bottom_left: str
    bottom_right: str
    across: str
    down: str


ROUND = BoxLines("╭", "╮", "╰", "╯", "─", "│")
ASCII = BoxLines("+", "+", "+", "+", "-", "|")


class Frame:
    """`height` rows of `width` cells, initially blank. Drawing outside is clipped."""

    __slots__ = ("chars", "height", "styles", "width")

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.chars = [[" "] * width for _ in range(height)]
        self.styles = [[PLAIN] * width for _ in range(height)]

    @property
    def rect(self) -> Rect:
        return Rect(0, 0, self.height, self.width)

    def text(self, y: int, x: int, text: str, style: int = PLAIN, width: int | None = None) -> int:
        """Write from (y, x), at most `width` cells; returns the column after the text."""
        if not 0 <= y < self.height or x >= self.width or x < 0:
            return x
        room = self.width - x if width is None else min(width, self.width - x)
        if room <= 0:
            return x
        row_cells = cells(text, room)
        if row_cells:
            self._write_cells(y, x, row_cells, style)
        return x + len(row_cells)

    def _write_cells(self, y: int, x: int, row_cells: list[str], style: int) -> None:
        chars, end = self.chars[y], x + len(row_cells)
        if chars[x] == "" and x:  # overwriting the second half of a wide character clears the first
            chars[x - 1] = " "
        if end < self.width and chars[end] == "":
            chars[end] = " "
        chars[x:end] = row_cells
        self.styles[y][x:end] = [style] * len(row_cells)

    def right(self, y: int, end: int, text: str, style: int = PLAIN) -> int:
        """Write right-aligned, ending before column `end`; returns the first column."""
        row_cells = cells(text)[: max(0, end)]
        x = end - len(row_cells)
        if row_cells and 0 <= y < self.height and end <= self.width:
            self._write_cells(y, x, row_cells, style)
        return x

    def segments(self, y: int, x: int, parts: Sequence[tuple[str, int]], width: int) -> int:
        """Write styled texts one after another, at most `width` cells in total."""
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
                self._write_cells(y, left, [character] * (right - left), style)

    def restyle(self, rect: Rect, style: int) -> None:
        """Change the style of existing cells."""
        left, right = max(0, rect.x), min(self.width, rect.right)
        for y in range(max(0, rect.y), min(self.height, rect.bottom)):
            self.styles[y][left:right] = [style] * max(0, right - left)

    def box(self, rect: Rect, lines: BoxLines, style: int) -> None:
        if rect.height < 2 or rect.width < 2:
            return
        across = lines.across * (rect.width - 2)
        self.text(rect.y, rect.x, lines.top_left + across + lines.top_right, style)
        for y in range(rect.y + 1, rect.bottom - 1):
            self.text(y, rect.x, lines.down, style)
            self.text(y, rect.right - 1, lines.down, style)
        self.text(rect.bottom - 1, rect.x, lines.bottom_left + across + lines.bottom_right, style)

    def text_on_border(self, y: int, rect: Rect, left: tuple[str, int], right: tuple[str, int] = ("", PLAIN)) -> None:
        """Write a left and a right text on a box's border; the left one is clipped first."""
        room = rect.width - 4
        right_text = clipped(right[0], room)
        if right_text:
            self.right(y, rect.right - 2, f" {right_text} ", right[1])
        room -= width_of(right_text) + 3 if right_text else 0
        if left[0] and room > 1:
            self.text(y, rect.x + 2, f" {clipped(left[0], room - 2)} ", left[1])

    def rows(self) -> list[str]:
        """The characters, one string per row."""
        return ["".join(row) for row in self.chars]

"""Lines over time out of characters: braille with two by four dots a cell, or blocks with eight heights. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from dashboard_client.tui.screen.theme import Glyphs

Points = Sequence[float | None]
# Dot of (column, row from below) within a braille cell (Unicode, block 2800).
_DOT = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))


def fitted(points: Points, columns: int) -> list[float | None]:
    """The newest at the right edge; several that fall on one column become their largest, so that peaks survive."""
    if columns <= 0:
        return []
    if len(points) <= columns:
        return [None] * (columns - len(points)) + list(points)
    share = len(points) / columns
    found: list[float | None] = []
    for column in range(columns):
        part = points[int(column * share) : max(int(column * share) + 1, int((column + 1) * share))]
        there = [value for value in part if value is not None]
        found.append(max(there) if there else None)
    return found


def line(points: Points, height: int, width: int, low: float, high: float, glyphs: Glyphs) -> list[str]:
    """`height` rows of `width` cells, the upper one first. What is missing is a gap."""
    if height <= 0 or width <= 0:
        return []
    span = max(high - low, 1e-9)
    if glyphs.dots:
        return _braille(fitted(points, 2 * width), height, width, low, span)
    return _blocks(fitted(points, width), height, low, span, glyphs.blocks)


def _braille(points: Sequence[float | None], height: int, width: int, low: float, span: float) -> list[str]:
    rows = [[0] * width for _ in range(height)]
    before: int | None = None
    top = 4 * height - 1
    for column, value in enumerate(points):
        if value is None:
            before = None
            continue
        at = max(0, min(top, round((value - low) / span * top)))
        # Joined to the one before, so that a step is a line and not two islands.
        first, last = (
            (at, at)
            if before is None or before == at
            else (min(before, at) + (before < at), max(before, at) - (before > at))
        )
        for dot in range(first, last + 1):
            rows[height - 1 - dot // 4][column // 2] |= _DOT[column % 2][dot % 4]
        before = at
    return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in rows]


def _blocks(points: Sequence[float | None], height: int, low: float, span: float, blocks: str) -> list[str]:
    steps = len(blocks) - 1
    rows = []
    for row in range(height - 1, -1, -1):
        cells = []
        for value in points:
            filled = 0 if value is None else max(1, round((value - low) / span * height * steps)) - row * steps
            cells.append(blocks[max(0, min(steps, filled))])
        rows.append("".join(cells))
    return rows


def bar(share: float, width: int, glyphs: Glyphs) -> str:
    """How much of a whole is done: `share` from 0 to 1."""
    full = round(max(0.0, min(1.0, share)) * width)
    return glyphs.full * full + glyphs.empty * (width - full)

"""Draws line charts with braille (2×4 dots per cell) or block characters (8 heights). [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from dashboard_client.tui.screen.theme import Glyphs

Points = Sequence[float | None]
Band = Sequence[tuple[float, float, float] | None]  # low, mean and high of each column, from the left
# Bit of (column, row from the bottom) in a braille cell (Unicode block 2800).
_DOT = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))


def downsampled(points: Points, columns: int) -> list[float | None]:
    """Right-aligned; points that share a column are reduced to their maximum, so peaks survive."""
    if columns <= 0:
        return []
    if len(points) <= columns:
        return [None] * (columns - len(points)) + list(points)
    share = len(points) / columns
    maxima: list[float | None] = []
    for column in range(columns):
        bucket = points[int(column * share) : max(int(column * share) + 1, int((column + 1) * share))]
        values = [value for value in bucket if value is not None]
        maxima.append(max(values) if values else None)
    return maxima


def line(points: Points, height: int, width: int, low: float, high: float, glyphs: Glyphs) -> list[str]:
    """`height` rows of `width` cells, top row first. Missing points are gaps."""
    if height <= 0 or width <= 0:
        return []
    span = max(high - low, 1e-9)
    if glyphs.dots:
        return _braille(downsampled(points, 2 * width), height, width, low, span)
    return _blocks(downsampled(points, width), height, low, span, glyphs.blocks)


def _level(value: float, low: float, span: float, top: int) -> int:
    """The row of dots, from the bottom."""
    return max(0, min(top, round((value - low) / span * top)))


def _braille(points: Sequence[float | None], height: int, width: int, low: float, span: float) -> list[str]:
    rows = _braille_dots(points, height, width, low, span)
    return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in rows]


def _braille_dots(points: Points, height: int, width: int, low: float, span: float) -> list[list[int]]:
    rows = [[0] * width for _ in range(height)]
    previous: int | None = None
    top = 4 * height - 1
    for column, value in enumerate(points):
        if value is None:
            previous = None
            continue
        level = _level(value, low, span, top)
        # Joined to the previous point, so that a step is a continuous line.
        first, last = (
            (level, level)
            if previous is None or previous == level
            else (min(previous, level) + (previous < level), max(previous, level) - (previous > level))
        )
        for dot in range(first, last + 1):
            rows[height - 1 - dot // 4][column // 2] |= _DOT[column % 2][dot % 4]
        previous = level
    return rows


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


def band(
    points: Band, height: int, width: int, low: float, high: float, glyphs: Glyphs
) -> list[list[tuple[str, bool]]]:
    """The mean as a line within the area from low to high: `height` rows of `width` cells, each with whether it is
    more than area. With blocks, the high values alone, as bars. `points`: 2 for each cell with dots, else 1."""
    span = max(high - low, 1e-9)
    if not glyphs.dots:
        rows = line([point[2] if point else None for point in points], height, width, low, high, glyphs)
        return [[(character, True) for character in row] for row in rows]
    if height <= 0 or width <= 0:
        return []
    lines = _braille_dots([point[1] if point else None for point in points], height, width, low, span)
    area = [[0] * width for _ in range(height)]
    top = 4 * height - 1
    for column, point in enumerate(points[: 2 * width]):
        if point is not None:
            for dot in range(_level(point[0], low, span, top), _level(point[2], low, span, top) + 1):
                area[height - 1 - dot // 4][column // 2] |= _DOT[column % 2][dot % 4]
    return [
        [
            (chr(0x2800 + (above | below)) if above | below else " ", bool(above) or not below)
            for above, below in zip(*pair, strict=True)
        ]
        for pair in zip(lines, area, strict=True)
    ]


def bar(share: float, width: int, glyphs: Glyphs) -> str:
    """Progress bar; `share` from 0 to 1."""
    filled = round(max(0.0, min(1.0, share)) * width)
    return glyphs.full * filled + glyphs.empty * (width - filled)

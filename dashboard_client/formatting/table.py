"""Aligns the columns of a table by cell width. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from dashboard_client.formatting.width import padded, width_of


def table(header: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """Align columns. `header`: titles; a title starting with `>` right-aligns its column."""
    titles = header.split()
    grid = [[title.lstrip(">") for title in titles], *rows]
    widths = [max(width_of(row[column]) for row in grid) for column in range(len(titles))]
    return [
        "  ".join(
            padded(cell, width, right=title.startswith(">"))
            for cell, width, title in zip(row, widths, titles, strict=True)
        ).rstrip()
        for row in grid
    ]

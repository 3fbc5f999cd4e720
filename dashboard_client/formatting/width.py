"""Measures, clips, pads and wraps text in terminal cells. [pure]

The output fills exactly the stated number of cells on any terminal: it contains no control, combining or bidirectional
characters, and no halves of wide characters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from wcwidth import wcwidth

_GAP = re.compile(" {2,}")
PLACEHOLDER = "·"  # replaces unprintable characters
# Format characters join, hide or reorder others; surrogates cannot be encoded; private use has no known width.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@lru_cache(maxsize=8192)
def _cell(character: str) -> tuple[str, ...]:
    """The cells of one character: none, one, or two with the second empty."""
    if character in "\t\u00a0":
        return (" ",)
    if unicodedata.category(character) in _UNPRINTABLE:
        return (PLACEHOLDER,)
    width = wcwidth(character)
    if width <= 0:  # combining: it would change the previous cell
        return ()
    return (character, "") if width == 2 else (character,)


def cells(text: str, limit: int | None = None) -> list[str]:
    """One entry per cell; a wide character is followed by an empty one. At most `limit`; characters are never split."""
    if text.isascii() and text.isprintable():
        return list(text if limit is None else text[:limit])
    row: list[str] = []
    for character in text:
        character_cells = _cell(character)
        if limit is not None and len(row) + len(character_cells) > limit:
            break
        row.extend(character_cells)
    return row


def width_of(text: str) -> int:
    """Width in cells."""
    return len(text) if text.isascii() and text.isprintable() else len(cells(text))


def clipped(text: str, width: int, ellipsis: str = "…") -> str:
    """Clip to `width` cells; `ellipsis` marks clipped text."""
    if width <= 0:
        return ""
    if width_of(text) <= width:
        return "".join(cells(text))
    room = width - width_of(ellipsis)
    return ellipsis[:width] if room <= 0 else "".join(cells(text, room)) + ellipsis


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Clip or pad to exactly `width` cells; `right` aligns right."""
    clipped_text = clipped(text, width)
    space = " " * (width - width_of(clipped_text))
    return space + clipped_text if right else clipped_text + space


def wrapped(text: str, width: int) -> list[str]:
    """Wrap to lines of at most `width` cells, at spaces if possible; an empty text is one empty line."""
    if width <= 0:
        return []
    lines: list[str] = []
    remaining = "".join(cells(text))
    while width_of(remaining) > width:
        head = "".join(cells(remaining, width))
        if not head:  # a wide character, but only one column
            return [*lines, clipped(remaining, width)]
        space = head.rfind(" ")
        cut = space if space > width // 3 else len(head)
        lines.append(head[:cut].rstrip())
        remaining = remaining[cut:].lstrip() if cut == space else remaining[cut:]
    return [*lines, remaining]


def wrapped_hanging(text: str, width: int) -> list[str]:
    """Like `wrapped`, but continuation lines are indented to the last column; columns are separated by 2+ spaces."""
    text = "".join(cells(text))
    prefixes = [text[: gap.end()] for gap in _GAP.finditer(text)]
    indent = next((prefix for prefix in reversed(prefixes) if width_of(prefix) <= width // 2), "")
    first, *continuation = wrapped(text[len(indent) :], width - width_of(indent)) or [""]
    return [indent + first, *(" " * width_of(indent) + line for line in continuation)]

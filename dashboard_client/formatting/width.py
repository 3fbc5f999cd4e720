"""How many cells a text takes, and what of it may be shown at all. [pure]

What comes out fills exactly the cells that it says, on any terminal: no control characters, nothing that combines with
its neighbour or turns the line around, no half of a wide character.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from wcwidth import wcwidth

_GAP = re.compile(" {2,}")
WRONG = "·"  # stands for what cannot be shown
# Format characters join, hide or turn others around; surrogates cannot be written; private use is any width.
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@lru_cache(maxsize=8192)
def _cell(character: str) -> tuple[str, ...]:
    """The cells of one character: none, one, or two of which the second is empty."""
    if character in "\t\u00a0":
        return (" ",)
    if unicodedata.category(character) in _UNSHOWN:
        return (WRONG,)
    width = wcwidth(character)
    if width <= 0:  # combining: on its own it would change the cell before it
        return ()
    return (character, "") if width == 2 else (character,)


def cells(text: str, limit: int | None = None) -> list[str]:
    """One entry per cell; after a wide character an empty one. Never more than `limit`, never half a character."""
    if text.isascii() and text.isprintable():
        return list(text if limit is None else text[:limit])
    found: list[str] = []
    for character in text:
        each = _cell(character)
        if limit is not None and len(found) + len(each) > limit:
            break
        found.extend(each)
    return found


def width_of(text: str) -> int:
    """In cells, as `cells` would show it."""
    return len(text) if text.isascii() and text.isprintable() else len(cells(text))


def clipped(text: str, width: int, more: str = "…") -> str:
    """At most `width` cells; what is cut off is marked by `more`."""
    if width <= 0:
        return ""
    if width_of(text) <= width:
        return "".join(cells(text))
    room = width - width_of(more)
    return more[:width] if room <= 0 else "".join(cells(text, room)) + more


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Exactly `width` cells, to the left or `right`."""
    shown = clipped(text, width)
    space = " " * (width - width_of(shown))
    return space + shown if right else shown + space


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, broken at spaces where there are any; an empty text is one empty line."""
    if width <= 0:
        return []
    lines: list[str] = []
    rest = "".join(cells(text))
    while width_of(rest) > width:
        head = "".join(cells(rest, width))
        if not head:  # a wide character where one column is left
            return [*lines, clipped(rest, width)]
        space = head.rfind(" ")
        cut = space if space > width // 3 else len(head)
        lines.append(head[:cut].rstrip())
        rest = rest[cut:].lstrip() if cut == space else rest[cut:]
    return [*lines, rest]


def hung(text: str, width: int) -> list[str]:
    """`wrapped`; what goes on stands under the text of its column, when two spaces or more set that off."""
    text = "".join(cells(text))
    columns = [text[: gap.end()] for gap in _GAP.finditer(text)]
    lead = next((each for each in reversed(columns) if width_of(each) <= width // 2), "")
    first, *others = wrapped(text[len(lead) :], width - width_of(lead)) or [""]
    return [lead + first, *(" " * width_of(lead) + each for each in others)]

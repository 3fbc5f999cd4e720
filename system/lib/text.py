"""Checks and escapes untrusted text, so that it can be stored and cannot control a terminal. [pure]"""

from __future__ import annotations

import unicodedata

# The inside of a character class, for regular expressions of ECMA and Python alike: what `is_printable` refuses, except
# a few invisible characters of single scripts.
UNPRINTABLE = r"\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff"


def is_encodable(text: str) -> bool:
    """False for lone surrogates, which JSON can contain and UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_printable(text: str) -> bool:
    """No control characters, no line separators, no lone surrogates, no bidirectional overrides."""
    return all(unicodedata.category(character) not in ("Cc", "Cs", "Cf", "Zl", "Zp") for character in text)


def printable(text: str) -> str:
    """Replaces control characters, line ends, bidirectional overrides and lone surrogates by escapes."""
    if is_printable(text):
        return text
    return "".join(
        character if is_printable(character) else character.encode("unicode_escape").decode() for character in text
    )


def table(rows: list[tuple[str, ...]], right: frozenset[int] = frozenset()) -> list[str]:
    """Formats rows as lines with aligned columns; those in `right` are right-aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]

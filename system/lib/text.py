"""Other people's text: what of it may be stored, and shown where it must not drive the terminal. [pure]"""

from __future__ import annotations

import unicodedata


def is_encodable(text: str) -> bool:
    """False for lone surrogates, which JSON can carry and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_printable(text: str) -> bool:
    """No control characters, no line separators, no lone surrogates, no bidirectional overrides."""
    return all(unicodedata.category(character) not in ("Cc", "Cs", "Cf", "Zl", "Zp") for character in text)


def shown(text: str) -> str:
    """The text with control characters, line ends, bidirectional overrides and lone surrogates as escapes."""
    if is_printable(text):
        return text
    return "".join(each if is_printable(each) else each.encode("unicode_escape").decode() for each in text)


def table(rows: list[tuple[str, ...]], right: frozenset[int] = frozenset()) -> list[str]:
    """Rows as lines with aligned columns; the columns in `right` are numbers."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]

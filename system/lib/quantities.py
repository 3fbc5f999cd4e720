"""Numbers and ports in sentences. [pure]"""

from __future__ import annotations

from collections.abc import Sequence


def several(number: int, noun: str) -> str:
    """`1 key`, `10,000 keys`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def ports(those: Sequence[int]) -> str:
    """`7000`, `7000 and 7004`, `7000 to 7005`, `7000, 7002, 7004`."""
    first, last = min(those), max(those)
    if len(those) > 2 and last - first == len(those) - 1:
        return f"{first} to {last}"
    return (" and " if len(those) < 3 else ", ").join(map(str, those))


def first_few(names: Sequence[str]) -> str:
    """`a, b, c …`"""
    return ", ".join(names[:3]) + " …" * (len(names) > 3)

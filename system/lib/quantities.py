"""Formats counts, port lists and lists of names for messages. [pure]"""

from __future__ import annotations

import math
from collections.abc import Sequence

MAX_DECIMALS = 12


def pluralize(count: int, noun: str) -> str:
    """`1 key`, `10,000 keys`, `2 processes`."""
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{count:,} {noun if count == 1 else plural}"


def significant(value: float, digits: int = 6, *, separator: str = ",") -> str:
    """`0.00012`, `12.3`, `1,234`, `1,000,000`: at most `digits` digits, but all of those before the point; never an
    exponent, which `:g` writes for values of seven digits and more."""
    if not math.isfinite(value):
        return str(value)
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    text = f"{value:,.{min(max(0, digits - 1 - magnitude), MAX_DECIMALS)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(",", separator)


def format_ports(ports: Sequence[int]) -> str:
    """`7000`, `7000 and 7004`, `7000 to 7005`, `7000, 7002, 7004`."""
    first, last = min(ports), max(ports)
    if len(ports) > 2 and last - first == len(ports) - 1:
        return f"{first} to {last}"
    return (" and " if len(ports) < 3 else ", ").join(map(str, ports))


def first_few(names: Sequence[str]) -> str:
    """`a, b, c …`"""
    return ", ".join(names[:3]) + " …" * (len(names) > 3)

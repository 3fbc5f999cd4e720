"""The 16384 hash slots: who gets which, which are missing, which key lies where. [pure]"""

from __future__ import annotations

import binascii
import itertools
from collections.abc import Iterable
from dataclasses import dataclass

SLOTS = 16384


@dataclass(frozen=True, slots=True, order=True)
class SlotRange:
    """From `first` to `last`, both included."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __contains__(self, slot: int) -> bool:
        return self.first <= slot <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def parse(text: str) -> SlotRange:
    """`5461-10922` or `7`, as CLUSTER NODES writes them."""
    first, _, last = text.partition("-")
    return SlotRange(int(first), int(last or first))


def text(ranges: Iterable[SlotRange]) -> str:
    """`0-5460, 10923`; empty for none."""
    return ", ".join(map(str, sorted(ranges)))


def count(ranges: Iterable[SlotRange]) -> int:
    return sum(len(each) for each in ranges)


def partition(masters: int) -> tuple[SlotRange, ...]:
    """One range per master, with the borders that `redis-cli --cluster create` draws."""
    per_master = SLOTS / masters
    ranges, first, cursor = [], 0, 0.0
    for index in range(masters):
        last = SLOTS - 1 if index == masters - 1 else int(cursor + per_master - 1 + 0.5)
        ranges.append(SlotRange(first, last))
        first, cursor = last + 1, cursor + per_master
    return tuple(ranges)


def missing(ranges: Iterable[SlotRange]) -> tuple[SlotRange, ...]:
    """The slots that are in none of `ranges`."""
    gaps, free = [], 0
    for each in sorted(ranges):
        if each.first > free:
            gaps.append(SlotRange(free, each.first - 1))
        free = max(free, each.last + 1)
    return (*gaps, SlotRange(free, SLOTS - 1)) if free < SLOTS else tuple(gaps)


def slot_of(key: str) -> int:
    """CRC16 (XMODEM) of the key, or of what stands between its first braces: Redis Cluster specification."""
    _before, brace, rest = key.partition("{")
    tag, closing, _ = rest.partition("}")
    return binascii.crc_hqx((tag if brace and closing and tag else key).encode(), 0) % SLOTS


def key_in(wanted: SlotRange, prefix: str) -> str:
    """A key that begins with `prefix` and lies in the range."""
    keys = (f"{prefix}{{{number}}}" for number in itertools.count())
    return next(key for key in keys if slot_of(key) in wanted)

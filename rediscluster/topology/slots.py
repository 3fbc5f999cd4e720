"""The 16384 hash slots: partitions them among masters, finds gaps, maps keys to slots. [pure]"""

from __future__ import annotations

import binascii
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

SLOT_COUNT = 16384
_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True, order=True)
class SlotRange:
    """`first` to `last`, inclusive."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __contains__(self, slot: int) -> bool:
        return self.first <= slot <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def parse_range(text: str) -> SlotRange:
    """Parses `5461-10922` or `7`, the notation of CLUSTER NODES. Raises ValueError."""
    match = _RANGE.fullmatch(text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
    if not first <= last < SLOT_COUNT:
        raise ValueError(f"{text!r} is not a range of slots")
    return SlotRange(first, last)


def format_ranges(ranges: Iterable[SlotRange]) -> str:
    """`0-5460, 10923`; the empty string for no ranges."""
    return ", ".join(map(str, sorted(ranges)))


def count_slots(ranges: Iterable[SlotRange]) -> int:
    return sum(map(len, ranges))


def partition(masters: int) -> tuple[SlotRange, ...]:
    """One range per master, with the same boundaries as `redis-cli --cluster create`."""
    per_master = SLOT_COUNT / masters
    ranges, first, cursor = [], 0, 0.0
    for index in range(masters):
        last = SLOT_COUNT - 1 if index == masters - 1 else int(cursor + per_master - 1 + 0.5)
        ranges.append(SlotRange(first, last))
        first, cursor = last + 1, cursor + per_master
    return tuple(ranges)


def missing_slots(ranges: Iterable[SlotRange]) -> tuple[SlotRange, ...]:
    """The slots that are in none of `ranges`."""
    gaps, free = [], 0
    for slot_range in sorted(ranges):
        if slot_range.first > free:
            gaps.append(SlotRange(free, slot_range.first - 1))
        free = max(free, slot_range.last + 1)
    return (*gaps, SlotRange(free, SLOT_COUNT - 1)) if free < SLOT_COUNT else tuple(gaps)


def key_slot(key: str) -> int:
    """CRC16 (XMODEM) of the key, or of its hash tag, the part between its first braces: Redis Cluster specification."""
    _before, brace, rest = key.partition("{")
    tag, closing, _ = rest.partition("}")
    return binascii.crc_hqx((tag if brace and closing and tag else key).encode(), 0) % SLOT_COUNT


def find_key_in(slot_range: SlotRange, prefix: str) -> str:
    """A key with this prefix whose slot is in the range."""
    keys = (f"{prefix}{{{number}}}" for number in itertools.count())
    return next(key for key in keys if key_slot(key) in slot_range)

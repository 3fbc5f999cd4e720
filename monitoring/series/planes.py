"""Packs numbers into columns of the least width, as byte planes. [pure]

Planes are all first bytes, then all second ones, …: the high bytes are mostly equal, and DEFLATE removes them.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Sequence

_HEAD = struct.Struct("<qB")  # offset that is added to each number, bytes of each number
_TYPES = {1: "B", 2: "H", 4: "I", 8: "Q"}
WIDTHS = (0, *_TYPES)  # 0: all numbers are the offset


class DamagedBlock(Exception):
    """Packed bytes are not what was stored."""


def encode(numbers: Sequence[int]) -> bytes:
    """`numbers`: from -2^61 to 2^61."""
    offset = min(numbers, default=0)
    spread = max(numbers, default=0) - offset
    width = next(size for size in WIDTHS if spread < 1 << (8 * size))
    if not width:
        return _HEAD.pack(offset, 0)
    values = array(_TYPES[width], [number - offset for number in numbers] if offset else numbers)
    if sys.byteorder == "big":
        values.byteswap()
    raw = values.tobytes()
    return b"".join([_HEAD.pack(offset, width), *(raw[plane::width] for plane in range(width))])


def decode(raw: bytes, position: int, count: int) -> tuple[list[int], int]:
    """The numbers of the column at `position`, and where it ends. Raises DamagedBlock."""
    offset, width, begin, end = _extent(raw, position, count)
    if not width:
        return [offset] * count, end
    planes = bytearray(end - begin)
    for plane in range(width):
        planes[plane::width] = raw[begin + plane * count : begin + (plane + 1) * count]
    values = array(_TYPES[width], bytes(planes))
    if sys.byteorder == "big":
        values.byteswap()
    return list(map(offset.__add__, values)) if offset else values.tolist(), end


def pick(raw: bytes, position: int, count: int, index: int) -> tuple[int, int]:
    """One of the numbers of the column at `position`, and where the column ends. Raises DamagedBlock."""
    offset, _, begin, end = _extent(raw, position, count)
    return offset + int.from_bytes(raw[begin + index : end : count], "little"), end  # 0 of no bytes


def end_of(raw: bytes, position: int, count: int) -> int:
    """Where the column at `position` ends. Raises DamagedBlock."""
    return _extent(raw, position, count)[3]


def _extent(raw: bytes, position: int, count: int) -> tuple[int, int, int, int]:
    """Offset and width of a column, where its planes begin and where they end."""
    try:
        offset, width = _HEAD.unpack_from(raw, position)
    except struct.error as error:
        raise DamagedBlock(str(error)) from error
    begin = position + _HEAD.size
    end = begin + count * width
    if width not in WIDTHS or end > len(raw):
        raise DamagedBlock("a column is cut")
    return offset, width, begin, end

"""Packs the points of one series into bytes: differences in columns of the least width, byte planes, DEFLATE. [pure]

Neighbours differ little, so most bytes of a difference are zero. Planes (all first bytes, then all second ones, …) put
these zeros together, where DEFLATE removes them: 2 to 3 bytes a point, of three values each.
"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from collections.abc import Sequence
from itertools import accumulate
from operator import add, sub

from monitoring.series.points import Columns

VERSION = 1
MAX_POINTS = 100_000  # of a block that is not damaged: 10 s for a day are 8,640
_HEAD = struct.Struct("<BI")  # version, number of points
_COLUMN = struct.Struct("<qB")  # offset that is added to each number, bytes of each number
_TYPES = {1: "B", 2: "H", 4: "I", 8: "Q"}


class DamagedBlock(Exception):
    """The bytes of a block are not what was stored."""


def encode(points: Columns) -> bytes:
    """`points`: in ascending slots."""
    parts = [_HEAD.pack(VERSION, len(points))]
    if len(points):
        parts += _encode_column(_differences(points.slots))
        parts += _encode_column(_differences(points.means))
        parts += _encode_column(list(map(sub, points.means, points.lows)))
        parts += _encode_column(list(map(sub, points.highs, points.means)))
    return zlib.compress(b"".join(parts), 6)


def decode(data: bytes) -> Columns:
    """Raises DamagedBlock."""
    try:
        raw = zlib.decompress(data)
        version, count = _HEAD.unpack_from(raw)
        if version != VERSION or count > MAX_POINTS:
            raise DamagedBlock(f"version {version}, {count} points")
        if not count:
            return Columns()
        position, decoded = _HEAD.size, []
        for _ in range(4):
            numbers, position = _decode_column(raw, position, count)
            decoded.append(numbers)
    except (zlib.error, struct.error, ValueError, OverflowError) as error:
        raise DamagedBlock(str(error)) from error
    slots, means = list(accumulate(decoded[0])), list(accumulate(decoded[1]))
    return Columns(slots, list(map(sub, means, decoded[2])), means, list(map(add, means, decoded[3])))


def _differences(numbers: Sequence[int]) -> list[int]:
    """The first number, then each one's difference from the one before."""
    return [numbers[0], *map(sub, numbers[1:], numbers[:-1])]


def _encode_column(numbers: Sequence[int]) -> list[bytes]:
    """The first number apart: as the start of a sum it may be large."""
    first, rest = numbers[0], numbers[1:]
    offset = min(rest, default=0)
    spread = max(rest, default=0) - offset
    width = next(size for size in _TYPES if spread < 1 << (8 * size))
    values = array(_TYPES[width], [number - offset for number in rest])
    if sys.byteorder == "big":
        values.byteswap()
    raw = values.tobytes()
    planes = [raw[plane::width] for plane in range(width)]
    return [struct.pack("<q", first), _COLUMN.pack(offset, width), *planes]


def _decode_column(raw: bytes, position: int, count: int) -> tuple[list[int], int]:
    (first,) = struct.unpack_from("<q", raw, position)
    offset, width = _COLUMN.unpack_from(raw, position + 8)
    position += 8 + _COLUMN.size
    length = (count - 1) * width
    if width not in _TYPES or position + length > len(raw):
        raise DamagedBlock("a column is cut")
    planes = bytearray(length)
    for plane in range(width):
        planes[plane::width] = raw[position + plane * (count - 1) : position + (plane + 1) * (count - 1)]
    values = array(_TYPES[width], bytes(planes))
    if sys.byteorder == "big":
        values.byteswap()
    return [first, *map(offset.__add__, values)], position + length

"""Packs the points of one series into bytes: differences in columns of the least width, DEFLATE. [pure]

Neighbours differ little, so most bytes of a difference are zero: 2 to 3 bytes a point, of three values each.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from itertools import accumulate
from operator import add, sub

from monitoring.series import planes
from monitoring.series.planes import DamagedBlock
from monitoring.series.points import Columns

VERSION = 1
MAX_POINTS = 100_000  # of a block that is not damaged: 10 s for a day are 8,640
LEVEL = 6  # of zlib
_HEAD = struct.Struct("<BI")  # version, number of points
_FIRST = struct.Struct("<qq")  # first slot, first mean: apart, since differences are smaller by far


def encode(points: Columns) -> bytes:
    """`points`: in ascending slots."""
    parts = [_HEAD.pack(VERSION, len(points))]
    if len(points):
        parts += [
            _FIRST.pack(points.slots[0], points.means[0]),
            planes.encode(_differences(points.slots)),
            planes.encode(_differences(points.means)),
            planes.encode(list(map(sub, points.means, points.lows))),
            planes.encode(list(map(sub, points.highs, points.means))),
        ]
    return zlib.compress(b"".join(parts), LEVEL)


def decode(data: bytes) -> Columns:
    """Raises DamagedBlock."""
    try:
        raw = zlib.decompress(data)
        version, count = _HEAD.unpack_from(raw)
        if version != VERSION or count > MAX_POINTS:
            raise DamagedBlock(f"version {version}, {count} points")
        if not count:
            return Columns()
        slot, mean = _FIRST.unpack_from(raw, _HEAD.size)
    except (zlib.error, struct.error) as error:
        raise DamagedBlock(str(error)) from error
    position, decoded = _HEAD.size + _FIRST.size, []
    for length in (count - 1, count - 1, count, count):
        numbers, position = planes.decode(raw, position, length)
        decoded.append(numbers)
    slots, means = (list(accumulate(decoded[index], initial=first)) for index, first in ((0, slot), (1, mean)))
    return Columns(slots, list(map(sub, means, decoded[2])), means, list(map(add, means, decoded[3])))


def _differences(numbers: Sequence[int]) -> list[int]:
    return list(map(sub, numbers[1:], numbers[:-1]))

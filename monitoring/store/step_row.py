"""One step of 10 s, all series together, as bytes: how it is written at first, before it is packed by series. [pure]"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from collections.abc import Iterator, Mapping
from functools import lru_cache

from monitoring.series.block import DamagedBlock

Summary = tuple[int, int, int]  # low, mean, high
MAX_SERIES = 5000  # that are recorded; each costs about 200 KB in a year
_COUNT = struct.Struct("<I")


def encode(values: Mapping[int, Summary]) -> bytes:
    """`values`: by the series's number."""
    ids = array("I", sorted(values))
    numbers = array("q", [number for series in ids for number in values[series]])
    if sys.byteorder == "big":
        ids.byteswap()
        numbers.byteswap()
    return zlib.compress(_COUNT.pack(len(ids)) + ids.tobytes() + numbers.tobytes(), 1)


def decode(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Number of the series, low, mean, high. Raises DamagedBlock."""
    raw, positions, begin = _open(data)
    try:
        numbers = array("q", raw[begin:])
    except ValueError as error:
        raise DamagedBlock(str(error)) from error
    if sys.byteorder == "big":
        numbers.byteswap()
    if len(numbers) != 3 * len(positions):
        raise DamagedBlock("a step is cut")
    return zip(positions, numbers[0::3], numbers[1::3], numbers[2::3], strict=True)


def pick(data: bytes, series: int) -> Summary | None:
    """The values of one series. Raises DamagedBlock."""
    raw, positions, begin = _open(data)
    position = positions.get(series)
    if position is None:
        return None
    try:
        low, mean, high = struct.unpack_from("<3q", raw, begin + 24 * position)
    except struct.error as error:
        raise DamagedBlock(str(error)) from error
    return low, mean, high


def _open(data: bytes) -> tuple[bytes, Mapping[int, int], int]:
    try:
        raw = zlib.decompress(data)
        (count,) = _COUNT.unpack_from(raw)
        begin = _COUNT.size + 4 * count
        return raw, _positions(raw[_COUNT.size : begin]), begin
    except (zlib.error, struct.error, ValueError) as error:
        raise DamagedBlock(str(error)) from error


@lru_cache(maxsize=32)  # steps that follow each other mostly have the same series
def _positions(ids: bytes) -> Mapping[int, int]:
    numbers = array("I", ids)
    if sys.byteorder == "big":
        numbers.byteswap()
    return {series: position for position, series in enumerate(numbers)}

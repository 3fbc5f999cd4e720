"""One step of 10 s, all series together, as bytes: how it is written at first, before it is packed by series. [pure]"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import add, sub

from monitoring.series import planes
from monitoring.series.planes import DamagedBlock

Summary = tuple[int, int, int]  # low, mean, high
MAX_SERIES = 5000  # that are recorded; each costs about 200 KB in a year
LEVEL = 1  # of zlib: a row lives for an hour
_COUNT = struct.Struct("<I")


class Row:
    """The columns of a step: the numbers of the series ascend."""

    __slots__ = ("highs", "lows", "means", "series")

    def __init__(self, series: Sequence[int], lows: list[int], means: list[int], highs: list[int]) -> None:
        self.series, self.lows, self.means, self.highs = series, lows, means, highs


def encode(values: Mapping[int, Summary]) -> bytes:
    """`values`: by the series's number."""
    series = sorted(values)
    lows, means, highs = zip(*(values[number] for number in series), strict=True) if series else ((), (), ())
    columns = (series, means, list(map(sub, means, lows)), list(map(sub, highs, means)))
    return zlib.compress(b"".join([_COUNT.pack(len(series)), *map(planes.encode, columns)]), LEVEL)


def decode(data: bytes) -> Row:
    """Raises DamagedBlock."""
    raw, count = _open(data)
    position, decoded = _COUNT.size, []
    for _ in range(4):
        numbers, position = planes.decode(raw, position, count)
        decoded.append(numbers)
    series, means, below, above = decoded
    return Row(series, list(map(sub, means, below)), means, list(map(add, means, above)))


def pick(data: bytes, series: int) -> Summary | None:
    """The values of one series. Raises DamagedBlock."""
    raw, count = _open(data)
    end = planes.end_of(raw, _COUNT.size, count)
    numbers = _numbers(raw[_COUNT.size : end], count)
    index = bisect_left(numbers, series)
    if index == count or numbers[index] != series:
        return None
    mean, end = planes.pick(raw, end, count, index)
    below, end = planes.pick(raw, end, count, index)
    above, _ = planes.pick(raw, end, count, index)
    return mean - below, mean, mean + above


def series_of(data: bytes) -> Sequence[int]:
    """The numbers of the series that have values. Raises DamagedBlock."""
    raw, count = _open(data)
    return _numbers(raw[_COUNT.size : planes.end_of(raw, _COUNT.size, count)], count)


def _open(data: bytes) -> tuple[bytes, int]:
    try:
        raw = zlib.decompress(data)
        (count,) = _COUNT.unpack_from(raw)
    except (zlib.error, struct.error) as error:
        raise DamagedBlock(str(error)) from error
    if count > MAX_SERIES:  # a column of equal numbers has no bytes that would bound it
        raise DamagedBlock(f"{count} series")
    return raw, count


@lru_cache(maxsize=32)  # steps that follow each other mostly have the same series
def _numbers(column: bytes, count: int) -> Sequence[int]:
    return planes.decode(column, 0, count)[0]
